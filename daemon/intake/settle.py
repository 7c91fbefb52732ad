"""Tells when a file is complete: it did not change over a window; pure, the clock is passed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from db.records import FileStamp


class _Wait(NamedTuple):
    """What a file looked like, since when (monotonic seconds), and when it was first waited for."""

    stamp: FileStamp
    since: float
    first: float


@dataclass(slots=True)
class Settling:
    """Files that are waited for, by arrival id.

    Attributes:
        window: seconds without a change after which a file counts as complete.
    """

    window: float
    _watched: dict[int, _Wait] = field(default_factory=dict)

    def see(self, arrival: int, stamp: FileStamp, now: float) -> None:
        """Note what a file looks like now (monotonic seconds); a change starts its window anew."""
        known = self._watched.get(arrival)
        if known is None or known.stamp != stamp:
            self._watched[arrival] = _Wait(stamp, now, known.first if known else now)

    def postpone(self, arrival: int, now: float) -> None:
        """Begin its window anew: it cannot be looked at just now."""
        known = self._watched[arrival]
        self._watched[arrival] = _Wait(known.stamp, now, known.first)

    def forget(self, arrival: int) -> None:
        """Wait for it no longer."""
        self._watched.pop(arrival, None)

    def due(self, now: float) -> list[int]:
        """The arrivals whose window is over; they are worth one more look before they are called complete."""
        return [arrival for arrival, wait in self._watched.items() if now - wait.since >= self.window]

    def stamp(self, arrival: int) -> FileStamp | None:
        """What the file looked like when it last changed."""
        known = self._watched.get(arrival)
        return known.stamp if known else None

    def waited(self, arrival: int, now: float) -> float:
        """Seconds since it was first waited for, by a clock that nobody steps."""
        known = self._watched.get(arrival)
        return now - known.first if known else 0.0

    def next_due(self, now: float) -> float | None:
        """Seconds until the next window ends, or None while nothing is waited for."""
        ends: Iterable[float] = (wait.since + self.window - now for wait in self._watched.values())
        return max(0.0, min(ends)) if self._watched else None

    def __len__(self) -> int:
        return len(self._watched)
