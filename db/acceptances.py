"""Queries about judgements of bundles on the site's own films; what they mean, and until when, is not decided here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select, update

from db import schema

if TYPE_CHECKING:
    from datetime import datetime

a: Final = schema.acceptance.c


@dataclass(frozen=True, slots=True)
class AcceptanceRow:
    """One bundle, judged for one population; `id` is 0 before the store has it.

    Attributes:
        bundle: its name; what it is told by are the two hashes.
        accepted: what the rule decided.
        by: who stands for it.
        source: "reviews", or the folder of the films.
        counts, figures, points: JSON; without `points` the bundle's own are judged, and stay.
    """

    id: int
    bundle: str
    model_sha256: str
    document_sha256: str
    population: str
    accepted: bool
    at: datetime
    by: str
    source: str
    counts: str
    figures: str
    points: str | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None


def every(tx: Connection) -> list[AcceptanceRow]:
    """All of them, the earliest first; a site makes a few a year."""
    return [AcceptanceRow(**row._mapping) for row in tx.execute(select(schema.acceptance).order_by(a.id))]


def add(tx: Connection, row: AcceptanceRow) -> int:
    """Keep a judgement; its id."""
    values = {name: getattr(row, name) for name in AcceptanceRow.__slots__ if name != "id"}
    added: int = tx.execute(insert(schema.acceptance).values(values).returning(a.id)).scalar_one()
    return added


def revoke(tx: Connection, by: str, now: datetime, population: str | None = None) -> int:
    """Take back whatever was not taken back yet, of any bundle (for one population); of how many judgements."""
    query = update(schema.acceptance).where(a.revoked_at.is_(None)).values(revoked_at=now, revoked_by=by)
    return tx.execute(query if population is None else query.where(a.population == population)).rowcount
