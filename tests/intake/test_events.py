"""The real observer on a real folder, and the daemon's loop around it."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from builders.intake import House, RealTime
from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent

from daemon.errors import DaemonError
from daemon.intake import events, folders
from daemon.intake.events import end, observe
from daemon.intake.hints import MOST_HINTS, Hint, Inbox
from daemon.intake.programs import Watch
from daemon.intake.selection import Polling
from db import roots
from db.states import RootState, State

LIMIT = 20.0  # seconds; far more than any of this takes


def until(done: Callable[[], bool], what: str) -> None:
    """Return when it is done."""
    deadline = time.monotonic() + LIMIT
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


class Box:
    """Everything an inbox ever gave."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.hints: set[Hint] = set()
        self.asked = False

    def take(self) -> None:
        hints, asked = self.inbox.take()
        self.hints |= {hint for found in hints.values() for hint in found}
        self.asked |= 1 in asked

    def gets(self, name: str) -> bool:
        self.take()
        return Hint(name, closed=True) in self.hints

    def is_asked(self) -> bool:
        self.take()
        return self.asked


@contextmanager
def observed(root: Path) -> Iterator[Box]:
    box = Box()
    observer = observe(1, root, box.inbox)
    try:
        assert observer.is_listening()
        yield box
    finally:
        end(observer)


def test_a_closed_and_a_renamed_file_give_a_hint(tmp_path: Path) -> None:
    """Written in place, renamed from a temporary name, or moved in from outside the root; names may be any bytes."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "sub").mkdir(parents=True)
    outside.write_bytes(b"film")
    odd = os.fsdecode(b"caf\xe9.dcm")
    with observed(root) as box:
        (root / odd).write_bytes(b"film")
        (root / ".tmp").write_bytes(b"film")
        (root / ".tmp").rename(root / "sub" / "renamed")
        outside.rename(root / "moved")
        for name in (odd, "sub/renamed", "moved"):
            until(lambda name=name: box.gets(name), f"no hint for {name!r}")  # type: ignore[misc]


def test_a_new_folder_asks_for_a_rescan(tmp_path: Path) -> None:
    """Made inside, or moved in: what is in it gives no event of its own."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    with observed(root) as box:
        (root / "made").mkdir()
        until(box.is_asked, "no rescan was asked for")
    with observed(root) as box:
        outside.rename(root / "moved")
        until(box.is_asked, "no rescan was asked for")


def test_an_observer_of_a_deleted_root_says_that_it_is_deaf(tmp_path: Path) -> None:
    """Its main thread lives on."""
    root = tmp_path / "root"
    root.mkdir()
    observer = observe(1, root, Inbox())
    root.rmdir()
    until(lambda: not observer.is_listening(), "the observer believes that it listens")
    end(observer)


def test_a_folder_that_cannot_be_watched_is_an_error(tmp_path: Path) -> None:
    """It names what to raise, and leaves no thread behind."""
    before = threading.active_count()
    with pytest.raises(DaemonError, match="cannot watch folder"):
        observe(1, tmp_path / "missing", Inbox())
    until(lambda: threading.active_count() <= before, "a thread was left behind")


def test_a_path_is_in_the_inbox_once_and_closed_wins() -> None:
    """A burst of events about one file is one look; taking empties the box."""
    inbox = Inbox()
    for closed in (False, True, False):
        inbox.put(1, Hint("a", closed=closed))
    inbox.ask_rescan(2)
    assert inbox.news.is_set()
    assert inbox.take() == ({1: [Hint("a", closed=True)]}, {2})
    assert inbox.take() == ({}, set())


class Running:
    """The daemon's loop in the background, with real time and real events."""

    def __init__(self, house: House, *names: str, rescan_seconds: float = 600.0) -> None:
        house.time = RealTime()
        self.intake = house.intake(*names, settle=0.2, rescan=rescan_seconds)
        self.beats = 0
        self._stop = threading.Event()
        self._ready = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            Watch(self.intake, self._beat).run(self._stop.is_set, self._ready.set)
        except BaseException as error:  # noqa: BLE001  (shown by the test's own thread)
            self.error = error
            self._ready.set()

    def _beat(self) -> None:
        self.beats += 1

    def __enter__(self) -> Running:
        self._thread.start()
        assert self._ready.wait(LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(LIMIT)
        assert self.error is None
        assert not self._thread.is_alive()
        self.intake.release()


def scored(house: House, count: int) -> Callable[[], bool]:
    return lambda: house.states().get(State.SCORED) == count


def test_the_daemon_scores_what_comes_without_waiting_for_a_rescan(house: House) -> None:
    """By events alone: files, a new folder with files in it, a rename into place."""
    (house.incoming / "before").write_bytes(b"before")
    with Running(house) as running:
        (house.incoming / "a").write_bytes(b"a")
        (house.folder / "outside").write_bytes(b"outside")
        (house.folder / "outside").rename(house.incoming / "renamed")
        (house.incoming / "sub" / "deep").mkdir(parents=True)
        (house.incoming / "sub" / "deep" / "b").write_bytes(b"b")
        until(scored(house, 4), "not everything was scored")
        assert running.beats > 0
    house.check()
    assert [house.at(name).backlog for name in ("before", "a")] == [True, False]


def test_a_root_that_goes_away_and_comes_back_is_taken_up_again(house: House) -> None:
    """It is noted as away, its neighbour works on, and events come again when it is back: without a restart."""
    (house.folder / "other").mkdir()
    with Running(house, "incoming", "other", rescan_seconds=0.3):
        (house.incoming / "a").write_bytes(b"a")
        until(scored(house, 1), "not scored")
        shutil.move(house.incoming, house.folder / "unplugged")
        until(lambda: _state(house) is RootState.AWAY, "nobody noticed that the root is away")
        (house.folder / "other" / "b").write_bytes(b"b")
        until(scored(house, 2), "the other root was not served")
        shutil.move(house.folder / "unplugged", house.incoming)
        until(lambda: _state(house) is RootState.WATCHED, "nobody noticed that the root is back")
        (house.incoming / "c").write_bytes(b"c")
        until(scored(house, 3), "not taken up again")
    assert house.at("a").removed_at is None
    house.check()


def _state(house: House) -> RootState:
    with house.store.read() as tx:
        return next(root.state for root in roots.roots(tx) if root.path == str(house.incoming))


def test_a_root_whose_events_do_not_come_is_looked_at_more_often(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Watches ran out in a subfolder, or another machine writes there: a film that only a rescan found tells of it."""
    monkeypatch.setattr(events._Handler, "dispatch", lambda self, event: None)
    monkeypatch.setattr(folders, "OVERLOOKED", timedelta(0))
    house.watched["poll_seconds"] = 0.5
    with Running(house, rescan_seconds=3.0):
        (house.incoming / "first").write_bytes(b"first")
        until(scored(house, 1), "the rescan did not find it")
        until(lambda: "films came without an event" in caplog.text, "nobody was told")
        for number in range(3):
            began = time.monotonic()
            (house.incoming / str(number)).write_bytes(b"%d" % number)
            until(scored(house, 2 + number), "it is still looked at as rarely as before")
            assert time.monotonic() - began < LIMIT
    house.check()


def test_a_polled_root_has_no_observer(house: House) -> None:
    """Its films come by looking, every poll_seconds; the store says that nobody listens."""
    house.watched |= {"polling": Polling.ON, "poll_seconds": 0.3}
    with Running(house, rescan_seconds=600.0):
        (house.incoming / "a").write_bytes(b"a")
        until(scored(house, 1), "nobody looked")
        with house.store.read() as tx:
            assert [root.events for root in roots.roots(tx)] == [False]


def test_an_idle_daemon_sleeps(house: House) -> None:
    """It does not spin while nothing happens, nor while a file settles."""
    with Running(house):
        before = time.process_time(), time.monotonic()
        time.sleep(1.0)
        busy = (time.process_time() - before[0]) / (time.monotonic() - before[1])
    assert busy < 0.5  # a loop without a sleep takes all of a core


def test_an_overflow_of_the_kernels_queue_is_told(tmp_path: Path) -> None:
    """What was in the queue is known to nobody: the root is to be looked at anew."""
    inbox = Inbox()
    observer = observe(7, tmp_path, inbox)
    try:
        observer.queue.handle_event(InotifyEvent(-1, InotifyConstants.IN_Q_OVERFLOW, 0, b""))
        assert inbox.take_lost() == {7}
        assert inbox.take_lost() == set()
        assert inbox.news.is_set()
        (tmp_path / "film").write_bytes(b"film")
        until(lambda: inbox.take()[0].get(7) is not None, "nothing is heard any more")
    finally:
        end(observer)


def test_too_many_hints_become_a_rescan() -> None:
    """A burst costs no memory: what was left before is kept, the rest is found by looking at everything."""
    inbox = Inbox()
    for number in range(MOST_HINTS + 5):
        inbox.put(7, Hint(str(number), closed=True))
    hints, rescans = inbox.take()
    assert len(hints[7]) == MOST_HINTS
    assert rescans == {7}
