"""Asks the store how the bundle in use stands at this site."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from daemon.acceptance.standing import NOBODY, Acceptance, Ground, Identity, Standing, acceptance_of
from db import acceptances, results, schema
from db.acceptances import AcceptanceRow
from db.errors import StoreError
from db.glance import glance
from models.bundle import points_from_document
from models.errors import ModelsError
from models.population import Population

if TYPE_CHECKING:
    from db.records import BundleRow
    from models.bundle import Bundle


def in_force(tx: Connection, now: datetime) -> Acceptance:
    """How the bundle that came into use last stands."""
    row = results.newest_bundle(tx)
    if row is None:
        return NOBODY
    return of_bundle(tx, Identity.of(row), populations_of(row), now)


def of_bundle(tx: Connection, identity: Identity, populations: Iterable[Population], now: datetime) -> Acceptance:
    """How some bundle stands, as if it were in use."""
    return acceptance_of(acceptances.every(tx), identity, populations, now)


def populations_of(row: BundleRow) -> list[Population]:
    """Those that a bundle has points for, in one order for all; none where its document cannot be read."""
    try:
        points = points_from_document(json.loads(row.document))
    except (ModelsError, ValueError):
        return []
    return [who for who in Population if who in points]


def identity_of(bundle: Bundle) -> Identity:
    """Of a bundle that was read from its folder, as the store would know it."""
    return Identity(bundle.model_sha256, results.document_digest(document_text(bundle)))


def document_text(bundle: Bundle) -> str:
    """bundle.json, as the store keeps it."""
    return json.dumps(bundle.document, sort_keys=True)


def ensure_kept(tx: Connection, bundle: Bundle, now: datetime) -> int:
    """The id of a bundle in the store, which is entered where it is new."""
    return results.ensure_bundle(
        tx,
        model_sha256=bundle.model_sha256,
        name=bundle.name,
        preprocessing=bundle.preprocessing,
        document=document_text(bundle),
        now=now,
    )


def glanced(url: str, bundle: Bundle, now: datetime) -> Acceptance:
    """How a bundle stands, for those who judge films apart from the store; where it cannot be read, nobody knows."""
    identity, populations = identity_of(bundle), [who for who in Population if who in bundle.points]
    try:
        rows = glance(url, schema.acceptance, acceptances.every, list[AcceptanceRow]())
    except StoreError:
        return Acceptance(identity, {who: Standing(Ground.UNKNOWN) for who in populations})
    return acceptance_of(rows, identity, populations, now)
