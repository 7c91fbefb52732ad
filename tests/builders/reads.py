"""Builds reads for the ledger, in minutes, so that a test can be checked by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from builders.studies import NOW

from daemon.ledger.places import Read
from daemon.triage.order import Urgency


def minute(number: float) -> datetime:
    """A moment."""
    return NOW + timedelta(minutes=number)


def read(name: str, came: float, done: float, group: str = "next", urgency: Urgency = Urgency.ROUTINE) -> Read:
    """One that came and was read at these minutes."""
    return Read(name, None, group, urgency, minute(came), minute(done))
