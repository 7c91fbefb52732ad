"""Queries about the runs of the commands that take films in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select, update

from db import schema
from db.records import RunRow

if TYPE_CHECKING:
    from datetime import datetime

    from db.states import RunKind

r: Final = schema.daemon_run.c


def start(tx: Connection, kind: RunKind, *, pid: int, host: str, now: datetime, bundle_id: int | None = None) -> RunRow:
    """A run begins."""
    values = {
        "kind": kind,
        "pid": pid,
        "host": host,
        "started_at": now,
        "heartbeat_at": now,
        "bundle_id": bundle_id,
    }
    return RunRow(**tx.execute(insert(schema.daemon_run).values(values).returning(schema.daemon_run)).one()._mapping)


def beat(tx: Connection, run_id: int, now: datetime) -> None:
    """A run is still at work."""
    tx.execute(update(schema.daemon_run).where(r.id == run_id).values(heartbeat_at=now))


def stop(tx: Connection, run_id: int, now: datetime) -> None:
    """A run ended in order."""
    tx.execute(update(schema.daemon_run).where(r.id == run_id).values(heartbeat_at=now, stopped_at=now))


def last(tx: Connection, kind: RunKind | None = None) -> RunRow | None:
    """The newest run (of a kind); without `stopped_at` it is still at work, or ended uncleanly."""
    query = select(schema.daemon_run).order_by(r.id.desc()).limit(1)
    row = tx.execute(query if kind is None else query.where(r.kind == kind)).one_or_none()
    return None if row is None else RunRow(**row._mapping)
