"""Disks that are full, files that cannot be written, a database that somebody holds: intake waits and goes on."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from builders.parts import missing, need_program
from builders.program import Running
from faults.mounts import need_mounts, tmpfs
from faults.ward import LONG, Ward, dice, end, film, films, quiet, said, wait

ROUNDS = 8 if LONG else 1
COUNT = 40 if LONG else 4
HELD = 10.0  # seconds more, when a write has waited for its turn for half a minute
WAITS = "intake waits, the store does not answer"
ANSWERS = "the store answers again"
Trouble = Callable[[Path], AbstractContextManager[None]]


@contextmanager
def _full(database: Path) -> Iterator[None]:
    """Fill the disk to its last byte."""
    with _no_room(database.parent):
        yield


@contextmanager
def _no_room(folder: Path) -> Iterator[None]:
    stopper = folder / ".stopper"
    with stopper.open("wb", buffering=0) as stream:
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    stream.write(bytes(size))
    try:
        yield
    finally:
        stopper.unlink()


@contextmanager
def _immutable(database: Path) -> Iterator[None]:
    """Forbid writing also to who has the files open: a disk cannot be mounted read-only under an open database."""
    files = [file for file in (database, database.with_name(f"{database.name}-wal")) if file.exists()]
    if subprocess.run([need_program("chattr"), "+i", *files], capture_output=True, check=False).returncode != 0:
        missing("this file system knows no immutable files")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *files], check=True)


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    """Hold the write lock, as a person with a database browser does."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        time.sleep(HELD)


@pytest.mark.system("util-linux mount")
def test_a_full_disk_under_the_database_stops_intake_until_there_is_room(tmp_path: Path) -> None:
    need_mounts()
    with tmpfs(tmp_path / "disk", "12m") as disk:
        _goes_on_after(_full, Ward.at(tmp_path, database=disk / "t.db"))


@pytest.mark.system("e2fsprogs")
def test_a_database_that_becomes_read_only_stops_intake_until_it_can_be_written(tmp_path: Path) -> None:
    _goes_on_after(_immutable, Ward.at(tmp_path))


@pytest.mark.skipif(not LONG, reason="a minute of waiting; CXR_TRIAGE_FAULTS=long runs it")
def test_a_database_that_somebody_holds_stops_intake_until_it_is_let_go(tmp_path: Path) -> None:
    _goes_on_after(_locked, Ward.at(tmp_path), rounds=1)


def _goes_on_after(trouble: Trouble, ward: Ward, rounds: int = ROUNDS) -> None:
    """Films come before, in and after the trouble, some are renamed and deleted in it; it is told of, and passes."""
    chance = dice()
    kept: dict[str, bytes] = {}
    earlier: list[bytes] = []
    with ward.watching() as running:
        for turn in range(1, rounds + 1):
            before = films(COUNT, 1000 * turn, f"a{turn}-")
            ward.put(before)
            kept |= before
            ward.wait_for_scores(running, kept)
            with trouble(ward.database):
                kept |= _put_until_it_waits(ward, running, turn)
                first, second, *_ = before
                (ward.incoming / first).rename(ward.incoming / f"renamed-{first}")
                kept[f"renamed-{first}"] = kept.pop(first)
                (ward.incoming / second).unlink()
                earlier.append(kept.pop(second))
                time.sleep(chance.uniform(1, 3))
            said(running, ANSWERS, turn)
            after = films(COUNT, 1000 * turn + 500, f"c{turn}-")
            ward.put(after)
            kept |= after
            ward.wait_for_scores(running, kept)
        quiet(ward, running)
        end(running)
    ward.check(kept, earlier)
    assert len(ward.blind()) == rounds
    assert all(span.ended is not None for span in ward.blind())


def _put_until_it_waits(ward: Ward, running: Running, turn: int) -> dict[str, bytes]:
    """A write-ahead log may have room left inside: films come until the daemon says that it waits."""
    new: dict[str, bytes] = {}

    def one_more() -> bool:
        number = len(new)
        more = films(1, 1000 * turn + 100 + number, f"b{turn}-{number:03}-")
        ward.put(more)
        new.update(more)
        return running.said().count(WAITS) >= turn

    wait(one_more, lambda: WAITS, running)
    return new


@pytest.mark.system("util-linux mount")
def test_films_that_were_cut_off_by_a_full_share_are_scored_when_they_are_copied_again(tmp_path: Path) -> None:
    """A part of a film has no score; the whole one supersedes it."""
    need_mounts()
    chance = dice()
    kept: dict[str, bytes] = {}
    with tmpfs(tmp_path / "incoming", "1m") as incoming:
        ward = Ward.at(tmp_path)
        with ward.watching() as running:
            for turn in range(ROUNDS):
                with _no_room(incoming):
                    name, data = f"cut{turn}.jpg", film(100 + turn)
                    with (incoming / ".stopper").open("rb+") as stopper:
                        stopper.truncate((incoming / ".stopper").stat().st_size - (1 << 13))  # a few blocks are left
                    with pytest.raises(OSError, match="No space"):
                        _copy(data, incoming / name)
                    wait(lambda name=name: ward.state(name) == "failed", ward.rows, running)
                time.sleep(chance.uniform(0, 1))
                (incoming / name).write_bytes(data)
                kept[name] = data
                ward.wait_for_scores(running, kept)
                assert [row.state for row in ward.rows() if row.path == name] == ["superseded", "scored"]
            quiet(ward, running)
            end(running)
        ward.check(kept)


def _copy(data: bytes, path: Path) -> None:
    """Write as a copy program does, block by block, and leave what there is when it fails."""
    with path.open("wb", buffering=0) as stream:
        for start in range(0, len(data), 1024):
            stream.write(data[start : start + 1024])
