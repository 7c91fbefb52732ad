"""Queries about studies that were first read within a span of time, and about those that others were read before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, exists, func, select

from db import queue, schema
from db.states import ENDED, UNREAD

if TYPE_CHECKING:
    from datetime import datetime

    from db.records import WaitingImage

a: Final = schema.arrival.c
e: Final = schema.read_event.c


def moments(tx: Connection, start: datetime, end: datetime) -> dict[int, datetime]:
    """When each study was first read that was first read within a span, start included, end not; by study id."""
    return {row[0]: row[1] for row in tx.execute(_first(start, end))}


def images(tx: Connection, start: datetime, end: datetime) -> list[WaitingImage]:
    """Every image of these studies, by study, then arrival."""
    return queue.images_of(tx, select(_first(start, end).subquery("those").c.study_id))


def passed_over(tx: Connection, came_before: datetime, end: datetime) -> int:
    """How many studies came before a moment and were, at the end of a span, neither read nor off the list.

    What lay in its root at the first scan is left out: nobody knows when it came.
    """
    came = (
        select(a.study_id)
        .where(
            a.study_id.is_not(None),
            a.state.in_(sorted(ENDED)),
            queue.is_film(a),
            a.backlog.is_(False),
            a.withdrawn_at.is_(None),
            a.arrived_at < came_before,
        )
        .distinct()
        .subquery("came")
    )
    left = exists().where(e.study_id == came.c.study_id, e.read_at < end)
    return int(tx.execute(select(func.count()).select_from(came).where(~left)).scalar_one())


def _first(start: datetime, end: datetime) -> Select[Any]:
    """(study_id, read_at). Only studies with an event in the span are looked at: reads are kept for years."""
    within = select(e.study_id).where(e.read_at >= start, e.read_at < end)
    first = func.min(e.read_at, type_=e.read_at.type)
    return (
        select(e.study_id, first.label("read_at"))
        .where(e.source.not_in(sorted(UNREAD)), e.study_id.in_(within))
        .group_by(e.study_id)
        .having(first >= start)
        .having(first < end)
    )
