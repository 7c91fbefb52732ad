"""The roots that the store knows: listed, taken as they are, or retired."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from daemon.errors import DaemonError
from daemon.health import DAY, Intake, intake_of, watching_of
from daemon.triage.cells import instant
from db import blind, census, roots, window
from db.records import Root


def root_at(tx: Connection, folder: Path, operation: str) -> Root:
    """The root that somebody means by a folder, which need not be there any more.

    Raises:
        DaemonError: the store knows no root of that path.
    """
    typed = os.path.abspath(folder)  # noqa: PTH100  (tidied, and no link followed)
    known = {root.path: root for root in roots.roots(tx)}
    found = known.get(typed) or known.get(os.path.realpath(folder))
    if found is None:
        raise DaemonError(operation, folder, "it is no root", "name one as `cxr-triage roots` lists them")
    return found


def roots_document(tx: Connection, now: datetime) -> dict[str, Any]:
    """What `roots list --format json` prints."""
    intake, films, newest = intake_of(tx, now), census.films_by_root(tx), window.newest_by_root(tx)
    minutes = blind.minutes(tx, now - DAY, now)
    return {
        "schema": 1,
        "roots": [
            {
                "id": root.id,
                "path": root.path,
                "state": root.state.value,
                "message": root.message,
                "retired_at": instant(root.retired_at) if root.retired_at else None,
                "watching": watching_of(root, intake).value,
                "films": films.get(root.id, 0),
                "blind_minutes": round(minutes.get(root.id, 0.0), 1),  # of the last 24 hours
                "last_arrived_at": instant(newest[root.id]) if root.id in newest else None,
            }
            for root in roots.roots(tx)
        ],
    }


def accept(tx: Connection, folder: Path) -> Root:
    """Take a root as it is from now on, whatever it lay on before; films that are not there then count as removed.

    Raises:
        DaemonError: there is no such root.
    """
    root = root_at(tx, folder, "accept")
    roots.set_place(tx, root.id, None)
    return root


def retire(tx: Connection, folder: Path, configured: Collection[Path], now: datetime) -> Root:
    """Note that nobody is to look for a root any more; its films, and what is known of them, stay.

    Args:
        tx: the transaction.
        folder: which.
        configured: the folders that the configuration names.
        now: when.

    Raises:
        DaemonError: there is no such root, or somebody looks after it.
    """
    root = root_at(tx, folder, "retire")
    if any(os.path.realpath(path) == root.path for path in configured):
        remedy = "take its [[root]] out, restart the service, then retire it"
        raise DaemonError("retire", root.path, "the configuration names it", remedy)
    intake: Intake = intake_of(tx, now)
    if intake.run is not None and intake.looks_after(root):
        remedy = "stop it, or restart it without this root, then retire it"
        raise DaemonError("retire", root.path, f"the daemon (pid {intake.run.pid}) looks after it", remedy)
    if root.retired_at is None:
        roots.retire(tx, root.id, now)
        blind.end(tx, root.id, now)  # nobody who does not look is blind
    return root
