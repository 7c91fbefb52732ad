"""A site's reading hours, and how much reading time lies between two moments; pure, and right across clock changes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = timedelta(days=1)
_WRITTEN: Final = re.compile(
    rf"({'|'.join(_DAYS)})(?:-({'|'.join(_DAYS)}))?\s+(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Shift:
    """A time of reading that comes every week, in the site's zone.

    Attributes:
        days: on which it begins, Monday is 0.
        start, end: since midnight; an end at or before the start lies on the next day.
    """

    days: frozenset[int]
    start: timedelta
    end: timedelta

    @classmethod
    def read(cls, text: str) -> Self:
        """A shift as people write it: "mon-fri 07:00-20:00", "sun 08:00-12:00", "fri-sun 22:00-06:00".

        Raises:
            ValueError: it is written otherwise.
        """
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            raise ValueError('write reading hours as "mon-fri 07:00-20:00"')
        first, last = _DAYS.index(match[1].lower()), _DAYS.index((match[2] or match[1]).lower())
        start, end = (timedelta(hours=int(match[i]), minutes=int(match[i + 1])) for i in (3, 5))
        if max(start, end) > _DAY or start == _DAY or int(match[4]) > 59 or int(match[6]) > 59:
            raise ValueError("a day has hours from 00:00 to 24:00")
        days = frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
        return cls(days, start, end if end > start else end + _DAY)

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Where it begins and ends if it begins on a day, in UTC."""
        return _moment(day, self.start, zone), _moment(day, self.end, zone)


def _moment(day: date, since_midnight: timedelta, zone: ZoneInfo) -> datetime:
    """A wall clock in UTC; one that a clock change skips or repeats is taken once (PEP 495)."""
    days, rest = divmod(since_midnight, _DAY)
    wall = time(*divmod(rest // timedelta(minutes=1), 60))
    return datetime.combine(day + days * _DAY, wall, zone).astimezone(UTC)


class ReadingTime:
    """How much reading time lies between two moments of a span; built once, asked for each study."""

    def __init__(self, shifts: Iterable[Shift], zone: ZoneInfo, since: datetime, until: datetime) -> None:
        """Lay out the shifts.

        Args:
            shifts: none: people read at all hours.
            zone: of the site.
            since, until: aware; what lies outside is taken for the nearer of them.
        """
        self._since, self._until = since, max(since, until)
        shifts = tuple(shifts)
        always = ((self._since, self._until),)
        spans = tuple(_merged(_laid_out(shifts, zone, self._since, self._until))) if shifts else always
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]
        self._before = [timedelta()]
        for start, end in spans:
            self._before.append(self._before[-1] + (end - start))
        self._whole = self._until_moment(self._until)

    def between(self, earlier: datetime, later: datetime) -> timedelta:
        """The reading time from one aware moment to another; nothing where the second is not later."""
        until = self._whole if later == self._until else self._until_moment(later)  # most are asked for up to now
        return max(until - self._until_moment(earlier), timedelta())

    def _until_moment(self, moment: datetime) -> timedelta:
        moment = min(max(moment, self._since), self._until)
        number = bisect_right(self._starts, moment)
        if number == 0:
            return timedelta()
        return self._before[number - 1] + min(moment, self._ends[number - 1]) - self._starts[number - 1]


def _laid_out(
    shifts: tuple[Shift, ...], zone: ZoneInfo, since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """Every shift that touches a span, cut to it, by its beginning."""
    found = []
    day = since.astimezone(zone).date() - 2 * _DAY
    last = until.astimezone(zone).date()
    while day <= last:
        for shift in shifts:
            if day.weekday() in shift.days:
                start, end = shift.on(day, zone)
                if start < until and end > since:
                    found.append((max(start, since), min(end, until)))
        day += _DAY
    return sorted(found)


def _merged(spans: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Spans that overlap or touch as one."""
    held: tuple[datetime, datetime] | None = None
    for start, end in spans:
        if held is not None and start <= held[1]:
            held = (held[0], max(held[1], end))
            continue
        if held is not None:
            yield held
        held = (start, end)
    if held is not None:
        yield held
