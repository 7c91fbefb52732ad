"""Writes the report every night, through APScheduler, and missed ones, the newest first, once the daemon runs again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from daemon.clock import Clock
from daemon.report.making import write_downtime, write_nightly
from daemon.report.pdf import missing
from daemon.report.times import scheduled_at
from daemon.settings import ReportFormat, ReportSettings, Settings
from db import reports, roots
from db.store import Store

LOG: Final = logging.getLogger("cxr_triage.report")
RETRY: Final = timedelta(minutes=5)
LOOK: Final = timedelta(minutes=1)
MISSED: Final = 30  # dates that are made up for; what is older nobody reads


def latest_due(now: datetime, settings: ReportSettings) -> date:
    """The newest date whose report is due."""
    today = now.astimezone(ZoneInfo(settings.zone)).date()
    return today if scheduled_at(today, settings) <= now else today - timedelta(days=1)


def next_due(now: datetime, settings: ReportSettings) -> datetime:
    """When the next report is due, in UTC; later than now."""
    return scheduled_at(latest_due(now, settings) + timedelta(days=1), settings)


def report_to_write(store: Store, settings: ReportSettings, now: datetime) -> date | None:
    """The newest date whose report is due and not written; none that was due before the first folder was watched.

    A missed one is written late, by what is known now: its window is its own, its queue is that of the moment, and it
    says how late it is. So each date has its row, and nobody takes a missing folder for a night without films.

    Raises:
        StoreError: the store cannot be read.
    """
    with store.read() as tx:
        watched = [root.added_at for root in roots.roots(tx)]
        latest = latest_due(now, settings)
        for report_date in (latest - timedelta(days=back) for back in range(MISSED)):
            if not watched or min(watched) > scheduled_at(report_date, settings):
                return None
            if reports.find(tx, settings.site, report_date) is None:
                return report_date
    return None


@contextmanager
def nightly_reports(settings: Settings, store: Store, clock: Clock) -> Iterator[None]:
    """Look every minute, while the daemon runs, whether a report or a downtime sheet is due.

    Whatever goes wrong, there is a next look.

    One report a look: a daemon that is told to stop waits for no second one.

    The job never plans itself: APScheduler holds its lock while it waits for a running job to end, and a job that asked
    for that lock then would hang the daemon for ever.
    """
    not_before = sheet_due = clock.now()
    if ReportFormat.PDF in settings.report.formats and (reason := missing()) is not None:
        LOG.warning("reports without a PDF", extra={"cause": reason.cause, "remedy": reason.remedy})

    def run() -> None:
        nonlocal not_before, sheet_due
        if clock.now() < not_before:
            return
        try:
            if (report_date := report_to_write(store, settings.report, clock.now())) is not None:
                write_nightly(settings, store, report_date, scheduled_at(report_date, settings.report), clock.now)
                LOG.info("report written", extra={"report_date": report_date.isoformat()})
            if clock.now() >= sheet_due:
                write_downtime(settings, store, clock.now)
                sheet_due = clock.now() + timedelta(minutes=settings.report.downtime_minutes)
        except Exception:  # the log line names its kind only: an error's text may hold a path
            LOG.exception("report not written, to be tried again")
            not_before = clock.now() + RETRY

    scheduler = BackgroundScheduler(timezone=UTC)
    # The first look at once: a report may have been missed while the daemon was down. A grace of None: APScheduler's
    # default of one second drops a job that comes late.
    scheduler.add_job(
        run,
        IntervalTrigger(seconds=LOOK.total_seconds()),
        next_run_time=clock.now(),
        coalesce=True,
        misfire_grace_time=None,
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)
