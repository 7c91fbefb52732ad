"""What lies under the roots, noted in the store: what is new, what changed, what is gone, and when a file is complete.

It never opens a file. Files are looked at before a transaction begins, never inside one: a share that hangs must not
hold the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from stat import S_ISDIR
from typing import Final

from sqlalchemy import Connection

from daemon.clock import Clock
from daemon.intake.compare import Changes, compare
from daemon.intake.doubts import Doubts
from daemon.intake.hints import Hint
from daemon.intake.listing import Listing, identity, is_ignored, list_root
from daemon.intake.machine import Event
from daemon.intake.places import Places, Watched
from daemon.intake.reading import Content, Unread
from daemon.intake.recording import apply, apply_to_all, retire
from daemon.intake.settle import Settling
from db import arrivals, roots
from db.records import Arrival, FileStamp
from db.states import RootState, State
from db.store import Store

PATIENCE: Final = timedelta(minutes=15)  # a file that never keeps still is read as it is after that


class Folders:
    """Notes what is under the roots. Its memory can be lost at any time: `reload` and a rescan give it back."""

    def __init__(self, store: Store, clock: Clock, places: Places, read: Callable[[Path], Content | Unread]) -> None:
        self._store, self._clock, self._places = store, clock, places
        self._doubts = Doubts(store, clock, places, read, self.watch)
        self._settling = {root_id: Settling(w.settle_seconds) for root_id, w in places.watched.items()}

    def reload(self, tx: Connection) -> None:
        """Forget everything, and wait again for what the store says is not complete."""
        self._doubts.forget()
        self._settling = {root_id: Settling(w.settle_seconds) for root_id, w in self._places.watched.items()}
        for arrival in arrivals.settling(tx):
            if arrival.root_id in self._settling:
                self.watch(arrival, arrival.stamp)

    def watch(self, arrival: Arrival, stamp: FileStamp) -> None:
        """Wait until a file that looks like this keeps still."""
        self._settling[arrival.root_id].see(arrival.id, stamp, self._clock.monotonic())

    def rescan(self, root_id: int) -> Listing:
        """Look at a whole root and note what is new, changed or gone.

        Raises:
            DaemonError: the root cannot be listed; nothing under it counts as gone.
        """
        watched = self._places.watched[root_id]
        started = self._clock.now()
        who = identity(Path(watched.root.path))
        listing = list_root(Path(watched.root.path))
        self._places.came(root_id, who)
        with self._store.write() as tx:
            roots.mark_rescan_started(tx, root_id, started)
            self._note(tx, watched, compare(arrivals.current(tx, root_id), listing))
            roots.set_root_state(tx, root_id, RootState.WATCHED)
            roots.mark_rescan_ended(tx, root_id, self._clock.now())
        return listing

    def away(self, root_id: int, cause: str) -> None:
        """Note that a root cannot be seen."""
        self._places.went(root_id)
        with self._store.write() as tx:
            roots.set_root_state(tx, root_id, RootState.AWAY, cause)

    def look(self, root_id: int, hints: Iterable[Hint]) -> None:
        """Look at the paths that events named; what is gone again is left to the rescan."""
        watched, seen, closed = self._places.watched[root_id], dict[str, FileStamp](), list[str]()
        for hint in hints:
            if is_ignored(hint.relative):
                continue
            try:
                status = Path(watched.root.path, hint.relative).lstat()
            except OSError:
                continue
            if not S_ISDIR(status.st_mode):
                seen[hint.relative] = FileStamp.of(status)
                if hint.closed and status.st_size:  # an empty file that was closed is one that a copy begins with
                    closed.append(hint.relative)
        if not seen:
            return
        with self._store.write() as tx:
            current = {path: known for path in seen if (known := arrivals.current_at(tx, root_id, path))}
            self._note(tx, watched, compare(current, Listing(seen)))
            for path in closed:
                arrival = arrivals.current_at(tx, root_id, path)
                if arrival is not None and arrival.state is State.SETTLING:
                    self._settling[root_id].forget(arrival.id)
                    apply(tx, arrival, Event.SETTLE, self._clock.now(), reason="its writer closed it")

    def settle(self) -> bool:
        """Look once more at what kept still for its window, and call it complete if it still does."""
        monotonic = self._clock.monotonic()
        due = {i for root_id in self._places.here for i in self._settling[root_id].due(monotonic)}
        return (bool(due) and self._complete(due, monotonic)) | self._doubts.settle()

    def waiting(self) -> bool:
        """Whether anything is not clear yet under the roots that can be seen."""
        return bool(len(self._doubts)) or any(len(self._settling[root_id]) for root_id in self._places.here)

    def next_due(self) -> float | None:
        """Seconds until the next window ends, None if there is none."""
        now = self._clock.monotonic()
        ends = [self._doubts.next_due(now), *(self._settling[root_id].next_due(now) for root_id in self._places.here)]
        return min((end for end in ends if end is not None), default=None)

    def _note(self, tx: Connection, watched: Watched, changes: Changes) -> None:
        now, root = self._clock.now(), watched.root
        settling = self._settling[root.id]
        if changes.new:
            first = roots.get(tx, root.id).first_scanned_at is None  # what lies there at the first scan is backlog
            entries = [(path, generation, stamp, first) for path, generation, stamp in changes.new]
            ids = arrivals.add_many(tx, root.id, entries, now, "seen")
            arrivals.move_many(tx, ids, State.SETTLING, now, Event.WAIT.value)
            for arrival_id, (_, _, stamp) in zip(ids, changes.new, strict=True):
                settling.see(arrival_id, stamp, self._clock.monotonic())
        for arrival, stamp in changes.changed:
            if arrival.state is State.RUNNING:
                continue  # its stamp is that of the bytes which the worker has: once it is finished, it looks different
            if arrival.state is State.READY:
                apply(tx, arrival, Event.CHANGE, now, attempts=0, code=None, message=None, not_before=None)
            arrivals.restamp(tx, arrival.id, stamp)
            self.watch(arrival, stamp)
        for arrival, stamp in changes.doubtful:
            self._doubts.raise_(arrival, stamp)
        for arrival in changes.gone:
            if arrival.state is not State.RUNNING:  # else the next rescan sees it finished and gone
                settling.forget(arrival.id)
                retire(tx, arrival, now)
        for arrival in changes.back:
            arrivals.clear_removed(tx, arrival.id)

    def _complete(self, due: set[int], monotonic: float) -> bool:
        now = self._clock.now()
        with self._store.read() as tx:
            found = [arrival for arrival in arrivals.settling(tx) if arrival.id in due]
        known = {arrival.id for arrival in found}
        for settling in self._settling.values():
            for arrival_id in due - known:
                settling.forget(arrival_id)
        complete: list[Arrival] = []
        gone: list[Arrival] = []
        moving: list[tuple[Arrival, FileStamp]] = []
        for arrival in found:
            try:
                stamp = FileStamp.of(self._places.path(arrival).lstat())
            except (FileNotFoundError, NotADirectoryError):
                if self._places.still_here(arrival.root_id):
                    gone.append(arrival)
                continue
            except OSError:
                complete.append(arrival)  # reading it will tell what is wrong, and tries again
                continue
            still = stamp == self._settling[arrival.root_id].stamp(arrival.id)
            if still or now - arrival.arrived_at > PATIENCE:
                complete.append(arrival)
            else:
                moving.append((arrival, stamp))
        with self._store.write() as tx:
            apply_to_all(tx, complete, Event.SETTLE, now)
            for arrival in gone:
                retire(tx, arrival, now)
            for arrival, stamp in moving:
                arrivals.restamp(tx, arrival.id, stamp)
        for arrival in [*complete, *gone]:
            self._settling[arrival.root_id].forget(arrival.id)
        for arrival, stamp in moving:
            self._settling[arrival.root_id].see(arrival.id, stamp, monotonic)
        return True
