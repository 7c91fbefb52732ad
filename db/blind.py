"""Queries about the times in which a root could not be seen: what came then waited unseen, and may have gone again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, case, insert, literal, or_, select, update

from db import schema
from db.records import BlindSpan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

b: Final = schema.blind_span.c


def begin(tx: Connection, root_id: int, since: datetime, cause: str) -> None:
    """A root cannot be seen since then; a span that is open already goes on."""
    if tx.execute(select(b.id).where(b.root_id == root_id, b.ended_at.is_(None)).limit(1)).first() is None:
        tx.execute(insert(schema.blind_span).values(root_id=root_id, began_at=since, cause=cause))


def end(tx: Connection, root_id: int, now: datetime) -> None:
    """A root can be seen again."""
    ended = literal(now, b.ended_at.type)
    at = case((b.began_at > ended, b.began_at), else_=ended)  # the clock may have been stepped back meanwhile
    tx.execute(update(schema.blind_span).where(b.root_id == root_id, b.ended_at.is_(None)).values(ended_at=at))


def open_since(tx: Connection, root_id: int) -> datetime | None:
    """Since when a root cannot be seen; None while it can."""
    query = select(b.began_at).where(b.root_id == root_id, b.ended_at.is_(None)).order_by(b.began_at).limit(1)
    return tx.execute(query).scalar_one_or_none()


def add(tx: Connection, root_id: int, began: datetime, ended: datetime, cause: str) -> None:
    """A root could not be seen in a span that is over; one of no length is passed over."""
    if ended > began:
        values = {"root_id": root_id, "began_at": began, "ended_at": ended, "cause": cause}
        tx.execute(insert(schema.blind_span).values(values))


def spans(tx: Connection, since: datetime, until: datetime) -> list[BlindSpan]:
    """Spans of any root that touch a time, in the order in which they began; open ones have no end."""
    touching = (b.began_at < until, or_(b.ended_at.is_(None), b.ended_at > since))
    query = select(schema.blind_span).where(*touching).order_by(b.began_at, b.id)
    return [BlindSpan(**row._mapping) for row in tx.execute(query)]


def minutes(tx: Connection, since: datetime, until: datetime) -> Mapping[int, float]:
    """Minutes of a time in which each root could not be seen, by root id; spans that overlap count once."""
    blind: dict[int, float] = {}
    reached: dict[int, datetime] = {}
    for span in spans(tx, since, until):
        began = max(span.began_at, since, reached.get(span.root_id, since))
        ended = min(span.ended_at or until, until)
        if ended > began:
            blind[span.root_id] = blind.get(span.root_id, 0.0) + (ended - began).total_seconds() / 60
            reached[span.root_id] = ended
    return blind
