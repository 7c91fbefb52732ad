"""A mount that another machine writes to: no event ever comes, and the mount comes and goes."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from builders.parts import need_program
from faults.mounts import bindfs, need_mounts
from faults.ward import LONG, PERIOD, Ward, check_blind, dice, end, film, films, quiet, said, wait

ROUNDS = 10 if LONG else 1
COUNT = 60 if LONG else 4
OUTAGE = 2.5 * PERIOD


def _ward(tmp_path: Path, **root: object) -> tuple[Ward, Path]:
    need_mounts()
    need_program("bindfs")
    below = tmp_path / "below"
    below.mkdir()
    return Ward.at(tmp_path, polling="auto", **root), below


@pytest.mark.system("bindfs")
def test_a_mount_without_events_is_found_out_and_polled(tmp_path: Path) -> None:
    """What another machine writes there comes in after a few seconds, however far the next rescan is."""
    ward, below = _ward(tmp_path, rescan_seconds=3600, poll_seconds=1)
    with bindfs(below, ward.incoming), ward.watching() as running:
        kept = films(COUNT)
        ward.put(kept, below)
        ward.wait_for_scores(running, kept)
        kept |= {"f0000.jpg": film(900)}
        _written(below, "sub/part.tmp", film(901)).rename(below / "sub" / "renamed.jpg")
        kept["sub/renamed.jpg"] = film(901)
        ward.put({"f0000.jpg": film(900)}, below)
        ward.wait_for_scores(running, kept)
        end(running)
    with bindfs(below, ward.incoming):
        found = ward.program.run("account", "--verify", "--format", "json", "--db", ward.database)
    assert found.document["discrepancies"] == []


def _written(below: Path, name: str, data: bytes) -> Path:
    path = below / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.system("bindfs")
def test_a_mount_that_comes_and_goes_loses_nothing(tmp_path: Path) -> None:
    """The empty folder below a mount point does not say that the films are gone, nor other inodes that they are new."""
    ward, below = _ward(tmp_path)
    chance = dice()
    kept, hidden, began = films(COUNT), list[float](), 0.0
    ward.put(kept, below)
    with ExitStack() as daemon:
        for turn in range(ROUNDS + 1):
            with bindfs(below, ward.incoming):
                if turn == 0:
                    running = daemon.enter_context(ward.watching())
                else:
                    hidden.append(time.monotonic() - began)
                    said(running, "root is back", turn)
                ward.wait_for_scores(running, kept)
                assert {row.generation for row in ward.rows()} == {1}  # nothing arrived anew
                quiet(ward, running)
                if turn == ROUNDS:
                    end(running)
                    ward.check(kept)
                before, began = ward.rows(), time.monotonic()
            if turn < ROUNDS:
                wait(lambda: ward.root_state() in {"away", "replaced"}, ward.root_state, running)
                new = films(COUNT, 1000 * (turn + 1), f"t{turn}-")
                ward.put(new, below)
                kept |= new
                time.sleep(max(0.0, began + OUTAGE * chance.uniform(0.7, 1.3) - time.monotonic()))
                assert ward.rows() == before  # nothing is gone, vanished or failed
                _other_inodes(below)
    assert len(ward.rows()) == len(kept)
    check_blind(ward, *hidden)


def _other_inodes(below: Path) -> None:
    """Give every film another inode, as an archive has that was restored or is served by another machine."""
    for path in sorted(below.iterdir()):
        copy = path.with_name(f"{path.name}.tmp")
        copy.write_bytes(path.read_bytes())
        status = path.stat()
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
        copy.rename(path)
