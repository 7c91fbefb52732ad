"""When the report of a date is due, and which window it covers, by the site's clock on the wall; pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from daemon.settings import ReportSettings


def scheduled_at(report_date: date, settings: ReportSettings) -> datetime:
    """When the report of a date is due, in UTC; a local time that a clock change skips or repeats is taken once.

    PEP 495: a skipped time is read with the offset from before the change, a repeated one as its first occurrence.
    """
    return datetime.combine(report_date, settings.time, ZoneInfo(settings.zone)).astimezone(UTC)


def window_of(report_date: date, settings: ReportSettings) -> tuple[datetime, datetime]:
    """From the report time of the day before to that of the date, as aware UTC; 23 or 25 hours at a clock change."""
    return scheduled_at(report_date - timedelta(days=1), settings), scheduled_at(report_date, settings)


def date_span(day: date, settings: ReportSettings, now: datetime) -> tuple[datetime, datetime]:
    """The window of a report that somebody asks for: that of the date, which for today reaches up to now."""
    start, end = window_of(day, settings)
    if end < now < end + timedelta(days=1):
        midnight = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(settings.zone)).astimezone(UTC)
        return start, min(now, midnight)
    return start, min(end, now)
