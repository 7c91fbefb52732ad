"""What the fault tests share: the real daemon in a session of its own, looks into its database, and the verification.

Nothing here holds the database open: a look opens it read-only and closes it again, so that what a kill left behind is
found by the next daemon as the kill left it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from builders.bundles import tiny_bundle
from builders.program import Done, Program, command_line

from daemon.intake.audit import Audit, verify
from db.store import open_store

CONFIG: Final = """[store]
url = "t.db"

[[root]]
path = "films"
settle_seconds = {settle}
rescan_seconds = {rescan}
"""
LOGS_KEPT: Final = 30  # of daemons that are gone
WATCHING: Final = "event=watching"


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon that was started, and every process of its session.

    Attributes:
        began: when it was started, as the store writes times: what it did itself has a later one.
    """

    process: subprocess.Popen[bytes]
    log: Path
    began: str

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its session."""
        return self.process.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def said(self) -> str:
        """Everything that it logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def watching(self) -> bool:
        """Whether its first look at every root is over."""
        return WATCHING in self.said()

    def outcomes(self) -> int:
        """How many films its workers were done with, as it logged."""
        return self.said().count("event=outcome")

    def family(self) -> list[int]:
        """Every process of its session that is alive, itself too."""
        return session(self.pid)

    def workers(self) -> list[int]:
        """Its workers, without the tracker that multiprocessing keeps beside them."""
        return [pid for pid in self.family() if b"spawn_main" in command_of(pid)]

    def kill(self) -> None:
        """SIGKILL it, it alone: its workers have to notice by themselves."""
        self.process.kill()
        self.process.wait()

    def terminate(self, limit: float = 60.0) -> int:
        """End it as a service manager does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(limit)


@dataclass(frozen=True, slots=True)
class Scene:
    """A folder with a configuration, one root, a database, and logs; one daemon after another runs in it."""

    program: Program

    @classmethod
    def in_(cls, folder: Path, *, settle: float = 0.3, rescan: float = 5.0) -> Scene:
        """Set it up in an empty folder, or go on in one that was set up."""
        (folder / "films").mkdir(parents=True, exist_ok=True)
        (folder / "logs").mkdir(exist_ok=True)
        (folder / "config.toml").write_text(CONFIG.format(settle=settle, rescan=rescan), encoding="utf-8")
        bundle = folder / "bundle"
        return cls(Program(folder, bundle if bundle.exists() else tiny_bundle(bundle)))

    @property
    def folder(self) -> Path:
        """Where all of it lies."""
        return self.program.folder

    @property
    def films(self) -> Path:
        """The root that is watched."""
        return self.folder / "films"

    @property
    def database(self) -> Path:
        """The database file."""
        return self.folder / "t.db"

    def start(self) -> Daemon:
        """Start `cxr-triage watch`."""
        began = datetime.now(UTC)
        log = self.folder / "logs" / f"{began:%Y%m%dT%H%M%S.%f}.log"
        for old in sorted(log.parent.iterdir())[: -LOGS_KEPT + 1]:
            old.unlink()
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*self.program.prefix, *command_line(), "--config", "config.toml", "watch"],
                cwd=self.folder,
                env=self.program.environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        return Daemon(process, log, began.isoformat(" ", "microseconds"))

    def account(self) -> Done:
        """What `cxr-triage account --verify` says."""
        return self.program.run("--config", "config.toml", "account", "--verify", "--format", "json")

    def audit(self) -> Audit:
        """The same, in this process."""
        with open_store(os.fspath(self.database), create=False) as store, store.read() as tx:
            return verify(tx)

    @contextmanager
    def look(self) -> Iterator[sqlite3.Connection]:
        """A connection that only reads, for a moment."""
        address = f"file:{quote(os.fspath(self.database))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=30.0)) as connection:
            yield connection

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives; nothing while there is no database, or none with tables yet."""
        try:
            with self.look() as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            if "unable to open" in str(error) or "no such table" in str(error):
                return []
            raise

    def number(self, query: str, values: Sequence[Any] = ()) -> int:
        """The one number that a query gives; 0 where there is none."""
        rows = self.rows(query, values)
        return int(rows[0][0] or 0) if rows else 0

    def states(self) -> Counter[str]:
        """How many arrivals stand in each state."""
        return Counter(dict(self.rows("SELECT state, count(*) FROM arrival GROUP BY state")))

    def pending(self) -> int:
        """How many arrivals are not at an end."""
        return self.number("SELECT count(*) FROM arrival WHERE state IN ('seen', 'settling', 'ready', 'running')")

    def running_since(self, began: str) -> int:
        """How many arrivals are RUNNING that were taken up since then."""
        return self.number("SELECT count(*) FROM arrival WHERE state = 'running' AND changed_at >= ?", [began])

    def log_written(self) -> tuple[int, int]:
        """What the write-ahead log looks like; another pair means that a commit is on its way. Opens nothing."""
        try:
            status = self.database.with_name("t.db-wal").stat()
        except FileNotFoundError:
            return 0, 0
        return status.st_mtime_ns, status.st_size

    def at_rest(self, since: str) -> bool:
        """Whether nothing is pending and a look at the root began after a moment, and ended."""
        query = "SELECT count(*) FROM root WHERE rescan_started_at > ? AND rescan_ended_at >= rescan_started_at"
        return self.number(query, [since]) == 1 and self.pending() == 0


def wait_for(happened: Callable[[], bool], limit: float, pause: float = 0.02) -> bool:
    """Look again and again, so long at most; whether it happened."""
    deadline = time.monotonic() + limit
    while not happened():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True


def session(leader: int) -> list[int]:
    """The processes of a session that are alive: what a daemon started, however it was started, and itself."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, _, _, belongs = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:4]
                if int(belongs) == leader and state not in (b"Z", b"X"):
                    found.append(int(entry.name))
    return found


def command_of(pid: int) -> bytes:
    """The command line of a process; empty if it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
