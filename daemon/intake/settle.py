"""Tells when a file is complete: it did not change over a window; pure, the clock is passed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from db.records import FileStamp


@dataclass(slots=True)
class Settling:
    """Files that are waited for, by arrival id.

    Attributes:
        window: seconds without a change after which a file counts as complete.
    """

    window: float
    _watched: dict[int, tuple[FileStamp, float]] = field(default_factory=dict)

    def see(self, arrival: int, stamp: FileStamp, now: float) -> None:
        """Note what a file looks like now (monotonic seconds); a change starts its window anew."""
        known = self._watched.get(arrival)
        if known is None or known[0] != stamp:
            self._watched[arrival] = (stamp, now)

    def forget(self, arrival: int) -> None:
        """Wait for it no longer."""
        self._watched.pop(arrival, None)

    def due(self, now: float) -> list[int]:
        """The arrivals whose window is over; they are worth one more look before they are called complete."""
        return [arrival for arrival, (_, since) in self._watched.items() if now - since >= self.window]

    def stamp(self, arrival: int) -> FileStamp | None:
        """What the file looked like when it last changed."""
        known = self._watched.get(arrival)
        return known[0] if known else None

    def next_due(self, now: float) -> float | None:
        """Seconds until the next window ends, or None while nothing is waited for."""
        ends: Iterable[float] = (since + self.window - now for _, since in self._watched.values())
        return max(0.0, min(ends)) if self._watched else None

    def __len__(self) -> int:
        return len(self._watched)
