"""One look at the outbox: fill it, then try what is due, each delivery noted before and after it is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from daemon.clock import Clock
from daemon.deliver import fill, receivers, words
from daemon.deliver.errors import SendError
from daemon.deliver.mail import message_of, send_mail
from daemon.deliver.times import is_due, is_hopeless, pause_after
from daemon.deliver.webhook import post
from daemon.health import intake_of
from daemon.settings import Settings
from db import outbox
from db.outbox import Delivery, Notice
from db.states import Channel, DeliveryState
from db.store import Store

LOG: Final = logging.getLogger("cxr_triage.deliver")


@dataclass(slots=True)
class Tally:
    """What came of the tries of one look."""

    sent: int = 0
    again: int = 0
    failed: int = 0


class Deliverer:
    """Sends what stands in the outbox; whoever uses it holds the right to.

    At least once, never twice on purpose: a try is noted before it is made, its success after it. Who is killed in
    between sends again, under the same Message-ID or Idempotency-Key.
    """

    def __init__(self, settings: Settings, store: Store, clock: Clock, chance: Callable[[], float]) -> None:
        self._settings, self._ours = settings, settings.deliver
        self._store, self._clock, self._chance = store, clock, chance

    def fill(self) -> None:
        """Put in what is to be told now.

        Raises:
            StoreError: the store did not take it.
        """
        now, department = self._clock.now(), self._settings.department
        if not (self._ours.urgent.enabled or self._ours.heartbeat_hours):
            return
        with self._store.read() as tx:  # most looks find nothing, and must not hold up the intake
            if not fill.is_anything_due(tx, self._ours, department, now):
                return
        with self._store.write() as tx:
            if self._ours.urgent.enabled:
                added = fill.announce_urgent(tx, self._ours, department, now)
                escalated = fill.settle(tx, self._ours, department, now)
                if added:
                    LOG.info("urgent studies to be told of", extra={"count": added})
                if escalated:
                    LOG.warning("not acknowledged, others are told", extra={"count": escalated})
            fill.beat(tx, self._ours, intake_of(tx, now).state.value, now)

    def send(self, stop: Callable[[], bool], *, only_due: bool) -> Tally:
        """Try what is to be sent, one after the other.

        Args:
            stop: whether to end before the next one.
            only_due: leave what still rests after a failed try.

        Raises:
            StoreError: the store could not be read or written.
        """
        tally = Tally()
        with self._store.read() as tx:
            found = outbox.pending(tx)
        for delivery, notice in found:
            if stop():
                break
            if not only_due or is_due(delivery.not_before, self._clock.now()):
                self._try(delivery, notice, tally)
        return tally

    def _try(self, delivery: Delivery, notice: Notice, tally: Tally) -> None:
        tries = delivery.attempts + 1
        with self._store.write() as tx:
            outbox.begin_attempt(tx, delivery.id, self._clock.now() + pause_after(tries, self._chance()))
        told = {"delivery": delivery.id, "channel": delivery.channel.value}
        try:
            self._tell(delivery, notice)
        except SendError as error:
            now = self._clock.now()
            hopeless = is_hopeless(notice.created_at, tries, now)
            with self._store.write() as tx:
                if hopeless:
                    outbox.end(tx, delivery.id, DeliveryState.FAILED, error.code, now)
                else:
                    outbox.note_error(tx, delivery.id, error.code)
            tally.failed += hopeless
            tally.again += not hopeless
            LOG.warning("given up" if hopeless else "not sent, to be tried again", extra={**told, "cause": error.code})
        else:
            with self._store.write() as tx:
                outbox.end(tx, delivery.id, DeliveryState.SENT, None, self._clock.now())
            tally.sent += 1
            LOG.info("sent", extra=told)

    def _tell(self, delivery: Delivery, notice: Notice) -> None:
        site, key = self._settings.report.site, words.idempotency_key(notice, delivery)
        if delivery.channel is Channel.WEBHOOK:
            if not self._ours.webhook.url:
                raise SendError("not-configured")
            post(self._ours.webhook, words.document(notice, delivery, site), key)
            return
        address = receivers.address_of(self._ours, delivery.target)
        if address is None or not self._ours.mail.server:
            raise SendError("not-configured")
        within = timedelta(minutes=self._ours.urgent.acknowledge_minutes)
        subject = words.subject(notice, site, escalated=delivery.escalated)
        text = words.text(notice, escalated=delivery.escalated, acknowledge_within=within)
        send_mail(self._ours.mail, message_of(self._ours.mail.sender, address, subject, text, key, notice.created_at))
