"""Queries about the watched folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select, update

from db import schema
from db.records import Root
from db.states import RootState

if TYPE_CHECKING:
    from datetime import datetime

r: Final = schema.root.c


def ensure_root(tx: Connection, path: str, now: datetime) -> Root:
    """The root of an absolute path, added when it is new."""
    query = select(schema.root).where(r.path == path)
    row = tx.execute(query).one_or_none()
    if row is None:
        tx.execute(insert(schema.root).values(path=path, added_at=now, state=RootState.WATCHED))
        row = tx.execute(query).one()
    return Root(**row._mapping)


def roots(tx: Connection) -> list[Root]:
    """Every root the store knows, in the order they were added."""
    return [Root(**row._mapping) for row in tx.execute(select(schema.root).order_by(r.id))]


def get(tx: Connection, root_id: int) -> Root:
    """One root by its id."""
    return Root(**tx.execute(select(schema.root).where(r.id == root_id)).one()._mapping)


def mark_rescan_started(tx: Connection, root_id: int, now: datetime) -> None:
    """A rescan of the root begins."""
    tx.execute(update(schema.root).where(r.id == root_id).values(rescan_started_at=now))


def mark_rescan_ended(tx: Connection, root_id: int, now: datetime) -> None:
    """A complete rescan ended; the first one also ends the time in which what is found is backlog."""
    tx.execute(update(schema.root).where(r.id == root_id).values(rescan_ended_at=now))
    tx.execute(update(schema.root).where(r.id == root_id, r.first_scanned_at.is_(None)).values(first_scanned_at=now))


def set_root_state(tx: Connection, root_id: int, state: RootState, message: str | None = None) -> None:
    """Note whether the folder is there, and what is wrong if not."""
    tx.execute(update(schema.root).where(r.id == root_id).values(state=state, message=message))
