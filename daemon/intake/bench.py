"""The workers' bench: takes up complete films, hands their bytes to the workers, and records what these found out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from daemon.clock import Clock
from daemon.errors import DaemonError
from daemon.intake.ending import record_outcome
from daemon.intake.machine import Event
from daemon.intake.places import Places
from daemon.intake.reading import REMEDIES, Content, ReadProblem, Unread
from daemon.intake.recording import Scoring, apply, retire
from daemon.intake.twins import settle_by_twin
from daemon.intake.worker import Outcome, Verdict
from daemon.intake.workers import DEADLINE, Judge, Landing, PoolBroke, WorkerDied, outcome_of
from db import arrivals
from db.records import Arrival, FileStamp, FilmFacts
from db.states import State
from db.store import Store
from models.radiograph import FailureCode

LOG: Final = logging.getLogger("cxr_triage.intake")
MAX_DEATHS: Final = 3  # workers that a film may take with it; the last time it has the pool to itself
ATTEMPTS: Final = {ReadProblem.UNREADABLE: 4, ReadProblem.IO_ERROR: 8}  # waiting 1, 2, 4 ... seconds in between
MOST_STEPS: Final = 60  # lines of its history after which a film that is never complete is taken as it is
HIDDEN_PAUSE: Final = timedelta(seconds=5)
SHORTAGE_PAUSE: Final = timedelta(seconds=2)
IN_FLIGHT: Final = 64 << 20  # bytes with the workers; a larger file goes alone, so that memory stays bounded
STUCK: Final = 4 * DEADLINE  # seconds without an outcome after which the pool itself hangs
MAX_BREAKS: Final = 5  # times that the pool may break with no film judged in between


@dataclass(slots=True)
class _Flight:
    """A film that is with the workers; `followers` have the same bytes and wait for what becomes of it."""

    arrival: Arrival
    sha256: str
    stamp: FileStamp
    alone: bool
    since: float
    future: Future[Outcome]
    followers: list[Arrival] = field(default_factory=list)


class Bench:
    """Keeps the workers busy; at most `capacity` films are read and not yet judged, which bounds memory."""

    def __init__(
        self,
        store: Store,
        scoring: Scoring,
        judge: Judge,
        clock: Clock,
        places: Places,
        read: Callable[[Path], Content | Unread],
        capacity: int,
        watch: Callable[[Arrival, FileStamp], None],
        woken: Callable[[], None],
    ) -> None:
        self._store, self._scoring, self._judge, self._clock = store, scoring, judge, clock
        self._places, self._read, self._capacity = places, read, capacity
        self._watch, self._woken = watch, woken
        self._flights: dict[int, _Flight] = {}
        self._breaks = 0

    def __len__(self) -> int:
        return len(self._flights)

    def forget(self) -> None:
        """Drop what is with the workers; the store says still that it is RUNNING."""
        self._flights.clear()

    def wait(self, seconds: float) -> None:
        """Give the workers time to end what they have."""
        wait([flight.future for flight in self._flights.values()], timeout=seconds)

    # --- taking films up ------------------------------------------------------------------------------------------

    def claim(self) -> bool:
        """Take up complete films while there is room, and hand their bytes to the workers."""
        room = self._capacity - len(self._flights)
        if room <= 0 or any(flight.alone for flight in self._flights.values()):
            return False
        now = self._clock.now()
        with self._store.read() as tx:
            ready = self._fitting(arrivals.ready(tx, now, room, self._places.here))
        suspects = [arrival for arrival in ready if _deaths(arrival) >= MAX_DEATHS - 1]
        if suspects and self._flights:
            return False  # it goes alone, so that another death is its own: first the others have to land
        found = [(arrival, self._read_film(arrival)) for arrival in suspects[:1] or ready]
        found = [(arrival, content) for arrival, content in found if not self._lost_its_root(arrival, content)]
        if not found:
            return False
        starting: dict[str, tuple[Arrival, Content]] = {}
        following: list[tuple[Arrival, str]] = []
        with self._store.write() as tx:
            for arrival, content in found:
                if isinstance(content, Unread):
                    self._not_read(tx, apply(tx, arrival, Event.CLAIM, now), content, now)
                    continue
                # the deaths that it was there for were those of other content
                other = content.stamp != arrival.stamp
                changed: dict[str, Any] = {"stamp": content.stamp, "attempts": 0} if other else {}
                running = apply(tx, arrival, Event.CLAIM, now, **changed)
                if content.sha256 in starting or self._flight_of(content.sha256):
                    following.append((running, content.sha256))
                elif not self._settled(tx, running, content.sha256, now):
                    starting[content.sha256] = running, content
        found.clear()
        for sha256 in list(starting):  # each is let go of as soon as it is with the workers: films are large
            self._start(*starting.pop(sha256), alone=bool(suspects))
        for follower, sha256 in following:
            if flight := self._flight_of(sha256):
                flight.followers.append(follower)
        return True

    def _fitting(self, ready: list[Arrival]) -> list[Arrival]:
        """As many of the oldest as memory allows, but at least one when nothing is with the workers."""
        total = sum(flight.stamp.size for flight in self._flights.values())
        fitting: list[Arrival] = []
        for arrival in ready:
            size = min(arrival.stamp.size, self._places.watched[arrival.root_id].largest_bytes)
            if total + size > IN_FLIGHT and (total or fitting):
                break
            total += size
            fitting.append(arrival)
        return fitting

    def _read_film(self, arrival: Arrival) -> Content | Unread:
        """Its bytes, unless the root's owner takes no files of that size."""
        largest = self._places.watched[arrival.root_id].largest_bytes
        if arrival.stamp.size > largest:
            cause = f"it has {arrival.stamp.size / 2**20:,.0f} MiB, over the limit of {largest / 2**20:g}"
            return Unread(ReadProblem.TOO_LARGE, cause, arrival.stamp)
        return self._read(self._places.path(arrival))

    def _start(self, arrival: Arrival, content: Content, *, alone: bool) -> None:
        future = self._judge.submit(content.data, self._places.watched[arrival.root_id].population)
        since = self._clock.monotonic()
        self._flights[arrival.id] = _Flight(arrival, content.sha256, content.stamp, alone, since, future)
        future.add_done_callback(lambda _: self._woken())

    def _flight_of(self, sha256: str) -> _Flight | None:
        return next((flight for flight in self._flights.values() if flight.sha256 == sha256), None)

    def _lost_its_root(self, arrival: Arrival, content: Content | Unread) -> bool:
        """Whether a file is missing because its whole root is: then it stays READY until the root is back."""
        missing = isinstance(content, Unread) and content.problem is ReadProblem.GONE
        return missing and not self._places.still_here(arrival.root_id)

    def _settled(self, tx: Connection, arrival: Arrival, sha256: str, now: datetime) -> bool:
        declared = self._places.watched[arrival.root_id].population
        return settle_by_twin(tx, arrival, sha256, self._scoring, declared, now) is not None

    def _not_read(self, tx: Connection, arrival: Arrival, unread: Unread, now: datetime) -> None:
        """Decide on a file that gave no bytes: it is gone, it is not complete, it may pass, or it fails."""
        attempts = arrival.attempts + 1 if arrival.code else 1  # deaths of workers are counted without a code
        if unread.problem is ReadProblem.GONE and self._places.hidden(arrival):
            reason = "its folder cannot be seen; to be tried again later"
            apply(tx, arrival, Event.DEFER, now, reason=reason, not_before=now + HIDDEN_PAUSE)
        elif unread.problem is ReadProblem.GONE:
            retire(tx, arrival, now)
        elif unread.problem is ReadProblem.SHORTAGE:
            apply(tx, arrival, Event.DEFER, now, reason=unread.cause, not_before=now + SHORTAGE_PAUSE)
        elif unread.problem is ReadProblem.CHANGING and arrival.steps <= MOST_STEPS:
            self._watch(apply(tx, arrival, Event.CHANGE, now), unread.stamp or arrival.stamp)
        elif attempts < ATTEMPTS.get(unread.problem, 0):
            later = now + timedelta(seconds=2 ** (attempts - 1))
            values = {"code": unread.problem.value, "message": unread.cause}
            apply(tx, arrival, Event.DEFER, now, attempts=attempts, not_before=later, **values)
        else:
            if unread.stamp is not None and unread.problem is not ReadProblem.CHANGING:
                arrivals.restamp(
                    tx, arrival.id, unread.stamp
                )  # else it looks different to the next rescan, as it should
            self._fail(tx, arrival, None, unread.problem.value, f"{unread.cause}; {REMEDIES[unread.problem]}", now)

    # --- what became of them --------------------------------------------------------------------------------------

    def collect(self) -> bool:
        """Record what the workers found out, and start the pool afresh if it broke or hangs.

        Raises:
            DaemonError: the pool breaks again and again.
        """
        flights = list(self._flights.values())
        done = {flight.arrival.id: outcome_of(flight.future) for flight in flights if flight.future.done()}
        since = min((flight.since for flight in flights), default=None)
        hangs = not done and since is not None and self._clock.monotonic() - since > STUCK
        if not done and not hangs:
            return False
        broke = hangs or any(isinstance(outcome, PoolBroke) for outcome in done.values())
        ended = [flight for flight in flights if broke or flight.arrival.id in done]
        # a pool that had shown that it works was broken by a film: whose fault it was shows when each goes alone
        lost: Landing = WorkerDied("the worker pool broke", "worker-failed") if self._judge.proven else PoolBroke()
        landed = {each.arrival.id: done.get(each.arrival.id, lost) for each in ended}
        now = self._clock.now()
        with self._store.write() as tx:
            for flight in ended:
                found = landed[flight.arrival.id]
                self._record(tx, flight, lost if isinstance(found, PoolBroke) else found, now)
        for flight in ended:
            del self._flights[flight.arrival.id]
            outcome = done.get(flight.arrival.id)
            if isinstance(outcome, Outcome):
                self._breaks = 0
                figures = {"verdict": outcome.verdict.value, "milliseconds": round(outcome.milliseconds)}
                LOG.info("outcome", extra={"arrival": flight.arrival.id, **figures})
        if broke:
            self._restart()
        return True

    def _restart(self) -> None:
        self._breaks += not self._judge.proven
        LOG.error("the worker pool broke, it is started afresh", extra={"count": self._breaks})
        if self._breaks >= MAX_BREAKS:
            cause = "they end before they judge a film"
            remedy = "free memory and check the installation, then start again"
            raise DaemonError("start the workers", None, cause, remedy)
        self._judge.restart()

    def _record(self, tx: Connection, flight: _Flight, outcome: Landing, now: datetime) -> None:
        arrival = arrivals.get(tx, flight.arrival.id)
        if arrival.state is not State.RUNNING:
            return  # a commit that seemed to fail had happened
        if isinstance(outcome, PoolBroke):
            apply(tx, arrival, Event.INTERRUPT, now, reason="the worker pool broke; to be taken up again")
        elif isinstance(outcome, WorkerDied):
            self._blame(tx, flight, outcome, now)
        elif outcome.code == FailureCode.TRUNCATED and self._grew(flight) and arrival.steps <= MOST_STEPS:
            self._watch(apply(tx, arrival, Event.CHANGE, now), flight.stamp)
        else:
            record_outcome(tx, arrival, flight.sha256, outcome, self._scoring, now)
        for follower in flight.followers:
            if not self._settled(tx, follower, flight.sha256, now):
                apply(tx, follower, Event.INTERRUPT, now, reason="the same bytes had no outcome; to be taken up again")

    def _blame(self, tx: Connection, flight: _Flight, death: WorkerDied, now: datetime) -> None:
        """Fail a film for a death only when it had the pool to itself, again and again; else try it again."""
        deaths = _deaths(flight.arrival) + 1
        if deaths >= MAX_DEATHS and flight.alone:
            message = f"{death.cause}, {deaths} times; export the film again, uncompressed"
            self._fail(tx, flight.arrival, flight.sha256, death.code, message, now)
        else:
            reason = f"{death.cause}; to be taken up again"
            values = {"attempts": deaths, "code": None, "message": None, "not_before": None}
            apply(tx, flight.arrival, Event.INTERRUPT, now, reason=reason, **values)

    def _fail(
        self, tx: Connection, arrival: Arrival, sha256: str | None, code: str, message: str, now: datetime
    ) -> None:
        outcome = Outcome(Verdict.FAILED, FilmFacts(), 0.0, code=code, message=message)
        record_outcome(tx, arrival, sha256, outcome, self._scoring, now)

    def _grew(self, flight: _Flight) -> bool:
        """Whether a file that ended too early was still being written."""
        try:
            return FileStamp.of(self._places.path(flight.arrival).lstat()) != flight.stamp
        except OSError:
            return False

    def release(self) -> None:
        """Give back everything that is RUNNING, whoever took it up: nobody else works on this store."""
        now = self._clock.now()
        with self._store.write() as tx:
            for arrival in arrivals.in_states(tx, [State.RUNNING]):
                apply(tx, arrival, Event.INTERRUPT, now)
        self.forget()


def _deaths(arrival: Arrival) -> int:
    """Workers that died with this film; `attempts` counts those unless a code says that it could not be read."""
    return 0 if arrival.code else arrival.attempts
