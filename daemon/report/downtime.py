"""Report -> the downtime sheet: one printed A4 page that staff read by while the service is down; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from daemon.report.build import Report
from daemon.report.pages import environment

ROWS: Final = 30  # fixed height each, so that a page holds them whatever the names are
USABLE: Final = timedelta(hours=24)  # after that the films on it are read, or long overdue
FILE: Final = "downtime.html"


def render_downtime(report: Report) -> str:
    """The head of the queue with boxes to tick, what to do, whom to call, and until when the sheet holds."""
    return (
        environment()
        .get_template("downtime.html")
        .render(r=report, lines=report.lines[:ROWS], usable_until=usable_until(report.written_at, report.zone))
    )


def usable_until(written_at: datetime, zone: str) -> datetime:
    """In the site's zone, right across a clock change."""
    zone_info = ZoneInfo(zone)
    return (written_at.astimezone(ZoneInfo("UTC")) + USABLE).astimezone(zone_info)
