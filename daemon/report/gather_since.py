"""Collects what section E is made from, out of the store: what left the queue, and what readers said of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from daemon.acceptance.standing import Acceptance
from daemon.report.gallery import BACK
from daemon.report.since import Lately
from daemon.settings import Settings
from daemon.waiting import studies_of
from db import lately

EXPIRED: Final = 20  # studies that nobody marked as read, by name; all of them are counted


def lately_of(tx: Connection, settings: Settings, start: datetime, end: datetime, acceptance: Acceptance) -> Lately:
    """What left the queue since a window began, and what readers said of it."""
    department = settings.department
    return Lately(
        studies_of(tx, lately.images(tx, start), department, end, acceptance),
        lately.words(tx, start, end),
        expired=lately.expired(tx, start, end, EXPIRED),
        reading=department.waits.reading_time(start, end).between(start, end) if start < end else timedelta(),
        sample=settings.review.check_in_turn,
    )


def judged_of(tx: Connection, settings: Settings, end: datetime, acceptance: Acceptance) -> Lately:
    """The studies that got a verdict in the weeks of the gallery."""
    since = end - BACK
    studies = studies_of(tx, lately.judged_images(tx, since), settings.department, end, acceptance)
    return Lately(studies, lately.words(tx, since, end))
