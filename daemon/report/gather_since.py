"""Collects what section E is made from, out of the store: what left the queue, and what readers said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from daemon.report.gallery import BACK
from daemon.report.since import Lately
from daemon.settings import Settings
from daemon.waiting import studies_of
from db import lately
from db.lately import Word
from db.records import WaitingImage

EXPIRED: Final = 20  # studies that nobody marked as read, by name; all of them are counted


def lately_of(tx: Connection, settings: Settings, start: datetime, end: datetime) -> Lately:
    """What left the queue since a window began, and what readers said of it."""
    waits = settings.department.waits
    told = _told(tx, settings, lately.images(tx, start), lately.words(tx, start, end), end)
    return replace(
        told,
        expired=lately.expired(tx, start, end, EXPIRED),
        reading=waits.reading_time(start, end).between(start, end) if start < end else timedelta(),
        sample=settings.review.check_in_turn,
    )


def _told(
    tx: Connection, settings: Settings, images: list[WaitingImage], words: Mapping[str, Word], now: datetime
) -> Lately:
    return Lately(studies_of(tx, images, settings.department, now), words)


def judged_of(tx: Connection, settings: Settings, end: datetime) -> Lately:
    """The studies that got a verdict in the weeks of the gallery."""
    return _told(tx, settings, lately.judged_images(tx, end - BACK), lately.words(tx, end - BACK, end), end)
