"""`cxr-triage ledger`: who was read earlier than by arrival, and who later."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import csv_text, db_option, format_option, printable, settings_of, store_of
from daemon.cli.progress import busy


@click.command("ledger", epilog="\b\nExample: cxr-triage ledger --nights 7 --format csv > ledger.csv")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The date of the last report. [default: today]")
@click.option(
    "--nights", type=click.IntRange(1, 400), default=1, show_default=True, help="Windows of reports, up to it."
)
@format_option("table", "csv", "json")
@db_option
@click.pass_context
def command(context: click.Context, day: datetime | None, nights: int, form: str, db: str | None) -> None:
    """Say what the order did to each study that was read, against first come, first served.

    The readings stay at the instants at which they were; had the longest waiting been read at each of them, other
    studies would have been read there. Minutes and places that some gain others lose. Only studies count that somebody
    marked as read.
    """
    from daemon.ledger.document import ROW, SCHEMA, ledger_document, ledger_lines, ledger_of, ledger_rows
    from daemon.ledger.reading import readings_of
    from daemon.report.times import date_span, window_of

    settings = settings_of(context)
    now = datetime.now(UTC)
    last = day.date() if day else now.astimezone(ZoneInfo(settings.report.zone)).date()
    start, _ = window_of(last - timedelta(days=nights - 1), settings.report)
    _, end = date_span(last, settings.report, now)
    store = store_of(settings, db, create=False)
    try:
        with busy("reading the ledger"), store.read() as tx:
            ledger = ledger_of(readings_of(tx, settings.department, start, end), start, end)
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps({"schema": SCHEMA, **ledger_document(ledger)}, indent=2))
        return
    if form == "csv":
        click.echo(csv_text(ROW, ledger_rows(ledger)), nl=False)
        return
    for line in ledger_lines(ledger):
        click.echo(printable(line))
