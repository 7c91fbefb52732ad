"""Studies that were read -> places and minutes that each gained or lost against first come, first served; pure.

Somebody read at certain instants. Had those who read taken the study that had waited longest each time, at the same
instants, another study would have been read at each of them. That is what is compared: the readings stay where they
were in time, and only change hands. So places and minutes that some gain others lose, to the last one.
"""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.triage.order import Band, Urgency


@dataclass(frozen=True, slots=True)
class Reading:
    """A study that was read for the first time.

    Attributes:
        study: its key, unique.
        band: None for a study that was drawn to be read blind: no score gave it its place.
        arrived_at, read_at: aware; it was read no earlier than it arrived.
    """

    study: str
    accession: str | None
    band: Band | None
    urgency: Urgency
    arrived_at: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """What the order did to one study.

    Attributes:
        place: how many studies were read up to it, itself included.
        by_arrival: the same, had the longest waiting been read each time.
        gained: how much earlier it was read than then; less than nothing where it was read later.
    """

    reading: Reading
    place: int
    by_arrival: int
    gained: timedelta

    @property
    def places(self) -> int:
        """How many places it gained; less than none where it lost some."""
        return self.by_arrival - self.place


@dataclass(frozen=True, slots=True)
class Sum:
    """What became of a group of studies; `mean` and `median` are of what each gained, less than nothing where lost.

    Attributes:
        most_gained, most_lost: of a single study, never below nothing.
        places: the mean of the places gained.
    """

    studies: int
    earlier: int
    later: int
    mean: timedelta
    median: timedelta
    most_gained: timedelta
    most_lost: timedelta
    places: float


def moves(readings: Iterable[Reading]) -> list[Move]:
    """What the order did to each, in the order in which they were read.

    Where several were read at the same instant (a table of the RIS may give whole minutes) they count as read by
    arrival: none of them gained or lost against another. Of those that came at one instant (a rescan gives all that it
    finds one) the one that was read earlier came first: its key is no reason to have gained.
    """
    read = sorted(readings, key=lambda each: (each.read_at, each.arrived_at, each.study))
    coming = sorted(read, key=lambda each: (each.arrived_at, each.study), reverse=True)
    waiting: list[tuple[datetime, datetime, str]] = []
    turn: dict[str, tuple[int, datetime]] = {}
    for place, instant in enumerate((each.read_at for each in read), 1):
        while coming and coming[-1].arrived_at <= instant:
            came = coming.pop()
            heapq.heappush(waiting, (came.arrived_at, came.read_at, came.study))
        *_, study = heapq.heappop(waiting)  # there is one: as many had come as were read by now
        turn[study] = (place, instant)
    return [
        Move(each, place, turn[each.study][0], turn[each.study][1] - each.read_at) for place, each in enumerate(read, 1)
    ]


def sum_of(found: Sequence[Move]) -> Sum | None:
    """None for no study."""
    if not found:
        return None
    gained = [move.gained for move in found]
    nothing = timedelta()
    return Sum(
        studies=len(found),
        earlier=sum(each > nothing for each in gained),
        later=sum(each < nothing for each in gained),
        mean=sum(gained, nothing) / len(gained),
        median=timedelta(seconds=statistics.median(each.total_seconds() for each in gained)),
        most_gained=max(nothing, *gained),
        most_lost=max(nothing, *(-each for each in gained)),
        places=statistics.fmean(move.places for move in found),
    )


def paid_most(found: Iterable[Move], count: int) -> list[Move]:
    """Those that lost the most time, at most so many; none that lost nothing."""
    lost = [move for move in found if move.gained < timedelta()]
    return heapq.nsmallest(count, lost, key=lambda move: (move.gained, move.reading.study))
