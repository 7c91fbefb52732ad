"""Simulated power cuts: `python tests/faults/power.py --cuts 20 --seed 1 --folder DIR`.

The unmodified program runs under a recorder of everything that it asks of the disk (recording.py, recorder.c), and a
reader notes what it saw committed. For each cut, a moment of a recording is drawn, and the disk is made as the cut may
leave it, in eight ways (disk.py, Fate): what was not synced is there, missing, reordered or torn. Each of these disks
has to open, whole, with every row that was acknowledged before the cut; and on one of them a real `scan` has to bring
every film to its end, none of them scored twice, and `account --verify` to find nothing.

A case is replayed by the seed on the kept recordings: the same command with --again. With --forget-syncs the disk
takes every sync of the write-ahead log for nothing: rows are lost then, which shows that the harness can see it.
--disks-only leaves the scan out, which takes most of the time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any, Final

if __package__ in {None, ""}:
    sys.path[:0] = [str(Path(__file__).resolve().parents[up]) for up in (1, 2)]

from builders.program import Program
from faults.disk import Disk, Fate, Operation
from faults.recording import (
    Recorder,
    Recording,
    build_recorder,
    later_migrations,
    life_of_a_store,
    migration,
    read_recording,
    scan_of_a_folder,
)
from faults.snapshots import rows

from db.errors import StoreError
from db.migrate import SHIPPED, Migrations
from db.store import open_store
from db.verify import consistency


class Moment(StrEnum):
    """When the power goes."""

    FIRST = "before the first acknowledgement"
    ACKNOWLEDGED = "right after an acknowledgement"
    NEXT = "in what follows an acknowledgement"
    CHECKPOINT = "while the database file is written"
    ANY = "anywhere"


@dataclass(frozen=True, slots=True)
class Cut:
    """A moment of a recording at which the power goes."""

    recording: Recording
    number: int
    drawn: str
    seed: int

    @property
    def position(self) -> int:
        """How long the log was."""
        return self.recording.operations[self.number - 1].end if self.number else 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done for a cut.

    Attributes:
        fates: the disks that are made.
        go_on: whether the real program goes on from one of them.
        forget_syncs: whether no sync of the write-ahead log counts: the control.
    """

    fates: Sequence[Fate] = tuple(Fate)
    go_on: bool = True
    forget_syncs: bool = False


EVERYTHING: Final = Plan()


@dataclass(slots=True)
class Findings:
    """What became of all cuts."""

    cuts: int = 0
    disks: int = 0
    uncertain: int = 0
    rows: int = 0
    lost: int = 0
    scans: int = 0
    problems: list[str] = field(default_factory=list)
    drawn: Counter[str] = field(default_factory=Counter)


def draw(recordings: Sequence[Recording], number: int, seed: int) -> Cut:
    """The n-th cut of a seed: recordings in turn, and in each the moments at which something is at stake."""
    rng = Random(f"{seed}/{number}")
    recording = recordings[number % len(recordings)]
    moment = rng.choice(list(Moment))
    count = len(recording.operations)
    in_file = [n for n, each in enumerate(recording.operations, 1) if each.kind == "W" and each.path.endswith(".db")]
    seen = [sum(each.end <= shot.position for each in recording.operations) for shot in recording.snapshots]
    match moment:
        case Moment.FIRST:
            at = rng.randint(0, seen[0])
        case Moment.ACKNOWLEDGED:
            at = rng.choice(seen)
        case Moment.NEXT:
            at = min(count, rng.choice(seen) + rng.randint(1, 30))
        case Moment.CHECKPOINT if in_file:
            at = rng.choice(in_file)
        case _:
            at = rng.randint(0, count)
    return Cut(recording, at, moment.value, rng.getrandbits(32))


def _of_the_log(operation: Operation) -> bool:
    return operation.path.endswith("-wal")


def _nothing(_: Operation) -> bool:
    return False


def judge_cut(cut: Cut, folder: Path, findings: Findings, plan: Plan = EVERYTHING) -> None:
    """Every disk that this cut may leave, one of them with the real program on it."""
    disk = cut.recording.disk()
    for operation in cut.recording.operations[: cut.number]:
        disk.apply(operation, _of_the_log if plan.forget_syncs else _nothing)
    findings.cuts += 1
    findings.drawn[f"{cut.recording.name}, {cut.drawn}"] += 1
    findings.uncertain += disk.uncertain()
    rng = Random(cut.seed)
    goes_on = rng.choice(plan.fates) if plan.go_on else None
    for fate in plan.fates:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        problems = _judge(cut, fate, disk, folder, rng, findings)
        if fate is goes_on and not problems:
            problems = _go_on(cut, folder)
            findings.scans += 1
        where = f"{cut.recording.name}, cut after operation {cut.number} ({cut.drawn}), {fate.value}"
        findings.problems += [f"{where}: {problem}" for problem in problems]
        if problems and not plan.forget_syncs:
            shutil.copytree(folder, folder.with_name(f"failed-{len(findings.problems)}"), dirs_exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _judge(cut: Cut, fate: Fate, disk: Disk, folder: Path, rng: Random, findings: Findings) -> list[str]:
    """What is wrong with the store that one fate leaves."""
    for name, data in disk.after_cut(fate, rng).items():
        (folder / name).write_bytes(data)
    findings.disks += 1
    file = folder / "t.db"
    acknowledged = cut.recording.acknowledged(cut.position)
    lost = {table: len(seen) for table, seen in acknowledged.items()}
    findings.rows += sum(lost.values())
    problems = []
    try:
        with open_store(str(file), create=True, migrations=_migrations(cut.recording)) as store, store.read() as tx:
            problems += [f"it does not hold together: {each.kind}: {each.text}" for each in consistency(tx)]
        with closing(sqlite3.connect(file)) as connection:
            problems += _whole(connection)
            lost = _missing(connection, acknowledged)
        if cut.recording.migrated:
            problems += _copy_kept(cut, folder)
    except (StoreError, sqlite3.Error) as error:
        problems.append(f"it does not open: {error}")
    findings.lost += sum(lost.values())
    return problems + [f"{count} acknowledged rows of {table} are lost" for table, count in lost.items() if count]


def _migrations(recording: Recording) -> Migrations:
    return later_migrations(recording.folder) if recording.migrated else SHIPPED


def _whole(connection: sqlite3.Connection) -> list[str]:
    words = [word for (word,) in connection.execute("PRAGMA integrity_check") if word != "ok"]
    keys = connection.execute("PRAGMA foreign_key_check").fetchall()
    return [f"integrity_check: {word}" for word in words] + [f"foreign_key_check: {key}" for key in keys]


def _missing(connection: sqlite3.Connection, acknowledged: dict[str, list[list[Any]]]) -> dict[str, int]:
    """How many acknowledged rows are not there as they were, by table."""
    lost = {}
    for table, seen in acknowledged.items():
        there = {row[0]: row for row in rows(connection, table)}
        lost[table] = sum(there.get(row[0]) != row for row in seen)
    return lost


def _copy_kept(cut: Cut, folder: Path) -> list[str]:
    """A migrated store has its copy beside it, whole; it is as it was before the migration."""
    copy = folder / "t.db.before-later"
    if not copy.exists():
        return ["it is migrated, and no copy was kept"]
    with open_store(str(copy), create=False) as store, store.read() as tx:
        problems = [f"the copy does not hold together: {each.text}" for each in consistency(tx)]
    with closing(sqlite3.connect(copy)) as connection:
        lost = _missing(connection, cut.recording.acknowledged(sys.maxsize))
        problems += _whole(connection)
    return problems + [f"the copy lacks {count} rows of {table}" for table, count in lost.items() if count]


def _go_on(cut: Cut, folder: Path) -> list[str]:
    """The real program sees everything through."""
    file = folder / ("t.db.before-later" if cut.recording.migrated else "t.db")
    films = cut.recording.films
    program = Program(folder, cut.recording.folder / "bundle")
    done = program.run("scan", films, "--settle-seconds", "0.1", "--db", file)
    if done.code:
        return [f"scan ends with {done.code}: {done.err or done.out}"]
    account = program.run("account", "--verify", "--format", "json", "--db", file).document
    problems = [f"{each['kind']}: {each['text']}" for each in account["discrepancies"]]
    if not account["balanced"] or account["pending"]:
        problems.append(f"the account is not closed: {account}")
    with closing(sqlite3.connect(file)) as connection:
        lost = _missing(connection, cut.recording.acknowledged(cut.position))
        ends = Counter(
            row[0] for row in connection.execute("SELECT arrival_id FROM history WHERE to_state = 'scored'").fetchall()
        )
        (scored,) = connection.execute("SELECT count(*) FROM arrival WHERE state = 'scored'").fetchone()
        (results,) = connection.execute("SELECT count(DISTINCT content_sha256) FROM result").fetchone()
        (every,) = connection.execute("SELECT count(*) FROM result").fetchone()
    if every != results:
        problems.append(f"{every} results of {results} contents")
    if twice := [arrival for arrival, count in ends.items() if count > 1]:
        problems.append(f"arrivals {twice} were scored twice")
    if scored < sum(1 for _ in films.glob("*.jpg")):
        problems.append(f"only {scored} films are scored")
    return problems + [f"after the scan {count} rows of {table} are gone" for table, count in lost.items() if count]


def record(folder: Path, seed: int, films: int) -> list[Recording]:
    """Record everything anew."""
    folder.mkdir(parents=True)
    recorder = build_recorder(folder)
    scan = scan_of_a_folder(Recorder(folder / "scan", recorder, Random(f"{seed}/scan")), films // 2)
    life = life_of_a_store(Recorder(folder / "life", recorder, Random(f"{seed}/life")), films)
    old = folder / "old"
    old.mkdir()
    for file in (scan.folder / "state").glob("t.db"):
        shutil.copy(file, old)
    return [life, scan, migration(Recorder(folder / "migration", recorder, Random(f"{seed}/migration"), old))]


def recorded(folder: Path) -> list[Recording]:
    """The recordings that an earlier run kept."""
    return [read_recording(folder / name) for name in ("life", "scan", "migration")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Cut, and say what was found; 1 when anything was lost or broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--films", type=int, default=60, help="how many arrive in the longest recording")
    parser.add_argument("--folder", type=Path, required=True, help="where recordings and failed cases are kept")
    parser.add_argument("--again", action="store_true", help="cut the recordings that are there")
    parser.add_argument("--disks-only", action="store_true", help="no scan goes on: many more cuts in the same time")
    parser.add_argument("--forget-syncs", action="store_true", help="a control: no sync of the log counts")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args(arguments)
    kept: Final = options.folder.resolve() / "recordings"
    recordings = recorded(kept) if options.again else record(kept, options.seed, options.films)
    findings = Findings()
    plan = Plan(go_on=not (options.forget_syncs or options.disks_only), forget_syncs=options.forget_syncs)
    for number in range(options.cuts):
        cut = draw(recordings, number, options.seed)
        judge_cut(cut, kept.parent / "disk", findings, plan)
    document = {
        "seed": options.seed,
        "recorded_operations": {each.name: len(each.operations) for each in recordings},
        "recorded_syncs": {each.name: sum(one.kind in "SD" for one in each.operations) for each in recordings},
        "snapshots": {each.name: len(each.snapshots) for each in recordings},
        "cuts": findings.cuts,
        "drawn": dict(findings.drawn),
        "disks": findings.disks,
        "unsynced_operations": findings.uncertain,
        "acknowledged_rows_checked": findings.rows,
        "acknowledged_rows_lost": findings.lost,
        "scans_on_a_disk_after_a_cut": findings.scans,
        "problems": findings.problems,
    }
    if options.format == "json":
        print(json.dumps(document, indent=2))
    else:
        for key, value in document.items():
            print(f"{key.replace('_', ' '):<28} {value}")
    return 1 if findings.problems or findings.lost else 0


if __name__ == "__main__":
    sys.exit(main())
