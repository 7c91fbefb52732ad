"""What the daemon does besides films, every minute: reads from the RIS, and studies that leave the queue unread."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from daemon.followup.closing import close_studies
from daemon.followup.ris import RisTable
from daemon.settings import Settings
from db import roots
from db.identity import Identity
from db.store import Store

LOG: Final = logging.getLogger("cxr_triage.reads")
EVERY: Final = timedelta(minutes=1)


class Chores:
    """Does them when a minute has passed; its owner calls it as often as it likes, from one thread."""

    def __init__(self, settings: Settings, identity: Identity) -> None:
        zone, ris = ZoneInfo(settings.report.zone), settings.ris
        self._identity = identity
        self._table = RisTable(ris.reads, zone, ris.columns) if ris.reads is not None else None
        self._emptied = settings.emptied
        self._expire = timedelta(days=settings.queue.expire_days)
        self._next: datetime | None = None

    def __call__(self, store: Store, now: datetime) -> None:
        """Do what is due.

        Raises:
            StoreError: the store does not answer.
        """
        if self._next is not None and self._next - EVERY <= now < self._next:  # a clock put back holds nothing up
            return
        self._next = now + EVERY
        if self._table is not None and (found := self._table.look(store, self._identity, now)) is not None:
            level = logging.WARNING if found.faults else logging.INFO
            LOG.log(level, "table of reads taken in", extra={"count": found.marked})
        with store.write() as tx:
            emptied = {root.id for root in roots.roots(tx) if root.path in self._emptied}
            closed = close_studies(tx, emptied, self._expire, now)
        for source, studies in closed.items():
            if studies:
                LOG.info("studies left the queue", extra={"cause": source.value, "count": studies})
