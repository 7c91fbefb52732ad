"""Values -> words that are safe and short enough to show: hostile names, times, durations, shares."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def visible(text: str) -> str:
    r"""The text with every character that cannot be seen, or that turns its neighbours round, as ``\x``, ``\u`` escape.

    A file name may carry line breaks, a right-to-left override, or bytes that are no UTF-8; none may reorder a row.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escaped(character) if unicodedata.category(character) in _UNSEEN else character for character in text
    )


def shortened(text: str, length: int = 64) -> str:
    """At most `length` characters, cut in the middle: both the start and the ending of a file name tell something."""
    if len(text) <= length:
        return text
    tail = length // 3
    return f"{text[: length - tail - 1]}…{text[-tail:]}"


def day(moment: date) -> str:
    """22 Nov 2026."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def long_day(moment: date) -> str:
    """Sunday, 22 Nov 2026; in English whatever the locale of the service."""
    return f"{_WEEKDAYS[moment.weekday()]}, {day(moment)}"


def clock(moment: datetime, beside: date) -> str:
    """The time of day; with the day, and the year if need be, when it is not that of the date it stands beside."""
    time = f"{moment:%H:%M}"
    if moment.date() == beside:
        return time
    year = "" if moment.year == beside.year else f" {moment.year}"
    return f"{moment.day} {_MONTHS[moment.month - 1]}{year} {time}"


def acquired(text: str, beside: date) -> str:
    """When the film says that it was taken, as `clock`; by the modality's clock, whose zone nobody knows."""
    try:
        return clock(datetime.fromisoformat(text), beside)
    except ValueError:
        return shortened(visible(text), 20)


def stamp(moment: datetime) -> str:
    """22 Nov 2026 07:00 CET: a time that stands alone, with the zone as it was then."""
    return f"{day(moment)} {moment:%H:%M} {moment.tzname() or ''}".rstrip()


def duration(span: timedelta) -> str:
    """Two units at most: 4.2 s, 12 min, 3 h 05 min, 2 d 4 h."""
    seconds = max(span.total_seconds(), 0.0)
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def percent(share: float) -> str:
    """A probability in whole percent; never 0 or 100, which no score can mean."""
    whole = round(share * 100)
    if whole < 1:
        return "<1 %"
    return ">99 %" if whole > 99 else f"{whole} %"


def share(part: float) -> str:
    """A share that somebody set or counted, to three digits: 10 %, 0.5 %, 78.7 %."""
    return f"{100 * part:.3g} %"


def age(years: float | None) -> str:
    """45 y, 18 mo, 12 d, or nothing."""
    if years is None:
        return ""
    if years >= 3:
        return f"{int(years)} y"
    return f"{int(years * 12 + 1e-9)} mo" if years * 12 >= 1 else f"{int(years * 365.25 + 1e-9)} d"


def count(number: int, one: str, many: str | None = None) -> str:
    """1 study, 12,345 studies."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def begun(text: str) -> str:
    """A sentence from its middle, as one begins."""
    return text[:1].upper() + text[1:]


def rate(found: Mapping[str, Any]) -> str:
    """A share with its interval: 0.951 (0.930 to 0.967)."""
    if found["value"] is None:
        return "no threshold"
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def ppv(worth: Mapping[str, Any] | None) -> str:
    """The share with pneumonia among films at or above the operating point: 36 % (26 to 48)."""
    if worth is None:
        return "not known"
    return f"{100 * worth['ppv']:.0f} % ({100 * worth['ppv_ci'][0]:.0f} to {100 * worth['ppv_ci'][1]:.0f})"


def misses(worth: Mapping[str, Any] | None) -> str:
    """Films with pneumonia below the operating point, in 1,000: 1.4 (0.6 to 3.2)."""
    if worth is None:
        return "not known"
    low, high = worth["misses_per_1000_ci"]
    return f"{worth['misses_per_1000']:.1f} ({low:.1f} to {high:.1f})"


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, kept by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
