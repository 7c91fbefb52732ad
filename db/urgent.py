"""Queries about urgent notices: of which studies nobody was told yet, and which notices nobody acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Select, exists, func, or_, select

from db import schema
from db.outbox import Notice
from db.states import NoticeKind, State

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

n: Final = schema.outbox_notice.c
a: Final = schema.arrival.c


def unannounced(since: datetime) -> Select[tuple[int]]:
    """Studies with a tagged film that arrived since then and was scored, and of which nobody was told yet."""
    told = exists().where(n.study_id == a.study_id)
    return (
        select(a.study_id)
        .where(
            a.state == State.SCORED,
            a.arrived_at >= since,
            a.backlog.is_(False),
            a.withdrawn_at.is_(None),
            a.tier == "tagged",
            or_(a.marks.is_(None), a.marks == ""),
            a.study_id.is_not(None),
            ~told,
        )
        .distinct()
    )


def unsettled(tx: Connection) -> list[Notice]:
    """Urgent notices and digests that nobody acknowledged and that were not escalated, the oldest first."""
    query = (
        select(schema.outbox_notice)
        .where(
            n.kind.in_([NoticeKind.URGENT, NoticeKind.DIGEST]),
            n.part_of.is_(None),
            n.acknowledged_at.is_(None),
            n.escalated_at.is_(None),
        )
        .order_by(n.id)
    )
    return [Notice(*row) for row in tx.execute(query)]


def studies_of(notice_ids: Sequence[int]) -> Select[tuple[int]]:
    """The studies that notices tell of, by themselves or as a digest."""
    return select(n.study_id).where(or_(n.id.in_(notice_ids), n.part_of.in_(notice_ids)), n.study_id.is_not(None))


def studies_by_notice(tx: Connection, notice_ids: Sequence[int]) -> dict[int, set[int]]:
    """The same, by the id of the notice or digest that tells of them."""
    teller = func.coalesce(n.part_of, n.id)
    found: dict[int, set[int]] = {each: set() for each in notice_ids}
    query = select(teller, n.study_id).where(teller.in_(notice_ids), n.study_id.is_not(None))
    for teller_id, study_id in tx.execute(query):
        found[teller_id].add(study_id)
    return found


def ids_of(tx: Connection, keys: Collection[str]) -> dict[str, int]:
    """The ids of studies, by the keys that people know them by."""
    query = select(schema.study.c.key, schema.study.c.id).where(schema.study.c.key.in_(keys))
    return {row[0]: row[1] for row in tx.execute(query)}
