"""Finished films whose file looks different: their content says whether something new came; a stamp alone does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from daemon.clock import Clock
from daemon.intake.machine import Event
from daemon.intake.places import Places
from daemon.intake.reading import Content, ReadProblem, Unread
from daemon.intake.recording import apply, restore, retire, supersede
from db import arrivals
from db.records import Arrival, FileStamp, Known
from db.states import PENDING, State
from db.store import Store

AT_ONCE: Final = 8  # files that are hashed between two other steps
_MAY_PASS: Final = frozenset({ReadProblem.CHANGING, ReadProblem.UNREADABLE, ReadProblem.IO_ERROR, ReadProblem.SHORTAGE})


@dataclass(frozen=True, slots=True)
class _Doubt:
    arrival: Known
    stamp: FileStamp  # what it looked like
    due: float  # monotonic


@dataclass(frozen=True, slots=True)
class _Answer:
    doubt: _Doubt
    sha256: str | None
    stamp: FileStamp | None
    problem: ReadProblem | None


class Doubts:
    """Files to hash, each when it has kept still for its root's window."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        places: Places,
        read: Callable[[Path], Content | Unread],
        watch: Callable[[Arrival, FileStamp], None],
    ) -> None:
        self._store, self._clock, self._places, self._read, self._watch = store, clock, places, read, watch
        self._open: dict[int, _Doubt] = {}

    def __len__(self) -> int:
        return sum(doubt.arrival.root_id in self._places.here for doubt in self._open.values())

    def raise_(self, arrival: Known, stamp: FileStamp) -> None:
        """Note that a finished film looks different; a change of what it looks like starts its window anew."""
        known = self._open.get(arrival.id)
        if known is None or known.stamp != stamp:
            window = self._places.watched[arrival.root_id].settle_seconds
            self._open[arrival.id] = _Doubt(arrival, stamp, self._clock.monotonic() + window)

    def forget(self) -> None:
        """Drop all of them: the next rescan finds those again that matter."""
        self._open.clear()

    def next_due(self, monotonic: float) -> float | None:
        """Seconds until the next one can be settled."""
        here = self._places.here
        left = (doubt.due - monotonic for doubt in self._open.values() if doubt.arrival.root_id in here)
        return min((max(0.0, seconds) for seconds in left), default=None)

    def settle(self) -> bool:
        """Hash what is due: the same content is the same arrival, other content a new one."""
        monotonic, here = self._clock.monotonic(), self._places.here
        due = [d for d in self._open.values() if d.due <= monotonic and d.arrival.root_id in here][:AT_ONCE]
        if not due:
            return False
        answers = [self._ask(doubt) for doubt in due]
        with self._store.write() as tx:
            for answer in answers:
                self._take(tx, answer)
        for doubt in due:
            self._open.pop(doubt.arrival.id, None)
        return True

    def _ask(self, doubt: _Doubt) -> _Answer:
        found = self._read(self._places.path(doubt.arrival))
        if isinstance(found, Content):
            return _Answer(doubt, found.sha256, found.stamp, None)
        places, film = self._places, doubt.arrival
        if found.problem is ReadProblem.GONE and (places.hidden(film) or not places.still_here(film.root_id)):
            return _Answer(doubt, None, None, ReadProblem.IO_ERROR)
        return _Answer(doubt, None, found.stamp, found.problem)

    def _take(self, tx: Connection, answer: _Answer) -> None:
        now, known = self._clock.now(), answer.doubt.arrival
        arrival = arrivals.current_at(tx, known.root_id, known.path)
        if arrival is None or arrival.id != known.id or arrival.state in PENDING:
            return  # something else came of it meanwhile
        stamp = answer.stamp or answer.doubt.stamp
        if answer.problem is ReadProblem.GONE:
            retire(tx, arrival, now)
        elif self._nothing_new(arrival, answer):
            arrivals.restamp(tx, arrival.id, stamp)
            restore(tx, arrival, now)
        elif answer.problem in _MAY_PASS:
            return  # the stamp in the store differs still, so the next rescan asks again
        else:
            new = arrivals.add(
                tx, arrival.root_id, arrival.path, arrival.generation + 1, stamp, now, backlog=False, reason="seen"
            )
            supersede(tx, arrival, new, now)
            new = apply(tx, new, Event.WAIT, now)
            if stamp == answer.doubt.stamp:
                apply(tx, new, Event.SETTLE, now)
            else:
                self._watch(new, stamp)

    @staticmethod
    def _nothing_new(arrival: Arrival, answer: _Answer) -> bool:
        if answer.sha256 is not None:
            return answer.sha256 == arrival.sha256
        if answer.problem is ReadProblem.CHANGING:
            return False  # it is being written to: what it will be then is not known
        return arrival.state is State.FAILED and arrival.sha256 is None and arrival.code == answer.problem
