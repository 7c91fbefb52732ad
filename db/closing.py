"""Queries about studies that leave the queue without a reader: which are due to, and how many did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, and_, exists, func, select

from db import schema
from db.queue import is_film, unread
from db.states import ENDED, ReadSource

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

a: Final = schema.arrival.c
e: Final = schema.read_event.c


def never_read(tx: Connection, before: datetime) -> list[int]:
    """Waiting studies whose newest image came before a moment."""
    found = unread().subquery("waiting")
    query = select(found.c.study_id).where(found.c.arrived_at < before).order_by(found.c.study_id)
    return list(tx.execute(query).scalars())


def taken_away(tx: Connection, root_ids: Collection[int], before: datetime) -> list[int]:
    """Waiting studies of which every image lay below these roots, and was gone before a moment."""
    if not root_ids:
        return []
    found = unread().subquery("waiting")
    kept = exists().where(
        and_(
            a.study_id == found.c.study_id,
            a.state.in_(sorted(ENDED)),
            is_film(a),
            a.root_id.not_in(sorted(root_ids)) | a.removed_at.is_(None) | (a.removed_at >= before),
        )
    )
    return list(tx.execute(select(found.c.study_id).where(~kept).order_by(found.c.study_id)).scalars())


def expired(tx: Connection, start: datetime, end: datetime) -> int:
    """How many studies left the queue within a span without anybody having said that they were read."""
    query = select(func.count(e.study_id.distinct())).where(
        e.source == ReadSource.EXPIRED, e.recorded_at >= start, e.recorded_at < end
    )
    return int(tx.execute(query).scalar_one())
