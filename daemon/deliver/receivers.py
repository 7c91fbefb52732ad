"""Who is told: the addresses of the configuration, and the short digests that the outbox names them by; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from daemon.deliver.settings import DeliverSettings
from db.outbox import Target
from db.states import Channel


def name_of(address: str) -> str:
    """What the outbox calls an address, so that none stands in it."""
    return hashlib.sha256(address.lower().encode()).hexdigest()[:16]


def _targets(settings: DeliverSettings, addresses: Iterable[str]) -> list[Target]:
    by_mail = [Target(Channel.MAIL, name_of(address)) for address in addresses] if settings.mail.server else []
    return [*by_mail, Target(Channel.WEBHOOK, "")] if settings.webhook.url else by_mail


def ordinary(settings: DeliverSettings) -> list[Target]:
    """Who is told of a report, and of the heartbeat."""
    return _targets(settings, settings.mail.to)


def urgent(settings: DeliverSettings) -> list[Target]:
    """Who is told of a study of the band `first`."""
    return _targets(settings, settings.urgent.to or settings.mail.to)


def escalation(settings: DeliverSettings) -> list[Target]:
    """Who is told when nobody acknowledged; nobody where no second address is set."""
    return _targets(settings, settings.urgent.escalate_to) if settings.urgent.escalate_to else []


def address_of(settings: DeliverSettings, name: str) -> str | None:
    """The address that the outbox means; None when the configuration has it no more."""
    known = (*settings.mail.to, *settings.urgent.to, *settings.urgent.escalate_to)
    return next((address for address in known if name_of(address) == name), None)
