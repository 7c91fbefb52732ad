"""Reads studies anew in given moments, each time the head of `triage.order.order`; pure.

To order all that wait at each moment would cost the square of a month. The head of an order depends on few: of the
highest urgency that waits the earliest overdue study, the highest `first` one, the highest and the earliest `next`
one, the earliest unscored and the highest in-turn one. Those are kept at the front of lanes, and `order` itself decides
among them; a property test holds each that is read to the head of the order of all. 100,000 studies take 4 s.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from daemon.triage.order import Band, QueueStudy, Urgency, order

if TYPE_CHECKING:
    from daemon.triage.hours import ReadingTime
    from daemon.triage.waits import Waits

_Heap = list[tuple[float, datetime, str, QueueStudy]]


def limit_of(study: QueueStudy, waits: Waits) -> timedelta:
    """How long a study may wait, of reading time."""
    return waits.limit(study.urgency, {image.root for image in study.images})


def _nobody_looks(done: int, total: int) -> None:
    """How far it is does not matter."""


def replay(
    studies: Sequence[QueueStudy],
    slots: Sequence[datetime],
    waits: Waits,
    tell: Callable[[int, int], None] = _nobody_looks,
) -> dict[str, datetime]:
    """When each study is read, by its key, if at each moment the head of the list is taken.

    Args:
        studies: in any order, none of them overdue yet, none backlog.
        slots: as many moments, in any order; by each at least as many studies have come as there are slots up to it.
        waits: how long a study may wait.
        tell: is called with how many of how many are read.

    Raises:
        ValueError: nothing waits at one of them.
    """
    coming = sorted(studies, key=lambda study: (study.arrived_at, study.study))
    if not coming:
        return {}
    waiting = Waiting(waits, waits.reading_time(coming[0].arrived_at, max(slots)))
    found = dict[str, datetime]()
    came = 0
    for number, slot in enumerate(sorted(slots), 1):
        while came < len(coming) and coming[came].arrived_at <= slot:
            waiting.add(coming[came])
            came += 1
        found[waiting.take(slot).study] = slot
        tell(number, len(slots))
    return found


class Waiting:
    """The studies that wait at a moment which only moves on."""

    def __init__(self, waits: Waits, reading: ReadingTime) -> None:
        self._waits, self._reading = waits, reading
        self._lanes = {urgency: _Lanes() for urgency in Urgency}
        self._served = set[Urgency]()

    def add(self, study: QueueStudy) -> None:
        """One came; they are added by arrival, then key."""
        self._lanes[study.urgency].add(study, limit_of(study, self._waits))

    def take(self, now: datetime) -> QueueStudy:
        """The head of the order; it waits no longer.

        Raises:
            ValueError: nothing waits.
        """
        for urgency, lanes in self._lanes.items():
            if lanes.waiting:
                lanes.age(now, self._reading)
                head = next(order(lanes.candidates(), self._served))
                lanes.remove(head)
                (self._served.add if head.overdue else self._served.discard)(urgency)
                return head
        raise ValueError("nothing waits at a moment of reading")


class _Lanes:
    """The waiting studies of one urgency; what left a lane by another is passed over when it comes to the front."""

    def __init__(self) -> None:
        self.waiting = 0
        self._gone = set[str]()  # read, or overdue by now
        self._by_limit: defaultdict[timedelta, deque[QueueStudy]] = defaultdict(deque)
        self._overdue: list[tuple[datetime, str, QueueStudy]] = []
        self._by_score: dict[Band, _Heap] = {Band.FIRST: [], Band.NEXT: [], Band.IN_TURN: []}
        self._by_arrival: dict[Band, deque[QueueStudy]] = {Band.NEXT: deque(), Band.UNSCORED: deque()}

    def add(self, study: QueueStudy, limit: timedelta) -> None:
        self.waiting += 1
        self._by_limit[limit].append(study)
        if study.band in self._by_score:
            entry = (-(study.logit or 0.0), study.arrived_at, study.study, study)
            heapq.heappush(self._by_score[study.band], entry)
        if study.band in self._by_arrival:
            self._by_arrival[study.band].append(study)

    def age(self, now: datetime, reading: ReadingTime) -> None:
        """Of those that may wait as long, the earlier is overdue no later."""
        for limit, lane in self._by_limit.items():
            while lane and (lane[0].study in self._gone or reading.between(lane[0].arrived_at, now) > limit):
                study = lane.popleft()
                if study.study not in self._gone:
                    self._gone.add(study.study)
                    heapq.heappush(self._overdue, (study.arrived_at, study.study, replace(study, overdue=True)))

    def candidates(self) -> Iterator[QueueStudy]:
        """Those among which the head is, each once."""
        if self._overdue:
            yield self._overdue[0][-1]
        for heap in self._by_score.values():
            while heap and heap[0][2] in self._gone:
                heapq.heappop(heap)
        for lane in self._by_arrival.values():
            while lane and lane[0].study in self._gone:
                lane.popleft()
        fronts = [heap[0][-1] for heap in self._by_score.values() if heap]
        fronts += [lane[0] for lane in self._by_arrival.values() if lane]
        yield from {study.study: study for study in fronts}.values()

    def remove(self, study: QueueStudy) -> None:
        self.waiting -= 1
        if study.overdue:
            heapq.heappop(self._overdue)
        self._gone.add(study.study)
