"""Somebody has taken an urgent notice on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from daemon.errors import DaemonError
from db import outbox
from db.outbox import Notice
from db.states import NoticeKind


def acknowledge(tx: Connection, number: int, by: str | None, now: datetime) -> Notice:
    """Note it; of two who do, the first one stays.

    Raises:
        DaemonError: there is no urgent notice of that number.
    """
    known = outbox.get(tx, number)
    if known is None or known.kind not in (NoticeKind.URGENT, NoticeKind.DIGEST):
        cause, remedy = f"no urgent notice has the number {number}", "see `cxr-triage deliver list`"
        raise DaemonError("acknowledge", None, cause, remedy)
    outbox.acknowledge(tx, known.part_of or number, by, now)
    after = outbox.get(tx, known.part_of or number)
    assert after is not None  # noqa: S101
    return after
