"""Queries about the outbox: what is told outside, to whom it still has to be told, and what came of it.

A notice's key is unique, so that what was put in once is never put in again; a delivery is kept until it was sent or
given up. Who a receiver is stands in the configuration only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, func, insert, select, update

from db import schema
from db.states import Channel, DeliveryState, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

n: Final = schema.outbox_notice.c
d: Final = schema.outbox_delivery.c


@dataclass(frozen=True, slots=True)
class Target:
    """One receiver: a channel, and which of its receivers ("" where it has one only)."""

    channel: Channel
    name: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told; `part_of` is the digest that tells of it instead."""

    id: int
    kind: NoticeKind
    key: str
    payload: str  # JSON
    created_at: datetime
    study_id: int | None
    part_of: int | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    escalated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice to one receiver."""

    id: int
    notice_id: int
    channel: Channel
    target: str
    escalated: bool
    state: DeliveryState
    attempts: int
    not_before: datetime
    ended_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the outbox stands.

    Attributes:
        oldest_pending_at: when the oldest notice that is still to be sent was put in.
        failed: deliveries given up since the moment asked for, as (channel, code, when), oldest first.
        last_sent_at: by channel, of those that were ever sent by it.
    """

    pending: int
    oldest_pending_at: datetime | None
    failed: tuple[tuple[Channel, str, datetime], ...]
    last_sent_at: dict[Channel, datetime]


def add(
    tx: Connection,
    kind: NoticeKind,
    key: str,
    payload: str,
    targets: Iterable[Target],
    now: datetime,
    *,
    study_id: int | None = None,
    part_of: int | None = None,
) -> int | None:
    """Put a notice in, due at once to each target; its id, or None (and nothing is changed) when its key is known."""
    if tx.execute(select(n.id).where(n.key == key)).one_or_none() is not None:
        return None
    values = {
        "kind": kind,
        "key": key,
        "payload": payload,
        "created_at": now,
        "study_id": study_id,
        "part_of": part_of,
    }
    added: int = tx.execute(insert(schema.outbox_notice).values(values).returning(n.id)).scalar_one()
    _address(tx, added, targets, now, escalated=False)
    return added


def _address(tx: Connection, notice_id: int, targets: Iterable[Target], now: datetime, *, escalated: bool) -> None:
    for target in dict.fromkeys(targets):
        values = {
            "notice_id": notice_id,
            "channel": target.channel,
            "target": target.name,
            "escalated": escalated,
            "state": DeliveryState.PENDING,
            "attempts": 0,
            "not_before": now,
        }
        tx.execute(insert(schema.outbox_delivery).values(values))


def pending(tx: Connection) -> list[tuple[Delivery, Notice]]:
    """What is still to be sent, the oldest first, whether or not its time has come."""
    query = (
        select(schema.outbox_delivery, schema.outbox_notice)
        .join_from(schema.outbox_delivery, schema.outbox_notice, d.notice_id == n.id)
        .where(d.state == DeliveryState.PENDING)
        .order_by(d.id)
    )
    width = len(schema.outbox_delivery.columns)
    return [(Delivery(*row[:width]), Notice(*row[width:])) for row in tx.execute(query)]


def begin_attempt(tx: Connection, delivery_id: int, again_at: datetime) -> None:
    """Note a try before it is made: a process that is killed by it does not try again at once."""
    tx.execute(
        update(schema.outbox_delivery).where(d.id == delivery_id).values(attempts=d.attempts + 1, not_before=again_at)
    )


def note_error(tx: Connection, delivery_id: int, code: str) -> None:
    """A try failed; there will be another."""
    tx.execute(update(schema.outbox_delivery).where(d.id == delivery_id).values(error=code))


def end(tx: Connection, delivery_id: int, state: DeliveryState, code: str | None, now: datetime) -> None:
    """It was sent, or is given up."""
    tx.execute(update(schema.outbox_delivery).where(d.id == delivery_id).values(state=state, error=code, ended_at=now))


def newest(tx: Connection, kind: NoticeKind, count: int) -> list[datetime]:
    """When the newest notices of a kind were put in, those that a digest tells of aside; the newest first."""
    query = select(n.created_at).where(n.kind == kind, n.part_of.is_(None)).order_by(n.id.desc()).limit(count)
    return list(tx.execute(query).scalars())


def acknowledge(tx: Connection, notice_id: int, by: str | None, now: datetime) -> None:
    """Somebody knows; the first one stays."""
    tx.execute(
        update(schema.outbox_notice)
        .where(n.id == notice_id, n.acknowledged_at.is_(None))
        .values(acknowledged_at=now, acknowledged_by=by)
    )


def escalate(tx: Connection, notice_id: int, targets: Iterable[Target], now: datetime) -> None:
    """Nobody knows: tell others, too."""
    tx.execute(update(schema.outbox_notice).where(n.id == notice_id).values(escalated_at=now))
    _address(tx, notice_id, targets, now, escalated=True)


def get(tx: Connection, notice_id: int) -> Notice | None:
    """One notice."""
    row = tx.execute(select(schema.outbox_notice).where(n.id == notice_id)).one_or_none()
    return None if row is None else Notice(*row)


def last(tx: Connection, count: int) -> list[tuple[Notice, list[Delivery]]]:
    """The newest notices with their deliveries, the newest first."""
    query = select(schema.outbox_notice).where(n.part_of.is_(None)).order_by(n.id.desc()).limit(count)
    found: dict[int, tuple[Notice, list[Delivery]]] = {row.id: (Notice(*row), []) for row in tx.execute(query)}
    for row in tx.execute(select(schema.outbox_delivery).where(d.notice_id.in_(list(found))).order_by(d.id)):
        found[row.notice_id][1].append(Delivery(*row))
    return list(found.values())


def standing(tx: Connection, since: datetime) -> Standing:
    """How the outbox stands; of what was given up, that of the time since a moment."""
    waiting = select(func.count(), func.min(n.created_at)).join_from(
        schema.outbox_delivery, schema.outbox_notice, d.notice_id == n.id
    )
    count, oldest = tx.execute(waiting.where(d.state == DeliveryState.PENDING)).one()
    failed = (
        select(d.channel, d.error, d.ended_at)
        .where(d.state == DeliveryState.FAILED, d.ended_at >= since)
        .order_by(d.ended_at, d.id)
    )
    sent = select(d.channel, func.max(d.ended_at)).where(d.state == DeliveryState.SENT).group_by(d.channel)
    return Standing(
        pending=count,
        oldest_pending_at=oldest,
        failed=tuple((row[0], row[1] or "unknown", row[2]) for row in tx.execute(failed)),
        last_sent_at={row[0]: row[1] for row in tx.execute(sent)},
    )
