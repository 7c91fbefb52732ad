"""Readers take films from a list, first come first served or in the daemon's order; not how films are drawn.

`triage.order` sorts a whole list; here one film is taken at a time from lists that change with each arrival, so lanes
are kept as heaps. A property test holds each film that is taken to the head of `order`.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from daemon.simulation.department import Film
from daemon.triage.order import Band


class Taking(StrEnum):
    """How readers take films from a list while new ones come.

    `places`: each second place stays for `first` studies across the films taken, whenever the list is made anew.
    `top`: the list is made anew after each film and the top one is taken, which is overdue as long as any is.
    """

    PLACES = "places"
    TOP = "top"


class _List(Protocol):
    def add(self, number: int) -> None: ...

    def take(self, now: float) -> int: ...


class Ordered:
    """The daemon's order over films of one urgency, one film at a time."""

    def __init__(self, films: Sequence[Film], cap: float, taking: Taking = Taking.PLACES) -> None:
        """Begin with an empty list.

        Args:
            films: by arrival; films are named by their number in it.
            cap: reading minutes, beyond which a film is overdue.
            taking: how readers take films.
        """
        self._films, self._cap, self._taking = films, cap, taking
        self._read = bytearray(len(films))
        self._oldest = 0
        self._heaps: dict[Band, list[tuple[float, int]]] = {Band.FIRST: [], Band.NEXT: [], Band.IN_TURN: []}
        self._next, self._unscored = deque[int](), deque[int]()
        self._after_overdue = False

    def add(self, number: int) -> None:
        """A film arrived; films are added by number."""
        band, logit = self._films[number].band, self._films[number].logit
        if logit is None:
            self._unscored.append(number)
            return
        heapq.heappush(self._heaps[band], (-logit, number))
        if band is Band.NEXT:
            self._next.append(number)

    def take(self, now: float) -> int:
        """The film to be read at a time in reading minutes; one must wait."""
        while self._read[self._oldest]:
            self._oldest += 1
        since = now - self._cap  # what arrived earlier is overdue; films of one urgency become so by arrival
        number = self._in_time(since) if self._films[self._oldest].arrived < since else self._by_band(since)
        self._read[number] = True
        return number

    def _in_time(self, since: float) -> int:
        """Of a list with an overdue film: that one, or where it is their turn a `first` one."""
        first = self._top(Band.FIRST, since) if self._taking is Taking.PLACES and self._after_overdue else None
        self._after_overdue = first is None
        return self._oldest if first is None else first

    def _by_band(self, since: float) -> int:
        self._after_overdue = False
        first = self._top(Band.FIRST, since)
        if first is not None:
            return first
        unscored, earlier = self._head(self._unscored, since), self._head(self._next, since)
        if unscored is not None and (earlier is None or earlier > unscored):
            return unscored
        number = self._top(Band.NEXT if earlier is not None else Band.IN_TURN, since)
        if number is None:
            raise LookupError("no film waits")
        return number

    def _gone(self, number: int, since: float) -> bool:
        return bool(self._read[number]) or self._films[number].arrived < since

    def _top(self, band: Band, since: float) -> int | None:
        heap = self._heaps[band]
        while heap and self._gone(heap[0][1], since):
            heapq.heappop(heap)
        return heap[0][1] if heap else None

    def _head(self, lane: deque[int], since: float) -> int | None:
        while lane and self._gone(lane[0], since):
            lane.popleft()
        return lane[0] if lane else None


class FirstCome:
    """First come, first served."""

    def __init__(self) -> None:
        self._waiting = deque[int]()

    def add(self, number: int) -> None:
        """A film arrived."""
        self._waiting.append(number)

    def take(self, now: float) -> int:
        """The film that came first."""
        del now
        return self._waiting.popleft()


def waits(films: Sequence[Film], readers: int, waiting: _List) -> dict[int, float]:
    """Read films from a list until every counted one is read.

    Args:
        films: by arrival.
        readers: how many read at the same time; none rests while a film waits.
        waiting: an empty list.

    Returns:
        By the number of each counted film the reading minutes from its arrival to the beginning of its reading.
    """
    left = sum(film.counted for film in films)
    free = [0.0] * readers
    waited = dict[int, float]()
    came = taken = 0
    now = 0.0
    while left:
        now = max(now, heapq.heappop(free))  # a reader who rested begins when the film came, not when they were free
        if taken == came:
            now = max(now, films[came].arrived)
        while came < len(films) and films[came].arrived <= now:
            waiting.add(came)
            came += 1
        number = waiting.take(now)
        taken += 1
        film = films[number]
        if film.counted:
            waited[number] = now - film.arrived
            left -= 1
        heapq.heappush(free, now + film.minutes)
    return waited
