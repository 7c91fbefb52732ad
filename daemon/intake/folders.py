"""What lies under the roots, noted in the store: what is new, what changed, what is gone, and when a file is complete.

It never opens a file. Files are looked at before a transaction begins, never inside one: a share that hangs must not
hold the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from stat import S_ISDIR
from typing import Final

from sqlalchemy import Connection

from daemon.clock import Clock
from daemon.intake.compare import Changes, compare
from daemon.intake.doubts import Doubts
from daemon.intake.hints import Hint
from daemon.intake.listing import Listing
from daemon.intake.machine import Event
from daemon.intake.places import Places
from daemon.intake.reading import Content, Unread
from daemon.intake.recording import apply, apply_to_all, restore, retire
from daemon.intake.settle import Settling
from daemon.intake.sight import Sight, away, loss_of
from db import arrivals, blind, known, roots
from db.records import Arrival, FileStamp, Known
from db.states import PENDING, State
from db.store import Store

AT_ONCE: Final = 2_000  # arrivals in one transaction
PATIENCE: Final = 900.0  # seconds; a file that never keeps still is read as it is after that
OVERLOOKED: Final = timedelta(seconds=3)  # before a rescan: an event would have told of such a file by then


class Folders:
    """Notes what is under the roots. Its memory can be lost at any time: `reload` and a rescan give it back."""

    def __init__(self, store: Store, clock: Clock, places: Places, read: Callable[[Path], Content | Unread]) -> None:
        self._store, self._clock, self._places = store, clock, places
        self._doubts = Doubts(store, clock, places, read, self.watch)
        self._settling = {root_id: Settling(w.settle_seconds) for root_id, w in places.watched.items()}
        self._sight = Sight(places, clock)

    def reload(self, tx: Connection) -> None:
        """Forget everything, and wait again for what the store says is not complete."""
        self._doubts.forget()
        self._settling = {root_id: Settling(w.settle_seconds) for root_id, w in self._places.watched.items()}
        for film in known.in_state(tx, State.SETTLING):
            if film.root_id in self._settling:
                self.watch(film, film.stamp)

    def watch(self, arrival: Arrival | Known, stamp: FileStamp) -> None:
        """Wait until a file that looks like this keeps still."""
        self._settling[arrival.root_id].see(arrival.id, stamp, self._clock.monotonic())

    def rescan(self, root_id: int) -> Listing:
        """Look at a whole root and note what is new, changed or gone.

        Raises:
            DaemonError: the root cannot be seen; nothing under it counts as gone.
        """
        watched, started = self._places.watched[root_id], self._clock.now()
        view = self._sight.view(root_id)
        with self._store.read() as tx:
            root, films = roots.get(tx, root_id), known.of_root(tx, root_id)
            blind_since = blind.open_since(tx, root_id)
            later = known.ids_since(tx, root_id, blind_since) if blind_since else frozenset()
        loss = loss_of(root, view.places, view.listing, (film for film in films.values() if film.id not in later))
        if loss.replaced is not None and not view.listing.files:
            raise away(loss.replaced, watched.path)
        view.listing.unseen.extend(loss.unmounted)
        changes = compare(films, view.listing)
        if loss.replaced is not None:
            changes.gone.clear()
        self._places.came(root_id, view.who, view.places.keys() - {"", *loss.unmounted})
        if loss.replaced is not None:
            with self._store.write() as tx:  # what is found there must not have come before this was noticed
                self._sight.came(tx, root_id, view, loss)
        for start in range(0, len(changes.new), AT_ONCE):  # a hundred thousand in one transaction would fill memory
            with self._store.write() as tx:
                backlog = root.first_scanned_at is None  # what lies there at the first scan
                self._add(tx, root_id, changes.new[start : start + AT_ONCE], backlog=backlog)
        with self._store.write() as tx:
            self._note(tx, root_id, changes)
            if loss.replaced is None:
                self._sight.came(tx, root_id, view, loss)
                roots.mark_rescan_started(tx, root_id, started)
                roots.mark_rescan_ended(tx, root_id, self._clock.now(), view.listing.newest_ctime_ns)
        overlooked = (started - OVERLOOKED).timestamp() * 1e9
        view.listing.overlooked = sum(stamp.ctime_ns < overlooked for _, _, stamp in changes.new)
        return view.listing

    def away(self, root_id: int, cause: str) -> None:
        """Note that a root cannot be seen."""
        self._places.went(root_id)
        with self._store.write() as tx:
            self._sight.went(tx, root_id, cause)

    def look(self, root_id: int, hints: Iterable[Hint]) -> None:
        """Look at the paths that events named; what is gone again is left to the rescan."""
        watched, seen, closed = self._places.watched[root_id], dict[str, FileStamp](), list[str]()
        canary: FileStamp | None = None
        for hint in hints:
            is_canary = hint.relative == watched.selection.canary
            if not is_canary and not watched.selection.takes(hint.relative):
                continue
            try:
                status = Path(watched.root.path, hint.relative).lstat()
            except OSError:
                continue
            if is_canary:
                canary = FileStamp.of(status)
            elif not S_ISDIR(status.st_mode):
                seen[hint.relative] = FileStamp.of(status)
                if hint.closed and status.st_size:  # an empty file that was closed is one that a copy begins with
                    closed.append(hint.relative)
        if not seen and canary is None:
            return
        with self._store.write() as tx:
            if canary is not None:
                self._sight.canary(tx, root_id, canary)
            current = {path: film for path in seen if (film := known.at(tx, root_id, path))}
            changes = compare(current, Listing(seen))
            self._add(tx, root_id, changes.new, backlog=roots.get(tx, root_id).first_scanned_at is None)
            self._note(tx, root_id, changes)
            for path in closed:
                arrival = arrivals.current_at(tx, root_id, path)
                if arrival is not None and arrival.state is State.SETTLING:
                    self._settling[root_id].forget(arrival.id)
                    apply(tx, arrival, Event.SETTLE, self._clock.now(), reason="its writer closed it")

    def settle(self) -> bool:
        """Look once more at what kept still for its window, and call it complete if it still does."""
        monotonic = self._clock.monotonic()
        over = (i for root_id in self._places.here for i in self._settling[root_id].due(monotonic))
        due = set(islice(over, AT_ONCE))
        return (bool(due) and self._complete(due, monotonic)) | self._doubts.settle()

    def waiting(self) -> bool:
        """Whether anything is not clear yet under the roots that can be seen."""
        return bool(len(self._doubts)) or any(len(self._settling[root_id]) for root_id in self._places.here)

    def next_due(self) -> float | None:
        """Seconds until the next window ends, None if there is none."""
        now = self._clock.monotonic()
        ends = [self._doubts.next_due(now), *(self._settling[root_id].next_due(now) for root_id in self._places.here)]
        return min((end for end in ends if end is not None), default=None)

    def _add(self, tx: Connection, root_id: int, new: Sequence[tuple[str, int, FileStamp]], *, backlog: bool) -> None:
        """Note files that nobody saw before, and wait until they are complete."""
        now, settling = self._clock.now(), self._settling[root_id]
        entries = [(path, generation, stamp, backlog) for path, generation, stamp in new]
        ids = arrivals.add_many(tx, root_id, entries, now, "seen")
        arrivals.move_many(tx, ids, State.SETTLING, now, Event.WAIT.value)
        for arrival_id, (_, _, stamp) in zip(ids, new, strict=True):
            settling.see(arrival_id, stamp, self._clock.monotonic())

    def _note(self, tx: Connection, root_id: int, changes: Changes) -> None:
        """Note what became of files that are known."""
        now, settling = self._clock.now(), self._settling[root_id]
        for film, stamp in changes.changed:
            arrival = arrivals.get(tx, film.id)
            if arrival.state not in PENDING or arrival.state is State.RUNNING:
                continue  # the stamp of a RUNNING one is that of the bytes at hand: finished, it looks different
            if arrival.state is State.READY:
                apply(tx, arrival, Event.CHANGE, now)
            arrivals.restamp(tx, arrival.id, stamp)
            self.watch(arrival, stamp)
        for film, stamp in changes.doubtful:
            self._doubts.raise_(film, stamp)
        for film in changes.gone:
            arrival = arrivals.get(tx, film.id)
            if arrival.state is not State.RUNNING:  # else the next rescan sees it finished and gone
                settling.forget(arrival.id)
                retire(tx, arrival, now)
        for film in changes.back:
            restore(tx, arrivals.get(tx, film.id), now)

    def _complete(self, due: set[int], monotonic: float) -> bool:
        now = self._clock.now()
        with self._store.read() as tx:
            found = arrivals.of_ids(tx, due, State.SETTLING)
        waited = {arrival.id for arrival in found}
        for settling in self._settling.values():
            for arrival_id in due - waited:
                settling.forget(arrival_id)
        complete: list[Arrival] = []
        gone: list[Arrival] = []
        moving: list[tuple[Arrival, FileStamp]] = []
        for arrival in found:
            settling = self._settling[arrival.root_id]
            try:
                stamp = FileStamp.of(self._places.path(arrival).lstat())
            except (FileNotFoundError, NotADirectoryError):
                self._missing(arrival, gone, monotonic)
            except OSError:
                complete.append(arrival)  # reading it will tell what is wrong, and tries again
            else:
                if stamp == settling.stamp(arrival.id) or settling.waited(arrival.id, monotonic) > PATIENCE:
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

    def _missing(self, arrival: Arrival, gone: list[Arrival], monotonic: float) -> None:
        """Decide on a file that is not there: gone, or out of sight with what it lies on."""
        if self._places.hidden(arrival):
            self._settling[arrival.root_id].postpone(arrival.id, monotonic)
        elif self._places.still_here(arrival.root_id):
            gone.append(arrival)
