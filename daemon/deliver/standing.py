"""How the outbox stands, for people: sentences of the report, lines of `status`, the list of notices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from daemon.triage.cells import instant
from db import outbox, reports
from db.outbox import Delivery, Notice, Standing
from db.states import Channel, DeliveryState, NoticeKind

KEPT_IN_VIEW: Final = timedelta(days=2)  # a failed delivery in `status`
LATE_AFTER: Final = timedelta(hours=1)  # of something that waits to be sent


def is_late(standing: Standing, now: datetime) -> bool:
    """Whether something waits to be sent for too long: nobody sends, or nobody takes it."""
    return standing.oldest_pending_at is not None and now - standing.oldest_pending_at > LATE_AFTER


def sentences(tx: Connection, now: datetime) -> Iterator[str]:
    """What the next report says of messages that did not get out: since the last report, and for two days at least."""
    before = reports.last(tx, 1)
    since = min(now - KEPT_IN_VIEW, before[0].written_at) if before else now - KEPT_IN_VIEW
    standing = outbox.standing(tx, since)
    if standing.failed:
        count, reasons = len(standing.failed), _reasons(standing)
        yield (
            f"{count} {'message' if count == 1 else 'messages'} could not be delivered ({reasons}): "
            "whoever waits for messages was not told."
        )
    if is_late(standing, now):
        yield f"{standing.pending} of our messages still wait to be sent: nobody was told by mail or webhook meanwhile."


def _reasons(standing: Standing) -> str:
    return ", ".join(sorted({f"{channel}: {code}" for channel, code, _ in standing.failed}))


def document(tx: Connection, now: datetime) -> tuple[dict[str, Any], list[dict[str, str | None]]]:
    """The part of `status --format json` about the outbox, and its problems."""
    standing = outbox.standing(tx, now - KEPT_IN_VIEW)
    problems: list[dict[str, str | None]] = []
    if standing.failed:
        since = instant(standing.failed[0][2])
        problems.append({"kind": "delivery-failed", "path": None, "since": since, "message": _reasons(standing)})
    if is_late(standing, now) and standing.oldest_pending_at is not None:
        since = instant(standing.oldest_pending_at)
        problems.append({"kind": "delivery-late", "path": None, "since": since, "message": None})
    oldest = standing.oldest_pending_at
    return {
        "pending": standing.pending,
        "oldest_pending_at": None if oldest is None else instant(oldest),
        "failed": len(standing.failed),  # of the last two days
        "last_sent_at": {
            channel.value: instant(standing.last_sent_at[channel]) if channel in standing.last_sent_at else None
            for channel in Channel
        },
    }, problems


def state_of(notice: Notice, deliveries: list[Delivery]) -> str:
    """One word for a notice: pending, sent, failed, acknowledged or escalated."""
    if notice.acknowledged_at is not None:
        return "acknowledged"
    if notice.escalated_at is not None:
        return "escalated"
    states = {delivery.state for delivery in deliveries}
    for state in (DeliveryState.FAILED, DeliveryState.PENDING):
        if state in states:
            return state.value
    return DeliveryState.SENT.value


def listing(tx: Connection, count: int) -> dict[str, Any]:
    """What `deliver list --format json` prints: the newest notices, the newest first."""
    return {"schema": 1, "notices": [_notice(notice, deliveries) for notice, deliveries in outbox.last(tx, count)]}


def _notice(notice: Notice, deliveries: list[Delivery]) -> dict[str, Any]:
    return {
        "notice": notice.id,
        "kind": notice.kind.value,
        "created_at": instant(notice.created_at),
        "state": state_of(notice, deliveries),
        "acknowledged_at": None if notice.acknowledged_at is None else instant(notice.acknowledged_at),
        "acknowledged_by": notice.acknowledged_by,
        "escalated_at": None if notice.escalated_at is None else instant(notice.escalated_at),
        "to_acknowledge": notice.kind in (NoticeKind.URGENT, NoticeKind.DIGEST),
        "deliveries": [
            {
                "delivery": delivery.id,
                "channel": delivery.channel.value,
                "escalated": delivery.escalated,
                "state": delivery.state.value,
                "attempts": delivery.attempts,
                "error": delivery.error,
                "ended_at": None if delivery.ended_at is None else instant(delivery.ended_at),
            }
            for delivery in deliveries
        ],
    }
