"""The outbox as the store keeps it: nothing twice, nothing lost, and what is due in order."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from db import outbox
from db.errors import StoreError
from db.outbox import Target
from db.states import Channel, DeliveryState, NoticeKind
from db.store import Store

MAIL, HOOK = Target(Channel.MAIL, "0123"), Target(Channel.WEBHOOK, "")


def put(tx: Connection, key: str, now: datetime, *targets: Target) -> int:
    added = outbox.add(tx, NoticeKind.REPORT, key, "{}", targets or (MAIL,), now)
    assert added is not None
    return added


def test_a_key_is_put_in_once(tx: Connection, now: datetime) -> None:
    """Also when it was sent long ago; and a target that is named twice is told once."""
    put(tx, "a", now, MAIL, HOOK, MAIL)
    assert [(each.channel, each.target) for each, _ in outbox.pending(tx)] == [("mail", "0123"), ("webhook", "")]
    for delivery, _ in outbox.pending(tx):
        outbox.end(tx, delivery.id, DeliveryState.SENT, None, now)
    assert outbox.add(tx, NoticeKind.REPORT, "a", "{}", (MAIL,), now + timedelta(days=400)) is None
    assert outbox.pending(tx) == []


def test_of_a_transaction_that_fails_nothing_is_put_in(store: Store, now: datetime) -> None:
    def fail_half_way() -> None:
        with store.write() as tx:
            put(tx, "a", now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    with store.read() as tx:
        assert outbox.pending(tx) == []


def test_a_try_is_noted_before_it_is_made(tx: Connection, now: datetime) -> None:
    put(tx, "a", now)
    ((delivery, notice),) = outbox.pending(tx)
    outbox.begin_attempt(tx, delivery.id, now + timedelta(seconds=30))
    outbox.note_error(tx, delivery.id, "timeout")
    ((after, same),) = outbox.pending(tx)
    assert (after.attempts, after.not_before, after.error) == (1, now + timedelta(seconds=30), "timeout")
    assert same == notice


def test_how_the_outbox_stands(tx: Connection, now: datetime) -> None:
    """What was given up counts from a moment on; the last success is kept by channel."""
    for number in range(3):
        put(tx, str(number), now + timedelta(hours=number), MAIL, HOOK)
    found = [delivery.id for delivery, _ in outbox.pending(tx)]
    outbox.end(tx, found[0], DeliveryState.SENT, None, now)
    outbox.end(tx, found[1], DeliveryState.FAILED, "http-500", now + timedelta(hours=1))
    outbox.end(tx, found[2], DeliveryState.SENT, None, now + timedelta(hours=2))
    stands = outbox.standing(tx, now)
    assert (stands.pending, stands.oldest_pending_at) == (3, now + timedelta(hours=1))
    assert stands.failed == ((Channel.WEBHOOK, "http-500", now + timedelta(hours=1)),)
    assert stands.last_sent_at == {Channel.MAIL: now + timedelta(hours=2)}
    assert outbox.standing(tx, now + timedelta(hours=1, seconds=1)).failed == ()


def test_the_newest_notices_come_first_with_their_deliveries(tx: Connection, now: datetime) -> None:
    ids = [put(tx, str(number), now, MAIL, HOOK) for number in range(3)]
    found = outbox.last(tx, 2)
    assert [notice.id for notice, _ in found] == [ids[2], ids[1]]
    assert [len(deliveries) for _, deliveries in found] == [2, 2]


def test_two_at_once_are_refused_by_the_store_itself(tx: Connection, store: Store, now: datetime) -> None:
    """The look before the insert is a courtesy; the constraint is what holds."""
    put(tx, "a", now)
    tx.commit()
    with pytest.raises(StoreError), store.write() as other:
        other.exec_driver_sql(
            "INSERT INTO outbox_notice (kind, key, payload, created_at) VALUES ('report', 'a', '{}', '2026-01-01')"
        )
