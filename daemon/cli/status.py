"""`cxr-triage status`: whether the daemon runs and what it sees."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of
from daemon.cli.queue import aligned

HEAD: Final = ("root", "state", "noticed by", "last looked at", "blind in 24 h", "canary", "folder")
NOTICED: Final = {"events": "events", "polled": "polling", "nobody": "nobody"}
WRONG: Final = {
    "daemon-died": "the daemon died; its last sign of life was at {since}: start it again",
    "daemon-silent": "the daemon gives no sign of life since {since}: see its log",
    "refit-lapsed": "films of {path} are judged by the bundle's own points again since {since}: the acceptance "
    "lapsed; run `cxr-triage accept` anew, or revoke it",
    "refit-other-bundle": "films of {path} are judged by the bundle's own points again: those that this site refitted "
    "were of another bundle; run `cxr-triage accept` anew, or revoke it",
    "refit-damaged": "films of {path} are judged by the bundle's own points: those that this site refitted cannot be "
    "read; run `cxr-triage accept` anew, or revoke it",
    "root-away": "{path} cannot be seen since {since}",
    "root-replaced": "{path} is not the folder it was, since {since}",
    "root-read-only": "{path} is read-only",
    "delivery-failed": "messages could not be delivered since {since}",
    "delivery-late": "messages wait to be sent since {since}: see that `cxr-triage deliver` runs, and its log",
    "canary-overdue": "the canary of {path} is overdue, it last changed at {since}: see that what rewrites it runs, "
    "and that its writes come here",
}


@click.command("status", epilog="\b\nExample: cxr-triage status --format json")
@click.option("--all", "everything", is_flag=True, help="Also roots that were retired.")
@format_option("table", "json")
@db_option
@click.pass_context
def command(context: click.Context, everything: bool, form: str, db: str | None) -> int:
    """Say whether a daemon runs on this database, how each root is looked after, and what is pending.

    Exit code 1 if the daemon stopped without saying so or gives no sign of life, a root cannot be seen, was replaced or
    is read-only, a canary is overdue, messages do not get out, or points that this site refitted are no longer
    applied. Times are in the report's zone.
    """
    from daemon.health import status_of

    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        with store.read() as tx:
            document = status_of(tx, store, datetime.now(UTC), ZoneInfo(settings.report.zone))
    finally:
        store.close()
    if not everything:
        document["roots"] = [root for root in document["roots"] if root["retired_at"] is None]
    if form == "json":
        click.echo(json.dumps(document, indent=2))
    else:
        for line in table(document, ZoneInfo(settings.report.zone)):
            click.echo(line)
    return 0 if document["well"] else 1


def table(document: Mapping[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """The document as lines for a terminal."""
    daemon = document["daemon"]
    yield f"daemon    {daemon['state']}" + (f", {daemon['kind']} (pid {daemon['pid']})" if daemon["pid"] else "")
    yield f"model     {document['bundle'] or 'nothing scored yet'}"
    yield f"          {printable(document['acceptance']['sentence'])}"
    yield f"pending   {_pending(document, zone)}"
    if document["tried_again"]:
        yield f"          {document['tried_again']} to be tried again, from {_time(document['tried_again_at'], zone)}"
    yield f"database  {printable(document['database'])}, schema {document['schema']}"
    yield f"disk      {document['disk_free_mib']} MiB free"
    if out := _outbox(document["deliver"], zone):
        yield f"messages  {out}"
    if document["roots"]:
        yield ""
        yield from aligned(HEAD, [_row(root, zone) for root in document["roots"]])
    changed = [root for root in document["roots"] if root["drift"] and root["drift"]["standing"] == "changed"]
    if document["problems"] or changed:
        yield ""
    for root in changed:
        yield f"films     {printable(root['path'])}: {root['drift']['lines'][0]} See `cxr-triage drift`"
    for problem in document["problems"]:
        path, since = printable(problem["path"] or ""), _time(problem["since"], zone)
        message = f": {printable(problem['message'])}" if problem["message"] else ""
        yield f"problem   {WRONG[problem['kind']].format(path=path, since=since)}{message}"


def _pending(document: Mapping[str, Any], zone: ZoneInfo) -> str:
    if not document["pending"]:
        return "0"
    states = [f"{count} {state}" for state, count in document["pending_by_state"].items() if count]
    return f"{document['pending']} ({', '.join(states)}), the oldest since {_time(document['oldest_pending_at'], zone)}"


def _outbox(outbox: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Nothing where nothing was ever to be told."""
    sent = [f"last by {channel} at {_time(at, zone)}" for channel, at in outbox["last_sent_at"].items() if at]
    if not (sent or outbox["pending"] or outbox["failed"]):
        return ""
    waits = f"{outbox['pending']} to be sent"
    failed = [f"{outbox['failed']} given up in 2 days"] if outbox["failed"] else []
    return ", ".join([waits, *failed, *sent])


def _row(root: Mapping[str, Any], zone: ZoneInfo) -> tuple[str, ...]:
    return (
        str(root["id"]),
        "retired" if root["retired_at"] else root["state"],
        NOTICED[root["watching"]],
        _time(root["rescanned_at"], zone),
        f"{root['blind_minutes']:g} min" + (", still" if root["blind_since"] else ""),
        _canary(root["canary"], zone),
        printable(root["path"]),
    )


def _canary(canary: Mapping[str, Any] | None, zone: ZoneInfo) -> str:
    if canary is None:
        return "none"
    return ("overdue, " if canary["overdue"] else "") + _time(canary["seen_at"], zone)


def _time(text: str | None, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if text else "never"
