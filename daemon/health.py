"""What `status` says: read from the store, compared with the machine (is that process still there?)."""

from __future__ import annotations

import os
import shutil
import socket
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from daemon.triage.document import instant
from db import arrivals, results, roots, runs
from db.records import RunRow
from db.schema import REVISIONS
from db.states import RootState
from db.store import Store

SILENT_AFTER: Final = timedelta(minutes=2)  # eight heartbeats


class DaemonState(StrEnum):
    """What the newest run of the intake is doing."""

    NEVER = "never ran"
    RUNNING = "running"
    SILENT = "silent"  # its process is there, but it gives no sign of life
    STOPPED = "stopped"
    DIED = "died"  # gone without having stopped


def state_of(run: RunRow | None, now: datetime, *, alive: bool) -> DaemonState:
    """Judge a run by its row and whether its process exists (on another host: unknown, taken as alive)."""
    if run is None:
        return DaemonState.NEVER
    if run.stopped_at is not None:
        return DaemonState.STOPPED
    if not alive:
        return DaemonState.DIED
    return DaemonState.SILENT if now - run.heartbeat_at > SILENT_AFTER else DaemonState.RUNNING


def process_exists(pid: int, host: str) -> bool:
    """Whether a process is there; on another host that cannot be told."""
    if host != socket.gethostname():
        return True
    return Path(f"/proc/{pid}").exists()


def status_of(tx: Connection, store: Store, now: datetime) -> dict[str, Any]:
    """The document that `status --format json` prints."""
    run = runs.last(tx)
    state = state_of(run, now, alive=run is not None and process_exists(run.pid, run.host))
    bundle = results.newest_bundle(tx)
    known = roots.roots(tx)
    free = shutil.disk_usage(store.file.parent).free >> 20 if store.file else None
    away = [root for root in known if root.state is not RootState.WATCHED]
    return {
        "schema": REVISIONS[-1],
        "well": state not in (DaemonState.DIED, DaemonState.SILENT) and not away,
        "database": os.fspath(store.file) if store.file else "server",
        "disk_free_mib": free,
        "daemon": {
            "state": state.value,
            "kind": run.kind.value if run else None,
            "pid": run.pid if run and run.stopped_at is None else None,
            "heartbeat_at": instant(run.heartbeat_at) if run else None,
        },
        "bundle": bundle.name if bundle else None,
        "pending": arrivals.pending_count(tx),
        "roots": [
            {
                "path": root.path,
                "state": root.state.value,
                "message": root.message,
                "rescanned_at": instant(root.rescan_ended_at) if root.rescan_ended_at else None,
            }
            for root in known
        ],
    }
