"""First come, first served over the same moments of reading: each study's place there and its place here; pure.

A study was read at a moment, its slot. First come, first served would have had the same slots: at each, in order of
time, the study is read that came first of those that had come and were not read yet. There always is one: as many had
come by then as were really read by then. So the slots are dealt out anew, one to each study, none before its arrival.
What is gained in all is lost in all: places and minutes sum to nothing.

Studies with one slot share a place: a table of the RIS that knows minutes only says nothing of who came first in one.
Of studies that came at one moment, the one that was read earlier counts as the earlier: nobody gains on a twin.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daemon.triage.order import Urgency

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Read:
    """One study that was read, and came before it was.

    Attributes:
        study: its opaque key, unique.
        group: what it is counted by: a band, or `blind` or `observed`, whose bands are nobody's to see or rank nothing.
        arrived_at, read_at: aware, in UTC; the second is not earlier.
    """

    study: str
    accession: str | None
    group: str
    urgency: Urgency
    arrived_at: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """A read study with both of its places.

    Attributes:
        place, first_come_place: counted from 1.
        first_come_at: when it would have been read, first come, first served.
    """

    read: Read
    place: int
    first_come_place: int
    first_come_at: datetime

    @property
    def places(self) -> int:
        """Gained; below 0: lost."""
        return self.first_come_place - self.place

    @property
    def minutes(self) -> float:
        """Gained, of the clock; below 0: lost. It is 0 exactly where `places` is."""
        return (self.first_come_at - self.read.read_at) / _MINUTE


def first_come(reads: Sequence[Read]) -> list[datetime]:
    """When each of some studies would have been read, first come, first served, in the same slots; as they are given.

    Raises:
        ValueError: one was read before it came.
    """
    slots = sorted(read.read_at for read in reads)
    coming = sorted(range(len(reads)), key=lambda number: reads[number].arrived_at)
    waiting: list[tuple[datetime, datetime, str, int]] = []
    found = list(slots)
    came = 0
    for slot in slots:
        while came < len(coming) and (read := reads[coming[came]]).arrived_at <= slot:
            heapq.heappush(waiting, (read.arrived_at, read.read_at, read.study, coming[came]))
            came += 1
        if not waiting:
            raise ValueError("a study was read before it came")
        found[heapq.heappop(waiting)[-1]] = slot
    return found


def placed(reads: Sequence[Read]) -> list[Placed]:
    """Each study with its place here and there; as they are given.

    Raises:
        ValueError: one was read before it came.
    """
    slots = sorted(read.read_at for read in reads)
    return [
        Placed(read, bisect_left(slots, read.read_at) + 1, bisect_left(slots, moment) + 1, moment)
        for read, moment in zip(reads, first_come(reads), strict=True)
    ]
