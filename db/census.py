"""Counts of what the store holds, for whoever wants to know how things stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, func, select

from db import arrivals, queue, schema
from db.states import PENDING, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

a: Final = schema.arrival.c


@dataclass(frozen=True, slots=True)
class Census:
    """How many films stand where.

    Attributes:
        states: every state is named.
        oldest_pending_at: when the oldest film that is not at an end arrived; None if there is none.
        again: films that were tried in vain and are tried again.
        again_at: when the first of these may be.
    """

    states: Mapping[State, int]
    oldest_pending_at: datetime | None
    again: int
    again_at: datetime | None

    @property
    def pending(self) -> int:
        """Films that are not at an end."""
        return sum(self.states[state] for state in PENDING)


def census(tx: Connection) -> Census:
    """How many films stand where, now."""
    oldest = select(func.min(a.arrived_at)).where(a.state.in_(sorted(PENDING)))
    again = select(func.count()).where(a.state == State.READY, a.not_before.is_not(None))
    return Census(
        queue.account(tx),
        tx.execute(oldest).scalar_one(),
        tx.execute(again).scalar_one(),
        arrivals.next_not_before(tx),
    )


def films_by_root(tx: Connection) -> Mapping[int, int]:
    """Films that lie in each root, as far as the store knows, by root id."""
    lie = (a.state.not_in([State.VANISHED, State.SUPERSEDED]), a.removed_at.is_(None))
    query = select(a.root_id, func.count()).where(*lie).group_by(a.root_id)
    return {row[0]: row[1] for row in tx.execute(query)}


def failed_by_code(tx: Connection) -> Mapping[str, int]:
    """Films that failed, by code."""
    query = select(a.code, func.count()).where(a.state == State.FAILED).group_by(a.code)
    return {row[0] or "": row[1] for row in tx.execute(query)}


def results_given(tx: Connection) -> int:
    """Scores that were given so far; rows are not counted, which takes long in a large store."""
    return tx.execute(select(func.max(schema.result.c.id))).scalar_one() or 0


def latencies(tx: Connection, since: datetime) -> list[float]:
    """Seconds from arrival to score of each film that arrived since then, was no backlog and is scored.

    `db.window.latencies` goes by the time of the score, and reads every result for that: too slow for every heartbeat.
    """
    scored_at = schema.result.c.scored_at
    query = (
        select(a.arrived_at, scored_at)
        .join_from(schema.arrival, schema.result, a.result_id == schema.result.c.id)
        .where(a.state == State.SCORED, a.arrived_at >= since, a.backlog.is_(False), scored_at >= a.arrived_at)
    )
    return [(scored - came).total_seconds() for came, scored in tx.execute(query)]
