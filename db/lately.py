"""Queries about studies that left the queue lately: their images, the last word on each, and what nobody read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, case, func, select

from db import queue, schema
from db.identity import in_clear
from db.states import ENDED, ReadSource, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from db.records import WaitingImage

a: Final = schema.arrival.c
e: Final = schema.read_event.c
s: Final = schema.study.c
v: Final = schema.review.c


@dataclass(frozen=True, slots=True)
class Word:
    """The last verdict on a study; `recorded_at` is when one was kept within the span asked for, None if none was."""

    study: str
    verdict: Verdict
    by: str | None
    note: str | None
    at: datetime
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Expired:
    """A study that left the queue without a reader."""

    study: str
    accession: str | None
    arrived_at: datetime
    expired_at: datetime


def images(tx: Connection, since: datetime) -> list[WaitingImage]:
    """Every image of each study that has a read event recorded at or after a moment, whether it waits again or not."""
    return queue.images_of(tx, _read_since(since))


def judged_images(tx: Connection, since: datetime) -> list[WaitingImage]:
    """Every image of each study of which a verdict was recorded at or after a moment."""
    return queue.images_of(tx, _read_since(since).where(e.source == ReadSource.VERDICT))


def words(tx: Connection, start: datetime, end: datetime) -> dict[str, Word]:
    """The last verdict on each study that got one since `start`, by the study's key; `end` ends the span."""
    told = (
        select(e.study_id, func.max(case((e.recorded_at < end, e.recorded_at))).label("recorded_at"))
        .where(e.source == ReadSource.VERDICT, e.recorded_at >= start)
        .group_by(e.study_id)
        .subquery("told")
    )
    query: Select[Any] = (
        select(s.key, v.verdict, v.by, v.note, v.at, told.c.recorded_at)
        .join_from(told, schema.review, v.study_id == told.c.study_id)
        .join(schema.study, s.id == told.c.study_id)
        .order_by(v.at, v.id)
    )
    return {row[0]: Word(*row) for row in tx.execute(query)}


def expired(tx: Connection, start: datetime, end: datetime, limit: int) -> list[Expired]:
    """The studies that `db.closing.expired` counts, those that came first first, at most `limit`."""
    query: Select[Any] = (
        select(s.key, s.accession, func.min(a.arrived_at), func.max(e.recorded_at))
        .join_from(schema.read_event, schema.study, s.id == e.study_id)
        .join(schema.arrival, a.study_id == s.id)
        .where(e.source == ReadSource.EXPIRED, e.recorded_at >= start, e.recorded_at < end, a.state.in_(sorted(ENDED)))
        .group_by(s.id, s.key, s.accession)
        .order_by(func.min(a.arrived_at), s.id)
        .limit(limit)
    )
    return [Expired(row[0], in_clear(row[1]), row[2], row[3]) for row in tx.execute(query)]


def _read_since(since: datetime) -> Select[Any]:
    return select(e.study_id).where(e.recorded_at >= since).distinct()
