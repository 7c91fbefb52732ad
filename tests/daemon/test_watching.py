"""The daemon as a whole: signals, the service manager, the lock, and what `status` says of it."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders.bundles import tiny_bundle
from builders.films import grey_film, jpeg

from daemon.clock import system_clock
from daemon.composition import running_intake
from daemon.health import DaemonState, process_exists, state_of, status_of
from daemon.notify import notify
from daemon.settings import ReportSettings, RootSettings, Settings
from daemon.stopping import stop_on_signal
from daemon.watching import watch
from db import queue, runs
from db.errors import StoreError
from db.records import RunRow
from db.states import RunKind, State
from db.store import Store, open_store
from models.bundle import Bundle, read_bundle

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "triage.db"), create=True) as store:
        yield store


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return read_bundle(tiny_bundle(tmp_path / "tiny"))


def roots_in(folder: Path) -> list[RootSettings]:
    (folder / "incoming").mkdir(exist_ok=True)
    return [RootSettings(path=folder / "incoming", settle_seconds=0.1)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_cleanly(
    store: Store, bundle: Bundle, tmp_path: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells the service manager that it is ready and that it stops, gives everything back, and returns."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(30)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    roots = roots_in(tmp_path)
    (tmp_path / "incoming" / "film.jpg").write_bytes(jpeg(grey_film()))
    told: list[str] = []

    def stop() -> None:
        while "READY=1" not in told:
            told.append(manager.recv(100).decode())
        while not _scored(store):
            time.sleep(0.05)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=stop)
    thread.start()
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    watch(Settings(report=ReportSettings(folder=tmp_path / "reports")), store, bundle, roots, system_clock())
    thread.join()
    while "STOPPING=1" not in told:
        told.append(manager.recv(100).decode())
    manager.close()
    assert told.index("READY=1") < told.index("STOPPING=1")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    with store.read() as tx:
        run = runs.last(tx)
        assert run is not None
        assert run.stopped_at is not None
        assert status_of(tx, store, datetime.now(UTC))["daemon"]["state"] == "stopped"


def _scored(store: Store) -> bool:
    with store.read() as tx:
        return queue.account(tx)[State.SCORED] == 1


def test_one_intake_at_a_time(store: Store, bundle: Bundle, tmp_path: Path) -> None:
    """A second one is refused and names the first; when that has ended, it may."""
    roots = roots_in(tmp_path)
    with running_intake(RunKind.WATCH, store, bundle, roots, system_clock(), Settings()):
        with (
            pytest.raises(StoreError, match=f"pid {os.getpid()}"),
            running_intake(RunKind.SCAN, store, bundle, roots, system_clock(), Settings()),
        ):
            raise AssertionError("it was let in")
        with store.read() as tx:
            assert status_of(tx, store, datetime.now(UTC))["daemon"]["state"] == "running"
    with running_intake(RunKind.SCAN, store, bundle, roots, system_clock(), Settings()) as running:
        assert [watched.root.path for watched in running.intake.roots.values()] == [str(tmp_path / "incoming")]


def test_two_signals_at_once_are_one() -> None:
    """A handler takes no lock and writes no log, so that it can interrupt itself."""
    with stop_on_signal() as stopping:
        assert not stopping()
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert stopping()


def test_nobody_to_notify_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No manager, one that is gone, and a name that is no socket."""
    for name in ("", "relative", str(tmp_path / "missing")):
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1")


def run(*, stopped: datetime | None = None, beat: datetime = NOW) -> RunRow:
    return RunRow(1, RunKind.WATCH, 4711, "host", NOW, beat, stopped, None)


@pytest.mark.parametrize(
    ("row", "alive", "state"),
    [
        (None, False, DaemonState.NEVER),
        (run(), True, DaemonState.RUNNING),
        (run(beat=NOW - timedelta(minutes=3)), True, DaemonState.SILENT),
        (run(), False, DaemonState.DIED),
        (run(stopped=NOW), False, DaemonState.STOPPED),
    ],
)
def test_a_run_is_judged_by_its_row_and_its_process(row: RunRow | None, alive: bool, state: DaemonState) -> None:
    """Never, running, silent, died or stopped."""
    assert state_of(row, NOW, alive=alive) is state


def test_a_process_is_looked_for_on_this_host_only() -> None:
    """On another it is taken to be there."""
    assert process_exists(os.getpid(), socket.gethostname())
    assert not process_exists(2**22 + 1, socket.gethostname())
    assert process_exists(2**22 + 1, "elsewhere")
