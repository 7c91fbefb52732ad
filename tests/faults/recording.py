"""Runs the unmodified program under the recorder while films arrive, and keeps what was acknowledged when.

A recording is a folder: `state` with the database, `before` with what was in it at first, `films`, the recorder's
`log`, and one line of `snapshots.jsonl` for each look of snapshots.py.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from builders.bundles import tiny_bundle
from builders.films import grey_film, jpeg
from builders.parts import ROOT
from builders.program import Program, Running, wait_until
from faults.disk import Disk, Operation, read_log

from db.migrate import SHIPPED, Migrations
from db.states import PENDING

HERE: Final = Path(__file__).parent
CONFIG: Final = '[store]\nurl = "state/t.db"\n[[root]]\npath = "films"\nsettle_seconds = 0.2\nrescan_seconds = 2\n'
LATER: Final = '''"""A step of a later version, for a migration that is cut short."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "later", {head!r}


def upgrade() -> None:
    with op.batch_alter_table("arrival") as table:
        table.add_column(sa.Column("colour", sa.Text()))
    op.execute("CREATE TABLE later (id INTEGER PRIMARY KEY)")
    op.execute("INSERT INTO later (id) SELECT id FROM arrival")
'''
MIGRATE: Final = (
    "import sys; from pathlib import Path; from db.migrate import Migrations; from db.store import open_store;"
    "open_store(sys.argv[1], create=False, migrations=Migrations(Path(sys.argv[2]), tuple(sys.argv[3:]))).close()"
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one look saw that no look before it did.

    Attributes:
        position: how long the log was when it had been read.
    """

    position: int
    revision: str
    new: dict[str, list[list[Any]]]


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished recording, read back."""

    folder: Path
    operations: list[Operation]
    snapshots: list[Snapshot]
    migrated: bool

    @property
    def name(self) -> str:
        """What it is of."""
        return self.folder.name

    @property
    def films(self) -> Path:
        """The root, as it was in the end."""
        return self.folder / "films"

    def disk(self) -> Disk:
        """The disk as it was before the first operation."""
        disk = Disk()
        inodes = json.loads((self.folder / "before.json").read_text())
        for name, inode in inodes.items():
            disk.hold(name, inode, (self.folder / "before" / name).read_bytes())
        return disk

    def acknowledged(self, position: int) -> dict[str, list[list[Any]]]:
        """Every row that somebody had seen committed before the log grew beyond a position."""
        found: dict[str, list[list[Any]]] = {}
        for snapshot in self.snapshots:
            if snapshot.position <= position:
                for table, rows in snapshot.new.items():
                    found.setdefault(table, []).extend(rows)
        return found


def build_recorder(folder: Path) -> Path:
    """Compile recorder.c."""
    made = folder / "recorder.so"
    options = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared"]
    subprocess.run(["gcc", *options, "-o", made, HERE / "recorder.c", "-ldl"], check=True)
    return made


def later_migrations(folder: Path) -> Migrations:
    """The migrations of a version after this one."""
    steps = folder / "migrations"
    if not steps.exists():
        shutil.copytree(SHIPPED.folder, steps, ignore=shutil.ignore_patterns("__pycache__"))
        (steps / "versions" / "later.py").write_text(LATER.format(head=SHIPPED.head))
    return Migrations(steps, (*SHIPPED.revisions, "later"))


@dataclass(slots=True)
class Recorder:
    """One recording in the making."""

    folder: Path
    recorder: Path
    rng: Random
    begin_with: Path | None = None  # a state folder
    films: int = 0
    made: list[str] = field(default_factory=list)
    kills: list[int] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    revision: str = ""

    def __post_init__(self) -> None:
        for name in ("state", "films", "before"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "config.toml").write_text(CONFIG)
        self.log.touch()
        inodes = {}
        for file in sorted(self.begin_with.iterdir()) if self.begin_with else ():
            shutil.copy(file, self.folder / "before")
            inodes[file.name] = Path(shutil.copy(file, self.state)).stat().st_ino
        (self.folder / "before.json").write_text(json.dumps(inodes))

    @property
    def state(self) -> Path:
        """Where the database lies, and whose operations are recorded."""
        return self.folder / "state"

    @property
    def log(self) -> Path:
        """What recorder.c writes."""
        return self.folder / "log"

    def program(self) -> Program:
        """`cxr-triage` under the recorder."""
        bundle = self.folder / "bundle"
        names = {
            "LD_PRELOAD": self.recorder,
            "CXR_RECORD_FOLDER": self.state.resolve(),
            "CXR_RECORD_LOG": self.log.resolve(),
        }
        settings = {name: os.fspath(path) for name, path in names.items()}
        return Program(self.folder, bundle if bundle.exists() else tiny_bundle(bundle), settings)

    @contextmanager
    def read_along(self) -> Iterator[None]:
        """Take snapshots meanwhile, in another process under the recorder."""
        command = [sys.executable, HERE / "snapshots.py", self.state / "t.db", self.log.resolve()]
        reader = subprocess.Popen(command, env=self.program().environment(), stdout=subprocess.PIPE)
        thread = threading.Thread(target=self._keep, args=[reader])
        thread.start()
        try:
            yield
        finally:
            with self._nothing_happening():
                reader.kill()
            thread.join()
            reader.wait()

    def _keep(self, reader: subprocess.Popen[bytes]) -> None:
        assert reader.stdout is not None
        with (self.folder / "snapshots.jsonl").open("a") as kept:
            for line in reader.stdout:
                if line.endswith(b"\n"):
                    kept.write(line.decode())
                    found = json.loads(line)
                    self.states, self.revision = found["states"], found["revision"]

    @contextmanager
    def _nothing_happening(self) -> Iterator[None]:
        """Hold the recorder's lock: nobody is between an operation and its record."""
        with self.log.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def kill(self, running: Running) -> None:
        """SIGKILL a daemon, between two operations."""
        with self._nothing_happening():
            running.process.kill()
            running.process.wait()
            self.kills.append(self.log.stat().st_size)

    def arrive(self, count: int) -> None:
        """Films come: most are written, some renamed into place, some replace or follow a film that goes."""
        for _ in range(count):
            self.films += 1
            name = f"{self.films:04d}.jpg"
            data = jpeg(grey_film(200, 180, seed=self.rng.getrandbits(60)))
            how = self.rng.random()
            if how < 0.15 and self.made:
                name = self.rng.choice(self.made)  # other content under a known name
            elif how < 0.25 and len(self.made) > 2:
                (self.folder / "films" / self.made.pop(self.rng.randrange(len(self.made)))).unlink()
            part = self.folder / "films" / f"{name}.part"
            part.write_bytes(data)
            part.rename(part.with_name(name)) if how > 0.7 else _rewrite(part, part.with_name(name))
            if name not in self.made:
                self.made.append(name)

    def wait_until_ended(self, running: Running) -> None:
        """Until every film that lies there was seen, and everything that was seen came to an end."""

        def ended() -> bool:
            pending = sum(self.states.get(state.value, 0) for state in PENDING)
            return not pending and sum(self.states.values()) >= len(self.made)

        wait_until(ended, lambda: f"nothing to be pending; it is {self.states}", running.alive)

    def finish(self, *, migrated: bool = False) -> Recording:
        """Close the recording.

        Raises:
            AssertionError: what the log says does not make the files that are there: something was not recorded.
        """
        (self.folder / "recording.json").write_text(json.dumps({"kills": self.kills, "migrated": migrated}))
        recording = read_recording(self.folder)
        disk = recording.disk()
        for operation in recording.operations:
            disk.apply(operation)
        there = {file.name: file.read_bytes() for file in self.state.iterdir() if not file.name.endswith("-shm")}
        assert disk.settled() == there, f"the log of {self.folder} does not lead to the files that are there"
        return recording


def _rewrite(source: Path, target: Path) -> None:
    """Write a film in place, as a plain copy does."""
    target.write_bytes(source.read_bytes())
    source.unlink()


def read_recording(folder: Path) -> Recording:
    """A recording that was finished."""
    operations = read_log((folder / "log").read_bytes())
    facts = json.loads((folder / "recording.json").read_text())
    lines = [json.loads(line) for line in (folder / "snapshots.jsonl").read_text().splitlines()]
    settle = _sync_after(operations, facts["kills"])
    snapshots = [Snapshot(settle(line["position"]), line["revision"], line["new"]) for line in lines]
    return Recording(folder, operations, snapshots, facts["migrated"])


def _sync_after(operations: list[Operation], kills: list[int]) -> Callable[[int], int]:
    """From when on what was seen is certain: at once, but for what was seen between a kill and the next sync.

    A process killed between writing a commit and syncing it leaves it for the next to recover, who shows it without
    another sync; SQLite promises it to nobody before its next commit.
    """
    syncs = [operation.end for operation in operations if operation.kind == "S" and operation.path.endswith("-wal")]
    windows = [(kill, next((end for end in syncs if end > kill), sys.maxsize)) for kill in kills]
    return lambda position: next((end for kill, end in windows if kill <= position < end), position)


def life_of_a_store(recorder: Recorder, films: int, kills: Sequence[bool] = (False, True, False)) -> Recording:
    """A new database, one daemon after another, then a scan.

    Args:
        films: about how many come in all of it, before, under and after each daemon.
        kills: for each daemon, whether it is killed while a film is with the workers, or told to stop.
    """
    config = ("--config", "config.toml")
    share = max(1, films // (2 * len(kills) + 1))
    with recorder.read_along():
        for kill in kills:
            recorder.arrive(share)
            with recorder.program().started(*config, "watch") as running:
                running.wait_for("event=watching")
                recorder.arrive(share)
                if kill:
                    wait_until(lambda: recorder.states.get("running", 0) > 0, lambda: "a film at work", running.alive)
                    recorder.kill(running)
                else:
                    recorder.wait_until_ended(running)
                    assert running.terminate() == 0, running.said()
        recorder.arrive(share)
        recorder.program().good(*config, "scan")
    return recorder.finish()


def scan_of_a_folder(recorder: Recorder, films: int) -> Recording:
    """A new database by `scan`, with every film there before; twice."""
    with recorder.read_along():
        for _ in range(2):
            recorder.arrive(max(1, films // 2))
            recorder.program().good("--config", "config.toml", "scan")
    return recorder.finish()


def migration(recorder: Recorder) -> Recording:
    """A store that an older version left, brought to a later schema."""
    later = later_migrations(recorder.folder)
    arguments = [recorder.state / "t.db", later.folder, *later.revisions]
    environment = {**recorder.program().environment(), "PYTHONPATH": os.fspath(ROOT)}
    with recorder.read_along():
        wait_until(lambda: bool(recorder.states), lambda: "the first look", lambda: True)
        subprocess.run([sys.executable, "-c", MIGRATE, *arguments], env=environment, check=True)
        wait_until(lambda: recorder.revision == "later", lambda: "the later schema to be seen", lambda: True)
    return recorder.finish(migrated=True)
