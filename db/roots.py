"""Queries about the watched folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, or_, select, update

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


def mark_rescan_ended(tx: Connection, root_id: int, now: datetime, newest_ctime_ns: int | None = None) -> None:
    """A complete rescan ended; the first one also ends the time in which what is found is backlog.

    Args:
        tx: the transaction.
        root_id: which.
        now: when.
        newest_ctime_ns: the newest change of a file that it saw, by the clock of the host that keeps the files.
    """
    values = {"rescan_ended_at": now, "newest_ctime_ns": newest_ctime_ns}
    tx.execute(update(schema.root).where(r.id == root_id).values(values))
    tx.execute(update(schema.root).where(r.id == root_id, r.first_scanned_at.is_(None)).values(first_scanned_at=now))


def set_root_state(tx: Connection, root_id: int, state: RootState, message: str | None = None) -> None:
    """Note whether the folder is there, and what is wrong if not."""
    tx.execute(update(schema.root).where(r.id == root_id).values(state=state, message=message))


def set_selection(tx: Connection, root_id: int, selection: str) -> None:
    """Keep how a root is looked at, so that whoever verifies it looks alike; a root in use is not a retired one."""
    tx.execute(update(schema.root).where(r.id == root_id).values(selection=selection, retired_at=None))


def set_place(tx: Connection, root_id: int, place: str | None) -> None:
    """Keep what a root lies on; None: whatever it is next time is right."""
    tx.execute(update(schema.root).where(r.id == root_id).values(place=place))


def set_events(tx: Connection, root_id: int, events: bool | None) -> None:
    """Note whether the kernel tells of changes; None when nobody listens."""
    tx.execute(update(schema.root).where(r.id == root_id).values(events=events))


def note_canary(tx: Connection, root_id: int, stamp: str, now: datetime) -> bool:
    """Note what the canary looks like; returns whether it is another one than before."""
    changed = or_(r.canary_stamp.is_(None), r.canary_stamp != stamp)
    query = update(schema.root).where(r.id == root_id, changed).values(canary_stamp=stamp, canary_seen_at=now)
    return tx.execute(query).rowcount > 0


def retire(tx: Connection, root_id: int, now: datetime) -> None:
    """Note that nobody is to look for a root any more; its films stay in the store."""
    tx.execute(update(schema.root).where(r.id == root_id).values(retired_at=now, events=None))
