"""`cxr-triage history`: what became of a film, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of


@click.command(
    "history", epilog="\b\nExample: cxr-triage history /srv/incoming/ward3/film.dcm, or: cxr-triage history 4711"
)
@click.argument("film", metavar="PATH|ARRIVAL")
@format_option("text", "json")
@db_option
@click.pass_context
def command(context: click.Context, film: str, form: str, db: str | None) -> None:
    """Tell a film's whole way: when it arrived, every step with its reason, its score, who read it, when it went.

    FILM is the path of an image, also of one that is gone, or an arrival's number as the service's log shows it. Every
    content that the path ever held is told. Times are in the report's zone.
    """
    from daemon.acceptance.asked import in_force
    from daemon.errors import DaemonError
    from daemon.followup.naming import places_of
    from daemon.followup.way import way_of

    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        with store.read() as tx:
            places = places_of(tx, film)
            if not places:
                cause = "nothing of that name was seen"
                raise DaemonError("tell the way of", film, cause, "give a path, or an arrival's number from the log")
            zone, stands = ZoneInfo(settings.report.zone), in_force(tx, datetime.now(UTC))
            document = way_of(tx, places, settings.prevalence.site, stands, zone)
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps(document, indent=2))
        return
    for told in document["films"]:
        click.echo(printable(told["path"]))
        for generation in told["generations"]:
            for line in _lines(generation, zone):
                click.echo(f"  {printable(line)}")


def _lines(told: Mapping[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """One content: what it is, then its steps."""
    yield f"content {told['generation']}, arrival {told['arrival']}: {told['state']}"
    for name, value in _facts(told, zone):
        yield f"  {name:<14}{value}"
    yield "  way"
    for line in told["history"]:
        step = f"{line['from'] or '':<10} -> {line['to']:<10}"
        yield f"    {_time(line['at'], zone)}  {step}  {line['reason']}"


def _facts(told: Mapping[str, Any], zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    yield "arrived", _time(told["arrived_at"], zone) + (", backlog" if told["backlog"] else "")
    yield "study", told["study"] or "none yet"
    content = f"sha256 {told['sha256'][:12]}, " if told["sha256"] else ""
    yield "content", f"{content}{told['bytes']} bytes"
    if result := told["result"]:
        probability = (
            ""
            if result["probability"] is None
            else f"probability {result['probability']:.3f} at a prevalence of {100 * result['prevalence']:.3g} %, "
        )
        model = f"{result['bundle'] or 'unknown bundle'} ({result['model_sha256'][:12]})"
        unlike = "" if result["unlikeness"] is None else f", unlikeness {result['unlikeness']:.1f}"
        score = "blind, not shown until there is a verdict" if result["blind"] else f"logit {result['logit']:.3f}"
        accepted = {None: "", True: ", accepted at this site", False: ", not accepted at this site"}[result["accepted"]]
        yield "result", f"{probability}{score}{unlike}, by {model}{accepted}"
    if told["code"]:
        yield "reason", f"{told['message'] or 'none was kept'} ({told['code']})"
    if original := told["duplicate_of"]:
        yield "duplicate of", f"arrival {original['arrival']}, {original['path'] or 'which is gone'}"
    if told["superseded_by"] is not None:
        yield "superseded by", f"arrival {told['superseded_by']}"
    if note := told["withdrawn"]:
        yield "withdrawn", f"{_time(note['at'], zone)}, by the note that is arrival {note['note']}: {note['reason']}"
    if told["not_before"]:
        yield "tried again", f"not before {_time(told['not_before'], zone)}"
    if told["removed_at"]:
        yield "removed", _time(told["removed_at"], zone)
    for read in told["reads"]:
        yield "read", f"{_time(read['read_at'], zone)} ({read['source']}{', ' + read['by'] if read['by'] else ''})"
    last = len(told["verdicts"])
    for number, said in enumerate(told["verdicts"], 1):
        words = said["verdict"] + (" (revised)" if number < last else "") + (f", {said['by']}" if said["by"] else "")
        yield "verdict", f"{_time(said['at'], zone)}  {words}" + (f": {said['note']}" if said["note"] else "")


def _time(text: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
