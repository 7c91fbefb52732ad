"""The two ways to run the intake: `scan`, one pass that ends with nothing pending, and `watch`, until told to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from daemon.errors import DaemonError
from daemon.intake.events import Observer, end, observe
from daemon.intake.hints import Inbox
from daemon.intake.listing import identity
from daemon.intake.pipeline import Intake
from daemon.intake.places import Watched
from db.errors import StoreError

LOG: Final = logging.getLogger("cxr_triage.intake")
TICK: Final = 0.25  # seconds at most between two looks at the stop flag
HEARTBEAT: Final = 15.0  # seconds
FOLLOW_UP: Final = 1.0  # seconds after a rescan that a new folder asked for: what was in it gave no event
MAX_PAUSE: Final = 120  # ticks between two tries while the store does not answer
Stop = Callable[[], bool]


def scan(intake: Intake, stop: Stop, progress: Callable[[], None]) -> list[DaemonError]:
    """Look at every root once and see all of it through.

    Args:
        intake: with its roots.
        stop: asked often; a true answer ends the pass early, and a later one goes on.
        progress: told after every step.

    Returns:
        One error for each root that could not be listed, or went away.
    """
    failed = {}
    for root_id in intake.roots:
        try:
            intake.rescan(root_id)
        except DaemonError as error:
            intake.away(root_id, error.cause)
            failed[root_id] = error
    while not stop() and intake.busy():
        if not intake.step():
            intake.wait(TICK)
        progress()
    for root_id, loss in intake.lost().items():
        if root_id not in failed:
            intake.away(root_id, loss.cause)
            failed[root_id] = loss
    return list(failed.values())


@dataclass(slots=True)
class _RootWatch:
    """One root under watch: its observer, and which folder the observer hangs on; times are monotonic seconds."""

    watched: Watched
    next_rescan: float = 0.0
    asked: bool = False
    not_before: float = 0.0  # a burst of new folders asks again and again
    observer: Observer | None = None
    events: bool | None = None  # whether they come; None before the first try
    who: tuple[int, int] | None = None
    visited: bool = False  # what lay there before gave no event
    unreliable: bool = False  # events come, but not all of them

    @property
    def every(self) -> float:
        """Seconds between two looks: fewer where nobody tells of changes."""
        period = self.watched.rescan_seconds
        heard = self.observer is not None and not self.unreliable
        return period if heard else min(period, self.watched.poll_seconds)


class Watch:
    """The daemon's loop."""

    def __init__(
        self,
        intake: Intake,
        beat: Callable[[], None],
        alive: Callable[[], None] = lambda: None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Make a loop over an intake.

        Args:
            intake: with its roots.
            beat: tells the store, every `HEARTBEAT` seconds, that the daemon is at work.
            alive: tells the service manager, also while the store does not answer.
            tell: gives the service manager a sentence on how things stand.
        """
        self._intake, self._beat, self._alive = intake, beat, alive
        self._tell = tell
        self._clock = intake.clock.monotonic
        self._inbox = Inbox(intake.news)
        self._next_beat = 0.0
        self._outages = 0
        self._out_since = intake.clock.now()
        self._roots = {root_id: _RootWatch(watched) for root_id, watched in intake.roots.items()}

    def run(self, stop: Stop, ready: Callable[[], None]) -> None:
        """Watch until `stop` says so; `ready` is told once, when every root was subscribed and scanned.

        Raises:
            StoreError: the store does not take the first scan; later it is waited for.
            DaemonError: the workers cannot work.
        """
        try:
            for root_id in self._roots:
                self._visit(root_id)
            ready()
            while not stop():
                try:
                    self._turn()
                except StoreError as error:
                    self._pause(error, stop)
        finally:
            for root in self._roots.values():
                self._unsubscribe(root)

    def _turn(self) -> None:
        """Everything that is to be done now, or a moment's sleep."""
        if self._outages:
            self._resume()
        if self._clock() >= self._next_beat:
            self._next_beat = self._clock() + HEARTBEAT
            self._alive()
            self._beat()
        hints, asked = self._inbox.take()
        for root_id in self._inbox.take_lost():
            LOG.warning("events were lost, everything is looked at again", extra={"root": root_id})
            self._roots[root_id].who = None  # folders that were made meanwhile are not subscribed to
            self._roots[root_id].next_rescan = 0.0
        for root_id, found in hints.items():
            self._intake.look(root_id, found)
        for root_id, root in self._roots.items():
            root.asked |= root_id in asked
            if self._clock() >= (min(root.next_rescan, root.not_before) if root.asked else root.next_rescan):
                self._visit(root_id)
        if not self._intake.step():
            self._intake.wait(TICK)

    def _pause(self, error: StoreError, stop: Stop) -> None:
        """Take nothing in for a while, longer each time; films stay where they are, and in the store as it was."""
        self._outages += 1
        if self._outages == 1:
            self._out_since = self._intake.clock.now()
            LOG.error("intake waits, the store does not answer", extra={"cause": error.cause})
            self._tell(f"intake waits: {error.cause}; films stay where they are")
        self._alive()
        for _ in range(min(MAX_PAUSE, 2**self._outages)):
            if stop():
                return
            self._intake.wait(TICK)

    def _resume(self) -> None:
        """Go on after an outage: hints were lost, and what is in memory may not be what is in the store."""
        self._intake.recover()
        self._intake.was_blind(self._out_since, "the store did not answer")
        for root in self._roots.values():
            root.next_rescan = 0.0
        LOG.info("the store answers again", extra={"count": self._outages})
        self._tell("watching")
        self._outages = 0

    def _visit(self, root_id: int) -> None:
        """Subscribe if need be, then rescan: what comes in between is seen by one of the two."""
        root, began = self._roots[root_id], self._clock()
        try:
            self._subscribe(root_id, root, identity(root.watched.path))
            listing = self._intake.rescan(root_id)
            if listing.overlooked and root.visited and not root.asked:
                self._overlooked(root_id, root, listing.overlooked)
            root.visited = True
        except DaemonError as error:
            self._unsubscribe(root)
            root.visited = False
            self._intake.away(root_id, error.cause)
        ended = self._clock()
        root.next_rescan = ended + (min(root.every, FOLLOW_UP) if root.asked else root.every)
        root.not_before = ended + max(TICK, 4 * (ended - began))
        root.asked = False

    def _overlooked(self, root_id: int, root: _RootWatch, count: int) -> None:
        """Look more often where events were to tell of a film and did not: watches ran out, or others write there."""
        if root.observer is not None and not root.unreliable:
            LOG.warning(
                "films came without an event, it is looked at more often", extra={"root": root_id, "count": count}
            )
            root.unreliable = True

    def _subscribe(self, root_id: int, root: _RootWatch, who: tuple[int, int]) -> None:
        """See that events come: an observer on a folder that was replaced or mounted over stays alive and deaf."""
        if who == root.who and root.observer is not None and root.observer.is_listening():
            return
        self._unsubscribe(root)
        root.who, root.visited, root.unreliable = who, False, False
        cause = None
        if not root.watched.polled:
            try:
                root.observer = observe(
                    root_id, root.watched.path, self._inbox, recursive=root.watched.selection.recursive
                )
            except DaemonError as error:
                cause = error.cause
        events = root.observer is not None
        if events is not root.events:
            root.events = events
            self._intake.hears(root_id, events)
            if cause is not None:
                LOG.warning("no events, only rescans", extra={"root": root_id, "cause": cause})

    @staticmethod
    def _unsubscribe(root: _RootWatch) -> None:
        if root.observer is not None:
            end(root.observer)
        root.observer = None
