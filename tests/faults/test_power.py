"""Simulated power cuts, the short version: `python tests/faults/power.py` is the long one."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest
from builders.parts import need_program
from faults.disk import Disk, Fate, Operation
from faults.power import Cut, Findings, Plan, draw, judge_cut
from faults.recording import Recorder, Recording, build_recorder, life_of_a_store, migration

SEED = 20261122


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_program("gcc")
    return build_recorder(tmp_path_factory.mktemp("recorder"))


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, recorder: Path) -> Recording:
    """A new store; a daemon that is killed at work; a scan. That all of it was recorded is asserted there."""
    folder = tmp_path_factory.mktemp("life") / "life"
    return life_of_a_store(Recorder(folder, recorder, Random(SEED)), films=15, kills=[True])


@pytest.mark.system("gcc")
@pytest.mark.system("libc6-dev")
def test_no_acknowledged_row_is_lost_in_a_power_cut(life: Recording, tmp_path: Path) -> None:
    """Whatever of the unsynced writes arrived: the store opens, holds together, and a scan sees everything through."""
    findings = Findings()
    for number in range(4):
        judge_cut(draw([life], number, SEED), tmp_path / "disk", findings, Plan(go_on=number == 3))
    assert findings.problems == []
    assert findings.rows > 0
    assert findings.scans == 1


@pytest.mark.system("gcc")
@pytest.mark.system("libc6-dev")
def test_rows_are_lost_where_the_disk_ignores_syncs(life: Recording, tmp_path: Path) -> None:
    """The control: the same harness, and it sees the loss."""
    some = life.snapshots[:: max(1, len(life.snapshots) // 6)]  # one alone may lie right after a checkpoint
    positions = [sum(operation.end <= snapshot.position for operation in life.operations) for snapshot in some]
    for forget_syncs in (False, True):
        findings = Findings()
        for position in positions:
            cut = Cut(life, position, "at an acknowledgement", SEED)
            judge_cut(cut, tmp_path / "disk", findings, Plan([Fate.NONE], go_on=False, forget_syncs=forget_syncs))
        assert (findings.lost > 0) is forget_syncs


@pytest.mark.system("gcc")
@pytest.mark.system("libc6-dev")
def test_a_migration_that_a_power_cut_ends_keeps_the_old_store_or_its_copy(
    life: Recording, recorder: Path, tmp_path: Path
) -> None:
    """The old schema or the new one, all rows in it; and where it is the new one, the copy is on the disk."""
    old = tmp_path / "old"
    old.mkdir()
    shutil.copy(life.folder / "state" / "t.db", old)
    recording = migration(Recorder(tmp_path / "migration", recorder, Random(SEED), old))
    findings = Findings()
    renamed = next(n for n, operation in enumerate(recording.operations) if operation.kind == "R")
    committed = next(
        n for n, each in enumerate(recording.operations) if n > renamed and each.kind == "S" and "-wal" in each.path
    )
    for number in (renamed, renamed + 1, committed, committed + 1, len(recording.operations)):
        cut = Cut(recording, number, "in the migration", SEED)
        judge_cut(cut, tmp_path / "disk", findings, Plan([Fate.NONE, Fate.ONE_FILE], go_on=False))
    assert findings.problems == []


def _written(disk: Disk, *operations: tuple[str, str, int, bytes]) -> None:
    for kind, name, offset, data in operations:
        disk.apply(Operation(kind, f"/state/{name}", "/state/b" if kind == "R" else "", 1, offset, data, 1, 0))


def test_what_was_synced_survives_every_cut() -> None:
    disk = Disk()
    _written(disk, ("C", "a", 0, b""), ("W", "a", 0, b"x" * 2000), ("S", "a", 0, b""), ("D", "", 0, b""))
    _written(disk, ("W", "a", 2000, b"y" * 2000))
    for seed in range(50):
        for fate in Fate:
            found = disk.after_cut(fate, Random(seed))
            assert found["a"][:2000] == b"x" * 2000
            assert set(found["a"][2000:]) <= set(b"y\0")
    assert disk.after_cut(Fate.NONE, Random(0)) == {"a": b"x" * 2000}
    assert disk.settled() == {"a": b"x" * 2000 + b"y" * 2000}


def test_a_write_is_torn_between_sectors_only() -> None:
    disk = Disk()
    _written(disk, ("C", "a", 0, b""), ("W", "a", 100, b"x" * 1500), ("D", "", 0, b""))
    seen = {disk.after_cut(Fate.TORN_LAST, Random(seed))["a"].ljust(1600, b"\0") for seed in range(100)}
    assert len(seen) == 2**4
    for data in seen:
        assert data[:100] == bytes(100)
        for start, stop in ((100, 512), (512, 1024), (1024, 1536), (1536, 1600)):
            assert len(set(data[start:stop])) == 1


def test_a_name_is_certain_after_a_sync_of_its_folder_only() -> None:
    disk = Disk()
    _written(disk, ("C", "a", 0, b""), ("W", "a", 0, b"x"), ("S", "a", 0, b""))
    assert disk.after_cut(Fate.NONE, Random(0)) == {}
    _written(disk, ("D", "", 0, b""), ("R", "a", 0, b""))
    assert disk.after_cut(Fate.NONE, Random(0)) == {"a": b"x"}
    assert disk.after_cut(Fate.ALL, Random(0)) == {"b": b"x"}
    _written(disk, ("D", "", 0, b""), ("U", "b", 0, b""))
    assert disk.after_cut(Fate.NONE, Random(0)) == {"b": b"x"}
    assert disk.settled() == {}
