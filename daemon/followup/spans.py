"""Lengths and points of time as people type them: `30d`, `12h`, `20261122081500`; pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LENGTH: Final = re.compile(r"([0-9]{1,6})\s*([mhdw])", re.ASCII | re.IGNORECASE)
_COMPACT: Final = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
LONGEST: Final = timedelta(weeks=52 * 100)


def length_of(text: str) -> timedelta:
    """A length such as `20m`, `12h`, `30d` or `2w`.

    Raises:
        ValueError: it is none, or longer than a century.
    """
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no length of time; write it as 12h, 30d or 2w")
    length = timedelta(**{_UNITS[found[2].lower()]: int(found[1])})
    if length > LONGEST:
        raise ValueError(f"{text!r} is longer than a century")
    return length


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """A point of time in UTC, from ISO 8601 or YYYYMMDD[HHMM[SS]]; one that names no zone is in `zone`.

    Raises:
        ValueError: it is none, or too close to an end of the calendar to have a time in UTC.
    """
    text = text.strip()
    try:
        if text.isascii() and text.isdigit():  # fromisoformat would take one of the digits for the separator
            moment = datetime.strptime(text, _COMPACT[len(text)]).replace(tzinfo=zone)
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, KeyError) as error:
        raise ValueError("it is no time; write it as 2026-11-22T07:45 or 20261122074500") from error
