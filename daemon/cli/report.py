"""`cxr-triage report`: the report of a day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import db_option, printable, settings_of, store_of
from daemon.cli.progress import busy

FORMATS = ("html", "csv", "json", "pdf")


def _formats(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    del context, parameter
    if value is None:
        return None
    chosen = tuple(part.strip() for part in value.split(",") if part.strip())
    if not chosen or (wrong := [part for part in chosen if part not in FORMATS]):
        raise click.BadParameter(f"{', '.join(wrong) if chosen else 'nothing'} is not one of {', '.join(FORMATS)}")
    return chosen


@click.command("report", epilog="\b\nExample: cxr-triage report --out /srv/reports --format html,csv")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The date that names the report. [default: today]"
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; one below it for each date.")
@click.option(
    "--format",
    "formats",
    callback=_formats,
    help="html, csv, json, pdf, separated by commas. [default: of the settings]",
)
@click.option("--downtime", is_flag=True, help="Write only the sheet to read from while the service is down.")
@db_option
@click.pass_context
def command(
    context: click.Context,
    day: datetime | None,
    out: Path | None,
    formats: tuple[str, ...] | None,
    downtime: bool,
    db: str | None,
) -> None:
    """Write the report: the account, what was not scored and why, the queue, and how the service fared.

    The queue in it is today's, whatever the date. `watch` writes one every night by itself, and every hour the sheet
    that people read from while the service is down.
    """
    from daemon.report.making import write_downtime, write_one
    from daemon.report.times import date_span

    if downtime and (day or formats):
        raise click.UsageError("--downtime goes with neither --date nor --format: it is one sheet, of now")
    settings = settings_of(context)
    now = datetime.now(UTC)
    report_date = day.date() if day else now.astimezone(ZoneInfo(settings.report.zone)).date()
    if report_date > now.astimezone(ZoneInfo(settings.report.zone)).date():
        raise click.BadParameter(f"{report_date} is not yet", param_hint="--date")
    store = store_of(settings, db, create=False)
    try:
        span = date_span(report_date, settings.report, now)
        with busy("writing the report"):
            if downtime:
                sheet = write_downtime(settings, store, lambda: datetime.now(UTC), out=out)
                click.echo(printable(str(sheet.absolute())))
                return
            written = write_one(
                settings, store, report_date, span, None, lambda: datetime.now(UTC), out=out, formats=formats
            )
    finally:
        store.close()
    for path in written.values():
        click.echo(printable(str(path.absolute())))
