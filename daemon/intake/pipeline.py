"""The intake as one thing: one thread that owns every write, moves arrivals on, and keeps the workers busy.

It is driven from outside: `rescan` and `look` bring news, `step` moves everything that can move. Nothing is kept
in memory that a restart would miss: the store and the next rescan know it all. So after a StoreError, when memory and
store may differ, `recover` is all that it takes to go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from daemon.clock import Clock
from daemon.errors import DaemonError
from daemon.intake.bench import Bench
from daemon.intake.folders import Folders
from daemon.intake.hints import Hint
from daemon.intake.listing import Listing
from daemon.intake.machine import Event
from daemon.intake.places import Places, Watched
from daemon.intake.reading import Content, Unread, read_file
from daemon.intake.recording import Scoring, apply_to_all
from daemon.intake.workers import Judge
from db import arrivals, blind, roots
from db.states import State
from db.store import Store

GRACE: Final = 5.0  # seconds that workers get for what they have, when the process is told to end


class Intake:
    """One intake process; see the module for how it is driven."""

    def __init__(
        self,
        store: Store,
        scoring: Scoring,
        judge: Judge,
        clock: Clock,
        roots: Mapping[int, Watched],
        capacity: int,
        read: Callable[[Path], Content | Unread] = read_file,
    ) -> None:
        self.roots: Final = roots
        self.clock: Final = clock
        self.news: Final = threading.Event()
        self._store: Final = store
        self._places = Places(roots)
        self._folders = Folders(store, clock, self._places, read)
        self._bench = Bench(
            store, scoring, judge, clock, self._places, read, capacity, self._folders.watch, self.news.set
        )

    def recover(self) -> int:
        """Take up what an earlier process left, or this one before a StoreError.

        Returns:
            How many arrivals were with the workers.
        """
        now = self.clock.now()
        self._bench.forget()
        with self._store.write() as tx:
            running = arrivals.in_states(tx, [State.RUNNING])
            apply_to_all(tx, running, Event.INTERRUPT, now)
            apply_to_all(tx, arrivals.in_states(tx, [State.SEEN]), Event.WAIT, now)
            self._folders.reload(tx)
        return len(running)

    def rescan(self, root_id: int) -> Listing:
        """Look at a whole root and note what is new, changed or gone.

        Raises:
            DaemonError: the root cannot be listed; nothing under it counts as gone.
        """
        return self._folders.rescan(root_id)

    def away(self, root_id: int, cause: str) -> None:
        """Note that a root cannot be seen."""
        self._folders.away(root_id, cause)

    def hears(self, root_id: int, events: bool | None) -> None:
        """Note whether the kernel tells of changes under a root."""
        with self._store.write() as tx:
            roots.set_events(tx, root_id, events)

    def was_blind(self, since: datetime, cause: str) -> None:
        """Note that no root was looked at for a while that ends now; what was added since then was not missed."""
        now = self.clock.now()
        with self._store.write() as tx:
            for root_id, watched in self.roots.items():
                blind.add(tx, root_id, max(since, watched.root.added_at), now, cause)

    def look(self, root_id: int, hints: Iterable[Hint]) -> None:
        """Look at the paths that events named."""
        self._folders.look(root_id, hints)

    def step(self) -> bool:
        """Move everything that can move now; returns whether anything did.

        Raises:
            DaemonError: the workers cannot work.
        """
        moved = self._bench.collect()
        moved |= self._folders.settle()
        return self._bench.claim() or moved

    @property
    def in_flight(self) -> int:
        """Films that are with the workers."""
        return len(self._bench)

    def wait(self, seconds: float) -> None:
        """Sleep until a worker is done or something is left in an inbox that rings here, at most so long."""
        due = self._folders.next_due()
        if self.news.wait(seconds if due is None else min(seconds, due)):
            self.news.clear()

    def busy(self) -> bool:
        """Whether anything under the roots that can be seen is not finished."""
        if self._bench or self._folders.waiting():
            return True
        with self._store.read() as tx:
            return arrivals.has_pending(tx, self._places.here)

    def lost(self) -> dict[int, DaemonError]:
        """The roots that cannot be seen."""
        remedy = "mount it again, then run the command again"
        return {
            root_id: DaemonError("go on with folder", Path(watched.root.path), "it went away", remedy)
            for root_id, watched in self.roots.items()
            if root_id not in self._places.here
        }

    def pending(self) -> int:
        """How many arrivals, under any root, are not finished."""
        with self._store.read() as tx:
            return arrivals.pending_count(tx)

    def release(self, grace: float = GRACE) -> None:
        """Give back what is in the workers' hands; called when the process ends."""
        try:
            if self._bench:
                self._bench.wait(grace)
                self._bench.collect()
        finally:
            self._bench.release()
