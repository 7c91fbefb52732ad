"""Queries about a span of time, for the report: what arrived, what was read, how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, func, select

from db import schema
from db.states import ENDED, UNREAD, State

a: Final = schema.arrival.c
r: Final = schema.result.c
e: Final = schema.read_event.c


def _within(column: ColumnElement[datetime], start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(column >= start, column < end)


def arrived(tx: Connection, start: datetime, end: datetime) -> int:
    """Arrivals, of any state."""
    return int(tx.execute(select(func.count()).where(_within(a.arrived_at, start, end))).scalar_one())


def arrivals_by_root(tx: Connection, start: datetime, end: datetime) -> Mapping[int, int]:
    """Arrivals by root id."""
    query = select(a.root_id, func.count()).where(_within(a.arrived_at, start, end)).group_by(a.root_id)
    return {row[0]: row[1] for row in tx.execute(query)}


def newest_by_root(tx: Connection) -> Mapping[int, datetime]:
    """When the newest arrival of each root came, whenever that was."""
    return {row[0]: row[1] for row in tx.execute(select(a.root_id, func.max(a.arrived_at)).group_by(a.root_id))}


def studies_read(tx: Connection, start: datetime, end: datetime) -> int:
    """Studies of which somebody told us within the span that they were read."""
    query = select(func.count(e.study_id.distinct())).where(_within(e.recorded_at, start, end), _by_a_reader())
    return int(tx.execute(query).scalar_one())


def turnarounds(tx: Connection, start: datetime, end: datetime) -> list[float]:
    """Seconds from a study's arrival to its reading, for each that was no backlog and was first read in the span."""
    came = (
        select(a.study_id, func.min(a.arrived_at).label("arrived_at"))
        .where(a.study_id.is_not(None), a.state.in_(sorted(ENDED)), a.backlog.is_(False))
        .group_by(a.study_id)
        .subquery("came")
    )
    first = _first()
    query = (
        select(came.c.arrived_at, first.c.read_at)
        .join_from(first, came, came.c.study_id == first.c.study_id)
        .where(_within(first.c.read_at, start, end), first.c.read_at >= came.c.arrived_at)
    )
    return [(read - arrived_at).total_seconds() for arrived_at, read in tx.execute(query)]


def read_first(start: datetime, end: datetime) -> Select[tuple[int]]:
    """Ids of the studies, under `study_id`, that somebody read for the first time within the span."""
    first = _first()
    return select(first.c.study_id).where(_within(first.c.read_at, start, end))


def first_reads(tx: Connection, start: datetime, end: datetime) -> dict[int, datetime]:
    """Those studies, and when that was."""
    first = _first()
    query = select(first.c.study_id, first.c.read_at).where(_within(first.c.read_at, start, end))
    return {row[0]: row[1] for row in tx.execute(query)}


def _first() -> Subquery:
    """(study_id, read_at) of the first reading of each study."""
    query = select(e.study_id, func.min(e.read_at).label("read_at")).where(_by_a_reader()).group_by(e.study_id)
    return query.subquery("first")


def _by_a_reader() -> ColumnElement[bool]:
    """Read events behind which somebody stands."""
    return e.source.not_in(sorted(UNREAD))


def latencies(tx: Connection, start: datetime, end: datetime) -> list[float]:
    """Seconds from arrival to score, for each film scored within the span that was no backlog."""
    query = (
        select(a.arrived_at, r.scored_at)
        .join_from(schema.arrival, schema.result, a.result_id == r.id)
        .where(
            _within(r.scored_at, start, end), a.state == State.SCORED, a.backlog.is_(False), r.scored_at >= a.arrived_at
        )
    )
    return [(scored - came).total_seconds() for came, scored in tx.execute(query)]


def reasons(tx: Connection, start: datetime, end: datetime) -> Mapping[tuple[State, str], int]:
    """Films that were refused or failed, by code."""
    query = (
        select(a.state, a.code, func.count())
        .where(_within(a.arrived_at, start, end), a.state.in_([State.REFUSED, State.FAILED]))
        .group_by(a.state, a.code)
    )
    return {(row[0], row[1] or ""): row[2] for row in tx.execute(query)}
