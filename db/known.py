"""Queries that tell a rescan what is known, without the columns that it does not need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, select

from db import schema
from db.records import FileStamp, Known

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from db.states import State

a: Final = schema.arrival.c
_KNOWN: Final = (a.id, a.root_id, a.path, a.generation, a.state, a.removed_at, *(a[n] for n in FileStamp.__slots__))


def _known(row: Any) -> Known:
    return Known(row[0], row[1], row[2], row[3], row[4], row[5], FileStamp(*row[6:]))


def of_root(tx: Connection, root_id: int) -> dict[str, Known]:
    """The newest generation of every path of a root, as a rescan needs it: 100,000 cost a third of whole arrivals."""
    query = select(*_KNOWN).where(a.root_id == root_id).order_by(a.path, a.generation)
    return {row[2]: _known(row) for row in tx.execute(query)}


def at(tx: Connection, root_id: int, path: str) -> Known | None:
    """The newest generation of one path, as a rescan needs it."""
    query = select(*_KNOWN).where(a.root_id == root_id, a.path == path).order_by(a.generation.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    return None if row is None else _known(row)


def ids_since(tx: Connection, root_id: int, moment: datetime) -> set[int]:
    """The arrivals of a root that came at a time or after it."""
    return set(tx.execute(select(a.id).where(a.root_id == root_id, a.arrived_at >= moment)).scalars())


def in_state(tx: Connection, state: State) -> Iterator[Known]:
    """Every arrival in a state, one after the other."""
    for row in tx.execute(select(*_KNOWN).where(a.state == state).order_by(a.id)):
        yield _known(row)
