"""Starts the real daemon as its own process, drops files into its folder, and waits until it has accounted for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.demo.films import DemoFile
from daemon.errors import DaemonError
from db import arrivals, queue
from db.store import Store, open_store

START_LIMIT: Final = 120.0  # seconds until the daemon watches; on an idle machine it takes two
FILM_LIMIT: Final = 60.0  # seconds without any progress after which something is wrong
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a demo works; all below one folder of its own."""

    folder: Path

    @property
    def incoming(self) -> Path:
        """The watched folder."""
        return self.folder / "incoming"

    @property
    def database(self) -> Path:
        """The store."""
        return self.folder / "triage.db"

    @property
    def reports(self) -> Path:
        """Where the report goes."""
        return self.folder / "reports"

    @property
    def log(self) -> Path:
        """What the daemon says."""
        return self.folder / "daemon.log"


@contextmanager
def daemon(places: Places, population: str | None) -> Iterator[subprocess.Popen[bytes]]:
    """`cxr-triage watch` as a process of its own; ended by SIGTERM."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "daemon",
        "watch",
        os.fspath(places.incoming),
        "--db",
        os.fspath(places.database),
    ]
    if population:
        command += ["--population", population]
    environment = {**os.environ, "CXR_TRIAGE_REPORT__FOLDER": os.fspath(places.reports)}
    with places.log.open("ab") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log, stdin=subprocess.DEVNULL, env=environment)  # noqa: S603
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
        if code != 0:
            raise DaemonError("end the daemon", places.log, f"it ended with code {code}", "read its log")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_until_watching(process: subprocess.Popen[bytes], places: Places) -> None:
    """Return once the daemon says that it watches."""
    deadline = time.monotonic() + START_LIMIT
    while "event=watching" not in places.log.read_text(encoding="utf-8", errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise DaemonError("start the daemon", places.log, "it does not watch", "read its log")
        time.sleep(0.05)


def drop(files: Iterable[DemoFile], incoming: Path, say: Say) -> int:
    """Write files into the watched folder as a department would, one after the other; returns how many."""
    count = 0
    for file in files:
        target = incoming / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        say(f"  dropped {file.name}" + (f": {file.shows}" if file.shows else ""))
        count += 1
    return count


def wait_until_accounted(process: subprocess.Popen[bytes], places: Places, expected: int) -> None:
    """Return once every dropped file is in a final state.

    Raises:
        DaemonError: the daemon died, or nothing moved for a minute.
    """
    store = open_store(os.fspath(places.database), create=False)
    try:
        last, moved = -1, time.monotonic()
        while (done := _done(store)) < expected:
            if done != last:
                last, moved = done, time.monotonic()
            if process.poll() is not None or time.monotonic() - moved > FILM_LIMIT:
                raise DaemonError(
                    "wait for the daemon", places.log, f"{done} of {expected} files are done", "read its log"
                )
            time.sleep(0.1)
    finally:
        store.close()


def _done(store: Store) -> int:
    with store.read() as tx:
        return sum(queue.account(tx).values()) - arrivals.pending_count(tx)
