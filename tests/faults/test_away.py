"""A root that cannot be seen for a while, in every way that happens to a mounted folder: noticed, told, taken up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from builders.parts import need_program
from faults.mounts import bound, need_mounts, remount, tmpfs, unmount
from faults.ward import LONG, PERIOD, Ward, check_blind, dice, end, film, films, quiet, said, wait

OUTAGE = 2.5 * PERIOD
ROUNDS = 12 if LONG else 1
COUNT = 40 if LONG else 3
FOREIGN = "foreign.jpg"
SEEN_NO_MORE = "root cannot be seen"
Hide = Callable[[Ward], AbstractContextManager[Path]]


@contextmanager
def _renamed(ward: Ward) -> Iterator[Path]:
    elsewhere = ward.incoming.with_name("elsewhere")
    ward.incoming.rename(elsewhere)
    yield elsewhere
    elsewhere.rename(ward.incoming)


@contextmanager
def _forbidden(ward: Ward) -> Iterator[Path]:
    mode = ward.incoming.stat().st_mode
    ward.incoming.chmod(0)
    yield ward.incoming  # the department may write there still
    ward.incoming.chmod(mode)


@contextmanager
def _mounted_over(ward: Ward) -> Iterator[Path]:
    """Nothing is there, as below the mount point of a share."""
    below = ward.incoming.with_name("below")
    with bound(ward.incoming, below), tmpfs(ward.incoming, "1m"):
        yield below


@contextmanager
def _replaced(ward: Ward) -> Iterator[Path]:
    """Something else is there: its films are scored too, and take nobody's place."""
    below, other = ward.incoming.with_name("below"), ward.incoming.with_name("other")
    with tmpfs(other, "1m"):
        ward.put({FOREIGN: film(9999)}, other)
        with bound(ward.incoming, below), bound(other, ward.incoming):
            yield below


@pytest.mark.system("util-linux mount")
@pytest.mark.parametrize(
    ("hide", "event", "state"),
    [
        (_renamed, SEEN_NO_MORE, "away"),
        (_forbidden, SEEN_NO_MORE, "away"),
        (_mounted_over, SEEN_NO_MORE, "away"),
        (_replaced, "root was replaced", "replaced"),
    ],
)
def test_a_root_that_goes_away_and_comes_back_loses_nothing(tmp_path: Path, hide: Hide, event: str, state: str) -> None:
    """It is told of within a period, no film counts as gone, and what came meanwhile is scored, without a restart."""
    need_mounts()
    chance = dice()
    # root may read everything; without these it is like everybody else
    limits = [need_program("setpriv"), "--bounding-set", "-dac_override,-dac_read_search"]
    ward = Ward.at(tmp_path, prefix=limits)
    kept = films(COUNT)
    ward.put(kept)
    hidden: list[float] = []
    with ward.watching() as running:
        ward.wait_for_scores(running, kept)
        before = [row for row in ward.rows() if row.path != FOREIGN]
        for turn in range(1, ROUNDS + 1):
            began = time.monotonic()
            with hide(ward) as real:
                said(running, event, turn)
                wait(lambda: ward.root_state() == state, ward.root_state, running)
                status = ward.program.run("status", "--format", "json", "--db", ward.database)
                assert (status.code, status.document["well"]) == (1, False)
                new = films(COUNT, 1000 * turn, f"t{turn}-")
                ward.put(new, real)
                time.sleep(max(0.0, began + OUTAGE * chance.uniform(0.7, 1.3) - time.monotonic()))
                now = [row for row in ward.rows() if row.path != FOREIGN]
                assert now == before  # nothing gone, nothing vanished
            hidden.append(time.monotonic() - began)
            said(running, "root is back", turn)
            kept |= new
            ward.wait_for_scores(running, kept)
            wait(lambda: ward.root_state() == "watched", ward.root_state, running)
            assert {row.generation for row in ward.rows()} == {1}
            before = [row for row in ward.rows() if row.path != FOREIGN]
        quiet(ward, running)
        end(running)
    ward.check(kept, [film(9999)])
    assert len([row for row in ward.rows() if row.path != FOREIGN]) == len(kept)
    assert len(ward.blind()) == ROUNDS
    check_blind(ward, *hidden)


@pytest.mark.system("util-linux mount")
def test_a_root_that_is_read_only_is_told_of_and_its_films_are_scored(tmp_path: Path) -> None:
    """Nobody can put films there, so a department waits in vain; what lies there can be read, so nothing is blind."""
    need_mounts()
    stored = tmp_path / "stored"
    stored.mkdir()
    with bound(stored, tmp_path / "incoming"):
        ward = Ward.at(tmp_path)
        kept = films(COUNT)
        ward.put(kept)
        with ward.watching() as running:
            ward.wait_for_scores(running, kept)
            remount(ward.incoming, "ro,bind")
            said(running, "root is read-only")
            wait(lambda: ward.root_state() == "read-only", ward.root_state, running)
            new = films(COUNT, 100, "other-side")
            ward.put(new, stored)  # the server's own side of a share that this machine has read-only
            kept |= new
            ward.wait_for_scores(running, kept)
            remount(ward.incoming, "rw,bind")
            wait(lambda: ward.root_state() == "watched", ward.root_state, running)
            new = films(COUNT, 200, "again")
            ward.put(new)
            kept |= new
            ward.wait_for_scores(running, kept)
            quiet(ward, running)
            end(running)
        ward.check(kept)
    assert ward.blind() == []


def test_a_root_that_is_away_while_the_daemon_is_not_there_is_the_same_when_both_are_back(tmp_path: Path) -> None:
    """A restart in the middle of an outage counts no film as gone, and the outage goes on in one account."""
    ward = Ward.at(tmp_path)
    kept = films(COUNT)
    ward.put(kept)
    with ward.watching() as running:
        ward.wait_for_scores(running, kept)
        began = time.monotonic()
        ward.incoming.rename(tmp_path / "elsewhere")
        said(running, SEEN_NO_MORE)
        end(running)
    with ward.watching() as running:
        wait(lambda: ward.root_state() == "away", ward.root_state, running)
        new = films(COUNT, 100, "meanwhile")
        ward.put(new, tmp_path / "elsewhere")
        (tmp_path / "elsewhere").rename(ward.incoming)
        hidden = time.monotonic() - began
        kept |= new
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        end(running)
    ward.check(kept)
    assert len(ward.rows()) == len(kept)
    check_blind(ward, hidden)


@pytest.mark.system("util-linux mount")
def test_a_share_that_is_mounted_inside_a_root_may_come_and_go_too(tmp_path: Path) -> None:
    """One root over the shares of several departments: the empty folder of one that is away tells of no film."""
    need_mounts()
    ward = Ward.at(tmp_path)
    share = tmp_path / "share"
    kept = {**films(COUNT, name="ward/a"), **films(COUNT, 100, "other/b")}
    (ward.incoming / "ward").mkdir()
    with ExitStack() as mounts:
        mounts.enter_context(tmpfs(share, "4m"))
        mounts.enter_context(bound(share, ward.incoming / "ward"))
        running = mounts.enter_context(ward.watching())
        ward.put(kept)
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        before = ward.rows()
        unmount(ward.incoming / "ward")
        quiet(ward, running)
        assert ward.rows() == before
        new = films(COUNT, 200, "c")
        ward.put(new, share)
        mounts.enter_context(bound(share, ward.incoming / "ward"))
        kept |= {f"ward/{name}": data for name, data in new.items()}
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        end(running)
        ward.check(kept)
    assert len(ward.rows()) == len(kept)
