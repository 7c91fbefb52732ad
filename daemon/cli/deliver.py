"""`cxr-triage deliver`: sends what stands in the outbox; lists it; takes an acknowledgement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of
from daemon.cli.queue import aligned

HEAD: Final = ("no.", "what", "when", "state", "sent to", "waits", "failed")


class _RunByDefault(click.Group):
    """A group that delivers where no other command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("deliver", cls=_RunByDefault, epilog="\b\nExample: cxr-triage deliver --once --db triage.db")
def command() -> None:
    """Send mail and webhooks, list what was sent, or acknowledge an urgent notice. Without a command: run."""


@command.command(
    "run",
    short_help="Send what is to be told, until told to stop.",
    epilog="\b\nExample: cxr-triage --config /etc/cxr-triage/config.toml deliver run --once",
)
@click.option("--once", is_flag=True, help="Try everything that waits, also what rests after a failed try, and end.")
@db_option
@click.pass_context
def run(context: click.Context, once: bool, db: str | None) -> int:
    """Send what stands in the outbox by mail and webhook, as [deliver] says, until SIGTERM or Ctrl-C.

    A process of its own, since the daemon has no network. Messages hold counts and a link, never a patient or a file
    name. What cannot be sent is tried again, with growing pauses, for a day; then the next report says so. With --once
    the exit code is 1 if something could not be sent.
    """
    import random
    import time

    from daemon.clock import system_clock
    from daemon.deliver.service import check, deliver, deliver_once
    from daemon.logs import set_up_logging

    settings = settings_of(context)
    check(settings)
    set_up_logging(settings.log)
    store = store_of(settings, db, create=False)
    try:
        if not once:
            deliver(settings, store, system_clock(), random.random, time.sleep)
            return 0
        tally = deliver_once(settings, store, system_clock(), random.random)
    finally:
        store.close()
    click.echo(f"{tally.sent} sent, {tally.again} to be tried again, {tally.failed} given up")
    return 1 if tally.again or tally.failed else 0


@command.command(
    "list",
    short_help="List the newest notices.",
    epilog="\b\nExample: cxr-triage deliver list --format json --db triage.db",
)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many notices.")
@format_option("table", "json")
@db_option
@click.pass_context
def list_(context: click.Context, limit: int, form: str, db: str | None) -> None:
    """List what was told outside, the newest first: to how many it was sent, and what failed. Addresses are not kept.

    Times are in the report's zone.
    """
    from daemon.deliver.standing import listing

    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        with store.read() as tx:
            document = listing(tx, limit)
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps(document, indent=2))
        return
    zone = ZoneInfo(settings.report.zone)
    for line in aligned(HEAD, [_row(notice, zone) for notice in document["notices"]]):
        click.echo(line)


@command.command(
    "acknowledge",
    short_help="Say that somebody has taken an urgent notice on.",
    epilog="\b\nExample: cxr-triage deliver acknowledge 17 --by kl",
)
@click.argument("number", type=click.IntRange(min=1, max=2**63 - 1), metavar="NUMBER")
@click.option("--by", help="Who you are.")
@db_option
@click.pass_context
def acknowledge(context: click.Context, number: int, by: str | None, db: str | None) -> None:
    """Say that somebody has taken on what notice NUMBER tells of, so that nobody else is told.

    The studies wait until they are read; reading them is an acknowledgement, too.
    """
    from daemon.deliver.acknowledge import acknowledge as note

    store = store_of(settings_of(context), db, create=False)
    try:
        with store.write() as tx:
            done = note(tx, number, by, datetime.now(UTC))
    finally:
        store.close()
    who = f" by {printable(done.acknowledged_by)}" if done.acknowledged_by else ""
    click.echo(f"notice {done.id}: acknowledged{who}")


def _row(notice: Mapping[str, Any], zone: ZoneInfo) -> tuple[str, ...]:
    states = [delivery["state"] for delivery in notice["deliveries"]]
    errors = sorted({delivery["error"] for delivery in notice["deliveries"] if delivery["error"]})
    failed = str(states.count("failed")) + (f" ({', '.join(errors)})" if errors else "")
    when = datetime.fromisoformat(notice["created_at"]).astimezone(zone)
    return (
        str(notice["notice"]),
        notice["kind"],
        f"{when:%Y-%m-%d %H:%M:%S %Z}",
        notice["state"],
        str(states.count("sent")),
        str(states.count("pending")),
        failed,
    )
