"""The canary and the roots that the store knows, on a real store, with nobody watching."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from daemon.clock import Clock
from daemon.errors import DaemonError
from daemon.intake.selection import Selection, is_temporary
from daemon.service.canary import Canary, CanaryWatch, not_seen, wait, write
from daemon.service.roots import accept, retire, root_at, roots_document
from db import arrivals, blind, roots, runs
from db.records import FileStamp, Root, RunRow
from db.states import RootState, RunKind, State
from db.store import Store, open_store

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CANARY = Selection(canary="alive.txt", canary_seconds=600.0).document()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "triage.db"), create=True) as store:
        yield store


@pytest.fixture
def tx(store: Store) -> Iterator[Connection]:
    with store.write() as tx:
        yield tx


def _daemon(tx: Connection, root: Root | None = None) -> RunRow:
    """This process as a daemon, that looked at a root."""
    started = NOW - timedelta(hours=1)
    run = runs.start(tx, RunKind.WATCH, pid=os.getpid(), host=socket.gethostname(), now=started)
    runs.beat(tx, run.id, NOW)
    if root is not None:
        roots.mark_rescan_ended(tx, root.id, NOW)
        roots.set_events(tx, root.id, True)
    return run


def _stamp(file: Path) -> str:
    status = file.stat()
    return f"{status.st_mtime_ns} {status.st_size} {status.st_ino}"


class Ticking:
    """A clock that only moves while somebody sleeps on it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock(now=lambda: NOW, monotonic=lambda: self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def canary(store: Store, tmp_path: Path) -> Canary:
    """That of a root, never seen before."""
    (tmp_path / "in").mkdir()
    with store.write() as tx:
        root = roots.ensure_root(tx, str(tmp_path / "in"), NOW)
        roots.set_selection(tx, root.id, CANARY)
        return Canary.of(tx, tmp_path / "in")


def test_a_canary_is_written_whole_and_leaves_nothing_beside_it(canary: Canary) -> None:
    """Each time it looks different; while it is written its name is one that the intake passes over."""
    seen = set[str]()
    for _ in range(5):
        write(canary, NOW)
        seen.add(_stamp(canary.file))
        assert [path.name for path in canary.file.parent.iterdir()] == ["alive.txt"]
    assert len(seen) == 5
    assert canary.file.read_text().startswith("cxr-triage canary 2026-11-22T12:00:00+00:00 ")
    assert is_temporary(f".{canary.file.name}.0123456789abcdef")


def test_a_canary_that_cannot_be_written_is_an_error_with_a_remedy(canary: Canary) -> None:
    canary.file.mkdir()
    with pytest.raises(DaemonError, match=r"cannot write canary .*alive\.txt: Is a directory; run this as somebody"):
        write(canary, NOW)
    assert [path.name for path in canary.file.parent.iterdir()] == ["alive.txt"]


def test_a_canary_counts_as_seen_when_the_store_shows_it_as_it_looks_now(store: Store, canary: Canary) -> None:
    """Not by what the store showed before, nor by what something else looked like."""
    time = Ticking()
    write(canary, NOW)
    assert wait(store, canary, time.clock, 3.0, time.sleep) is None
    assert time.seconds >= 3.0
    with store.write() as tx:
        roots.note_canary(tx, canary.root.id, "1 2 3", NOW)
    assert wait(store, canary, time.clock, 3.0, time.sleep) is None

    def see(seconds: float) -> None:
        time.sleep(seconds)
        with store.write() as tx:
            roots.note_canary(tx, canary.root.id, _stamp(canary.file), NOW)

    assert wait(store, canary, time.clock, 3.0, see) == pytest.approx(0.02)
    with store.read() as tx:
        again = Canary.of(tx, canary.file.parent)
    assert wait(store, again, time.clock, 3.0, time.sleep) is None


def test_a_root_without_a_canary_has_none_to_write(tx: Connection) -> None:
    roots.ensure_root(tx, "/in", NOW)
    with pytest.raises(DaemonError, match="none is configured; set canary in its"):
        Canary.of(tx, Path("/in"))
    with pytest.raises(DaemonError, match="it is no root; name one as `cxr-triage roots` lists them"):
        Canary.of(tx, Path("/in/below"))


def test_why_a_canary_was_not_seen_is_told_as_far_as_the_store_knows(store: Store, canary: Canary) -> None:
    """Nobody watches, nobody looks at this root, it cannot be seen, it is polled, or something else."""

    def said(tx: Connection) -> str:
        return str(not_seen(tx, canary, 60.0, NOW))

    with store.write() as tx:
        assert "after 60 s, no daemon watches (it never ran); start" in said(tx)
        run = _daemon(tx)
        assert "does not look after this root; name it" in said(tx)
        roots.set_root_state(tx, canary.root.id, RootState.AWAY, "Permission denied")
        assert "cannot see this root: Permission denied" in said(tx)
        roots.set_root_state(tx, canary.root.id, RootState.WATCHED)
        roots.mark_rescan_ended(tx, canary.root.id, NOW)
        roots.set_events(tx, canary.root.id, False)
        assert "it is looked at every now and then; give a longer --timeout" in said(tx)
        roots.set_events(tx, canary.root.id, True)
        assert "the daemon watches, and did not see it" in said(tx)
        runs.stop(tx, run.id, NOW)
        assert "no daemon watches (it is stopped)" in said(tx)


def test_the_log_tells_once_of_an_overdue_canary_and_once_of_its_return(
    tx: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """By the root's id: neither its path nor the file's name is in it."""
    root = roots.ensure_root(tx, "/in", NOW)
    roots.set_selection(tx, root.id, CANARY)
    watch = CanaryWatch()
    with caplog.at_level(logging.INFO, logger="cxr_triage.watch"):
        for minutes in (1, 9, 11, 12, 13):
            watch.look(roots.roots(tx), NOW + timedelta(minutes=minutes))
        roots.note_canary(tx, root.id, "1 2 3", NOW + timedelta(minutes=14))
        for minutes in (14, 15):
            watch.look(roots.roots(tx), NOW + timedelta(minutes=minutes))
    told = [(record.levelname, record.getMessage(), record.root) for record in caplog.records]  # type: ignore[attr-defined]
    assert told == [("ERROR", "canary is overdue", root.id), ("INFO", "canary is seen again", root.id)]


def test_a_root_is_meant_by_any_way_to_write_its_path(
    tx: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative, untidy, through a link, and when it is gone."""
    (tmp_path / "link").symlink_to(tmp_path / "in")
    root = roots.ensure_root(tx, str(tmp_path / "in"), NOW)
    monkeypatch.chdir(tmp_path)
    for typed in ("in", "./in/", "x/../in", "link", str(tmp_path / "in")):
        assert root_at(tx, Path(typed), "retire").id == root.id


def test_roots_are_listed_with_what_lies_in_them(tx: Connection) -> None:
    """Films that are gone, or whose place other content took, do not lie there."""
    root, empty = roots.ensure_root(tx, "/in", NOW), roots.ensure_root(tx, "/empty", NOW)
    blind.add(tx, root.id, NOW - timedelta(minutes=90), NOW - timedelta(minutes=60), "away")
    for number, state in enumerate((State.SCORED, State.REFUSED, State.READY, State.VANISHED, State.SUPERSEDED)):
        stamp = FileStamp(size=1, mtime_ns=1, ctime_ns=1, inode=1, device=1)
        at = NOW - timedelta(minutes=number)
        arrival = arrivals.add(tx, root.id, f"{number}", 1, stamp, at, backlog=False, reason="found")
        arrivals.move(tx, arrival.id, state, NOW, "done")
        if state is State.REFUSED:
            arrivals.mark_removed(tx, arrival.id, NOW)
    listed = {each["id"]: each for each in roots_document(tx, NOW)["roots"]}
    assert (listed[root.id]["films"], listed[root.id]["blind_minutes"]) == (2, 30.0)
    assert listed[root.id]["last_arrived_at"] == "2026-11-22T12:00:00Z"
    assert (listed[empty.id]["films"], listed[empty.id]["last_arrived_at"]) == (0, None)


def test_an_accepted_root_may_lie_on_anything(tx: Connection) -> None:
    root = roots.ensure_root(tx, "/in", NOW)
    roots.set_place(tx, root.id, "an old disk")
    accept(tx, Path("/in"))
    assert roots.get(tx, root.id).place is None


def test_a_retired_root_is_blind_no_more_and_comes_back_when_it_is_used(tx: Connection) -> None:
    """Its blind time ends, else it would grow for ever."""
    root = roots.ensure_root(tx, "/in", NOW)
    blind.begin(tx, root.id, NOW - timedelta(minutes=5), "away")
    retire(tx, Path("/in"), [], NOW)
    assert roots.get(tx, root.id).retired_at == NOW
    retire(tx, Path("/in"), [], NOW + timedelta(days=1))
    assert roots.get(tx, root.id).retired_at == NOW
    assert blind.minutes(tx, NOW - timedelta(days=1), NOW + timedelta(days=1)) == {root.id: 5.0}
    roots.set_selection(tx, root.id, CANARY)
    assert roots.get(tx, root.id).retired_at is None


def test_a_root_that_is_still_in_use_is_not_retired(tx: Connection, tmp_path: Path) -> None:
    """Not while the configuration names it, by whatever path, nor while a daemon looks after it."""
    (tmp_path / "link").symlink_to(tmp_path / "in")
    root = roots.ensure_root(tx, str(tmp_path / "in"), NOW)
    with pytest.raises(DaemonError, match="the configuration names it; take its"):
        retire(tx, tmp_path / "in", [tmp_path / "link"], NOW)
    run = _daemon(tx, root)
    with pytest.raises(DaemonError, match=rf"the daemon \(pid {os.getpid()}\) looks after it; stop it"):
        retire(tx, tmp_path / "in", [], NOW)
    assert roots.get(tx, root.id).retired_at is None
    runs.stop(tx, run.id, NOW)
    retire(tx, tmp_path / "in", [], NOW)
    assert roots.get(tx, root.id).retired_at == NOW


def test_a_daemon_that_no_longer_has_a_root_does_not_keep_it_from_being_retired(tx: Connection) -> None:
    """What an earlier daemon noted of the root stays in the store; it is of no account."""
    root = roots.ensure_root(tx, "/in", NOW - timedelta(days=1))
    roots.mark_rescan_ended(tx, root.id, NOW - timedelta(hours=2))
    roots.set_events(tx, root.id, True)
    _daemon(tx)
    retire(tx, Path("/in"), [], NOW)
    assert roots.get(tx, root.id).retired_at == NOW
