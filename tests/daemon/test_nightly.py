"""When a report is due, and that it is written once."""

from __future__ import annotations

import datetime as dt
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clock import system_clock
from daemon.nightly import latest_due, next_due, nightly_reports, report_to_write, scheduled_at
from daemon.report.making import write_nightly
from daemon.settings import ReportSettings, Settings, StoreSettings
from db import reports, roots
from db.store import Store, open_store

VIENNA = ZoneInfo("Europe/Vienna")


def at(hour: int, minute: int = 0, zone: str = "Europe/Vienna") -> ReportSettings:
    return ReportSettings(time=dt.time(hour, minute), zone=zone)


@pytest.mark.parametrize(
    ("day", "hour", "minute", "utc"),
    [
        ("2026-01-10", 6, 0, "2026-01-10T05:00"),
        ("2026-07-10", 6, 0, "2026-07-10T04:00"),
        ("2026-03-29", 1, 59, "2026-03-29T00:59"),  # the last minute of winter time
        ("2026-03-29", 2, 30, "2026-03-29T01:30"),  # skipped: taken as if the clock had not been put on
        ("2026-03-29", 3, 0, "2026-03-29T01:00"),
        ("2026-03-29", 6, 0, "2026-03-29T04:00"),
        ("2026-10-25", 2, 30, "2026-10-25T00:30"),  # twice: taken the first time
        ("2026-10-25", 3, 0, "2026-10-25T02:00"),
        ("2026-10-25", 6, 0, "2026-10-25T05:00"),
    ],
)
def test_a_report_is_due_by_the_clock_on_the_wall(day: str, hour: int, minute: int, utc: str) -> None:
    """Through both clock changes of Vienna; a skipped and a repeated time are one moment each."""
    assert scheduled_at(date.fromisoformat(day), at(hour, minute)) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("change", [date(2026, 3, 29), date(2026, 10, 25)])
@pytest.mark.parametrize(("hour", "minute"), [(0, 0), (1, 30), (2, 0), (2, 30), (3, 0), (6, 0), (23, 59)])
def test_across_a_clock_change_each_night_has_one_report(change: date, hour: int, minute: int) -> None:
    """Walking through the days minute by minute, each date becomes due once, in order."""
    settings = at(hour, minute)
    now = datetime.combine(change - timedelta(days=2), dt.time(), VIENNA).astimezone(UTC)
    due = []
    for _ in range(4 * 24 * 12):
        now += timedelta(minutes=5)
        latest = latest_due(now, settings)
        if not due or due[-1] != latest:
            due.append(latest)
    assert due == [due[0] + timedelta(days=number) for number in range(len(due))]
    assert change in due


@given(
    now=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    time=st.times(),
    zone=st.sampled_from(["UTC", "Europe/Vienna", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_the_latest_is_over_and_the_next_is_to_come(now: datetime, time: dt.time, zone: str) -> None:
    """At any moment, in any zone: latest <= now < next, and there is no date between the two."""
    settings = ReportSettings(time=time, zone=zone)
    latest = latest_due(now, settings)
    assert scheduled_at(latest, settings) <= now < next_due(now, settings)
    assert scheduled_at(latest + timedelta(days=1), settings) == next_due(now, settings)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "triage.db"), create=True) as store:
        yield store


def settings_in(folder: Path) -> Settings:
    return Settings(
        store=StoreSettings(url=str(folder / "triage.db")),
        report=ReportSettings(folder=folder / "reports", zone="Europe/Vienna"),
    )


def watch_since(store: Store, folder: Path, moment: datetime) -> None:
    (folder / "incoming").mkdir(exist_ok=True)
    with store.write() as tx:
        roots.ensure_root(tx, str(folder / "incoming"), moment)


def catch_up(store: Store, settings: Settings, now: datetime) -> list[date]:
    """What the daemon does look by look; the dates in the order in which they were written."""
    written = []
    while (missed := report_to_write(store, settings.report, now)) is not None:
        write_nightly(settings, store, missed, scheduled_at(missed, settings.report), lambda: now)
        written.append(missed)
    return written


@pytest.mark.parametrize("change", [date(2026, 3, 29), date(2026, 10, 25)])
def test_three_missed_nights_across_a_clock_change_give_one_report_each(
    store: Store, tmp_path: Path, change: date
) -> None:
    """The newest first, each with a row, a folder and a window of its own; together they leave out no hour."""
    settings = settings_in(tmp_path)
    now = datetime.combine(change + timedelta(days=1), dt.time(12), VIENNA).astimezone(UTC)
    watch_since(store, tmp_path, now - timedelta(days=9))
    before = change - timedelta(days=2)
    write_nightly(settings, store, before, scheduled_at(before, settings.report), lambda: now - timedelta(days=3))
    with store.write() as tx:  # nothing older is missing
        for back in range(1, 9):
            day = before - timedelta(days=back)
            (row,) = reports.last(tx, 1)
            reports.upsert(tx, replace(row, report_date=day))
    days = [change + timedelta(days=1), change, change - timedelta(days=1)]
    assert catch_up(store, settings, now) == days
    assert catch_up(store, settings, now) == []
    with store.read() as tx:
        rows = reports.last(tx, 4)
    assert [row.report_date for row in rows] == [*days, before]
    assert [newer.window_start for newer in rows[:-1]] == [older.window_end for older in rows[1:]]
    hours = 23 if change.month == 3 else 25
    assert [(row.window_end - row.window_start) / timedelta(hours=1) for row in rows] == [24, hours, 24, 24]
    assert [row.written_at for row in rows[:3]] == [now] * 3
    assert sorted(path.name for path in (tmp_path / "reports").glob("2026-*")) == sorted(
        day.isoformat() for day in [*days, before]
    )
    assert catch_up(store, settings, now + timedelta(days=1)) == [days[0] + timedelta(days=1)]


def test_missed_nights_are_made_up_for_as_far_back_as_somebody_may_read_them(store: Store, tmp_path: Path) -> None:
    """A daemon that was down for a year writes thirty reports."""
    settings = settings_in(tmp_path)
    now = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
    watch_since(store, tmp_path, now - timedelta(days=365))
    assert catch_up(store, settings, now) == [date(2026, 3, 30) - timedelta(days=back) for back in range(30)]


DIES: str = """
import os, signal, sys
from datetime import date, datetime, timedelta, UTC
from pathlib import Path
from daemon.report.making import write_nightly
from daemon.report.times import scheduled_at
from daemon.settings import ReportSettings, Settings, StoreSettings
from db.store import open_store

folder, left = Path(sys.argv[1]), int(sys.argv[2])
force = os.fsync

def die(handle):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    force(handle)

settings = Settings(
    store=StoreSettings(url=str(folder / "triage.db")),
    report=ReportSettings(folder=folder / "reports", zone="Europe/Vienna"),
)
with open_store(settings.store.url, create=False) as store:
    os.fsync = die
    day = date(2026, 3, 30)
    now = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
    write_nightly(settings, store, day, scheduled_at(day, settings.report), lambda: now)
"""


@pytest.mark.parametrize("call", [1, 2, 3, 5, 7, 8, 10])
def test_a_report_killed_half_way_is_written_again_and_there_is_one(store: Store, tmp_path: Path, call: int) -> None:
    """Killed at that call of fsync: what stands there is whole, no row claims it, and the next look mends it."""
    settings = settings_in(tmp_path)
    now = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
    watch_since(store, tmp_path, datetime(2026, 3, 30, 3, 0, tzinfo=UTC))
    died = subprocess.run([sys.executable, "-c", DIES, str(tmp_path), str(call)], check=False)
    assert died.returncode == -signal.SIGKILL
    folder = tmp_path / "reports" / "2026-03-30"
    for whole, end in (("report.html", "</html>"), ("report.json", "}")):
        assert not (folder / whole).exists() or (folder / whole).read_text("utf-8").rstrip().endswith(end)
    with store.read() as tx:
        assert reports.last(tx, 9) == []
    for half in (*folder.glob(".*"), *folder.parent.glob(".*")):
        os.utime(half, (1, 1))  # an hour later, and more
    assert catch_up(store, settings, now) == [date(2026, 3, 30)]
    with store.read() as tx:
        assert [row.report_date for row in reports.last(tx, 9)] == [date(2026, 3, 30)]
    assert {path.name for path in folder.iterdir()} == {
        "report.csv",
        "report.html",
        "report.json",
        "disagreements.html",
    }
    assert sorted(path.name for path in folder.parent.iterdir()) == ["2026-03-30", "downtime.html", "index.html"]


def test_a_second_report_of_a_date_takes_the_place_of_the_first(store: Store, tmp_path: Path) -> None:
    """One row for each date."""
    settings = settings_in(tmp_path)
    now = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
    watch_since(store, tmp_path, now - timedelta(days=7))
    for _ in range(2):
        write_nightly(settings, store, date(2026, 3, 30), now, lambda: now)
    with store.read() as tx:
        assert len(reports.last(tx, 9)) == 1


def test_no_report_of_the_time_before_the_first_folder(store: Store, tmp_path: Path) -> None:
    """An empty list from before anybody looked would say that nothing was there."""
    settings = settings_in(tmp_path)
    now = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
    assert report_to_write(store, settings.report, now) is None
    watch_since(store, tmp_path, now - timedelta(hours=1))
    assert report_to_write(store, settings.report, now) is None
    assert report_to_write(store, settings.report, now + timedelta(days=1)) == date(2026, 3, 31)


@contextmanager
def said(message: str) -> Iterator[Callable[[], None]]:
    """A function that waits until the log of the reports says this."""
    heard, logger = threading.Event(), logging.getLogger("cxr_triage.report")

    def listen(record: logging.LogRecord) -> bool:
        if record.getMessage() == message:
            heard.set()
        return True

    logger.addFilter(listen)
    level = logger.level
    logger.setLevel(logging.INFO)

    def wait() -> None:
        assert heard.wait(30), f"nobody said: {message}"

    try:
        yield wait
    finally:
        logger.setLevel(level)
        logger.removeFilter(listen)


def test_the_scheduler_writes_a_missed_report_at_once(store: Store, tmp_path: Path) -> None:
    """And a daemon that is told to stop meanwhile ends."""
    settings = settings_in(tmp_path)
    watch_since(store, tmp_path, datetime.now(UTC) - timedelta(days=2))
    with said("report written") as wait, nightly_reports(settings, store, system_clock()):
        wait()
    assert list((tmp_path / "reports").glob("*/report.html"))
    with store.read() as tx:
        assert len(reports.last(tx, 9)) == 1


def test_the_sheet_for_a_downtime_is_there_before_the_first_night(store: Store, tmp_path: Path) -> None:
    """It is of the moment, belongs to no date, and no row of a report claims it."""
    settings = settings_in(tmp_path)
    watch_since(store, tmp_path, datetime.now(UTC))
    sheet = tmp_path / "reports" / "downtime.html"
    with nightly_reports(settings, store, system_clock()):
        deadline = time.monotonic() + 30
        while not sheet.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert sheet.read_text(encoding="utf-8").rstrip().endswith("</html>")
    with store.read() as tx:
        assert reports.last(tx, 9) == []


def test_a_report_that_cannot_be_written_is_planned_again(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file lies where the folder should be: one line that names no path, and the schedule lives."""
    settings = settings_in(tmp_path)
    watch_since(store, tmp_path, datetime.now(UTC) - timedelta(days=2))
    (tmp_path / "reports").write_text("in the way")
    with said("report not written, to be tried again") as wait, nightly_reports(settings, store, system_clock()):
        wait()
    assert [record.getMessage() for record in caplog.records if record.name == "cxr_triage.report"] == [
        "report not written, to be tried again"
    ]
    with store.read() as tx:
        assert reports.last(tx, 9) == []
