"""Makes reports: gathers, decides, writes, and keeps a row for each site and date."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from daemon.deliver.fill import announce_report
from daemon.drift.gather import keep_drift
from daemon.report.build import Report, build_report
from daemon.report.collector import collector_off
from daemon.report.gather import gather
from daemon.report.pdf import missing
from daemon.report.retention import remove_older
from daemon.report.times import date_span, window_of
from daemon.report.write import write_report, write_sheet
from daemon.settings import ReportFormat, Settings
from db import reports
from db.key_file import reader
from db.records import ReportRow
from db.store import Store


def _nobody_told(tx: Connection, report: Report, now: datetime) -> None:
    """A report that somebody asked for is in his hands."""


def write_one(
    settings: Settings,
    store: Store,
    report_date: date,
    span: tuple[datetime, datetime],
    scheduled_at: datetime | None,
    now: Callable[[], datetime],
    *,
    out: Path | None = None,
    formats: Iterable[str] | None = None,
    tell: Callable[[Connection, Report, datetime], None] = _nobody_told,
) -> dict[str, Path]:
    """Write the report of a date; one row in the store for each site and date, a second one takes its place.

    `tell` is called in the transaction of that row, so that both stay or neither.

    Returns:
        The file of each format.
    """
    chosen = [str(form) for form in formats or settings.report.formats]
    identity = reader(store, settings.store.identifiers)
    with collector_off():
        with store.read() as tx:
            inputs = gather(tx, settings, report_date, span, scheduled_at, now(), identity)
        report = build_report(inputs)
        written = write_report(report, out or settings.report.folder, chosen)
    row = ReportRow(
        site=settings.report.site,
        report_date=report_date,
        window_start=span[0],
        window_end=span[1],
        scheduled_at=scheduled_at,
        written_at=inputs.written_at,
        folder=str(next(iter(written.values())).parent.absolute()) if written else None,
        formats=",".join(chosen),
        figures=json.dumps(dict(report.figures)) if scheduled_at is not None else None,
    )
    with store.write() as tx:
        reports.upsert(tx, row)
        keep_drift(tx, inputs.drift)
        tell(tx, report, inputs.written_at)
    return written


def write_downtime(settings: Settings, store: Store, now: Callable[[], datetime], *, out: Path | None = None) -> Path:
    """Write the downtime sheet as the queue is now; no report is written, and no row kept."""
    moment = now()
    day = moment.astimezone(ZoneInfo(settings.report.zone)).date()
    identity = reader(store, settings.store.identifiers)
    with collector_off():
        with store.read() as tx:
            inputs = gather(tx, settings, day, date_span(day, settings.report, moment), None, moment, identity)
        return write_sheet(build_report(inputs), out or settings.report.folder)


def write_nightly(
    settings: Settings, store: Store, report_date: date, scheduled_at: datetime, now: Callable[[], datetime]
) -> dict[str, Path]:
    """Write the report of a date as the schedule asks for it, and put into the outbox that it is written.

    Without a PDF where what makes it is missing. Reports that are older than the site keeps them go first, so that the
    index does not list them.
    """
    formats = [form for form in settings.report.formats if form is not ReportFormat.PDF or missing() is None]
    span = window_of(report_date, settings.report)
    remove_older(settings.report.folder, report_date - timedelta(days=settings.report.keep_days))

    def tell(tx: Connection, report: Report, at: datetime) -> None:
        announce_report(tx, settings.deliver, report, at)

    return write_one(settings, store, report_date, span, scheduled_at, now, formats=formats, tell=tell)
