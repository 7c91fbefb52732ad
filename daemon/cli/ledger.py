"""`cxr-triage ledger`: who gained and who lost against first come, first served."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import csv_text, db_option, format_option, moment, printable, settings_of, store_of
from daemon.cli.progress import busy

if TYPE_CHECKING:
    from daemon.settings import Settings


@click.command("ledger", epilog="\b\nExample: cxr-triage ledger --since 2026-11-01 --until 2026-11-08 --format csv")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Of a report: its window. [default: today]")
@click.option("--since", metavar="TIME", help="Studies read from then on, instead of a report's window.")
@click.option("--until", metavar="TIME", help="And before that time. [default: now]")
@format_option("text", "json", "csv")
@db_option
@click.pass_context
def command(
    context: click.Context, day: datetime | None, since: str | None, until: str | None, form: str, db: str | None
) -> None:
    """Say who gained and who lost places and minutes against first come, first served.

    Each study that was first read in the window is held against what it would have been if the same moments of reading
    had gone to the studies by their arrival. Minutes are of the clock; what is gained in all is lost in all. Studies
    with one read time share a place. A blind study is counted as such, never in a band.
    """
    from daemon.ledger.document import ROW, ledger_document, ledger_lines, ledger_rows
    from daemon.ledger.gather import ledger_of

    settings = settings_of(context)
    now = datetime.now(UTC)
    start, end = _span(settings, day, since, until, now)
    store = store_of(settings, db, create=False)
    try:
        with busy("comparing places"), store.read() as tx:
            ledger = ledger_of(tx, settings.department, start, end)
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps(ledger_document(ledger, now), indent=2))
    elif form == "csv":
        click.echo(csv_text(ROW, ledger_rows(ledger_document(ledger, now))), nl=False)
    else:
        for line in ledger_lines(ledger, ZoneInfo(settings.report.zone)):
            click.echo(printable(line))


def _span(
    settings: Settings, day: datetime | None, since: str | None, until: str | None, now: datetime
) -> tuple[datetime, datetime]:
    """The window that was asked for.

    Raises:
        BadParameter: there is none such.
    """
    from daemon.report.gather import date_span

    zone = ZoneInfo(settings.report.zone)
    if since is None:
        if until is not None:
            raise click.BadParameter("say from when with --since", param_hint="--until")
        wanted = day.date() if day else now.astimezone(zone).date()
        if wanted > now.astimezone(zone).date():
            raise click.BadParameter(f"{wanted} is not yet", param_hint="--date")
        return date_span(wanted, settings.report, now)
    if day is not None:
        raise click.BadParameter("give a date or a span, not both", param_hint="--date")
    start = moment(since, zone, "--since")
    end = now if until is None else moment(until, zone, "--until")
    if end <= start:
        raise click.BadParameter("it must be after --since", param_hint="--until")
    return start, end
