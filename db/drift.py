"""Queries about what films are like, one after another, and what was made of them for each folder.

A blind study's score is left out until there is a verdict: the figures of a night with few films could tell it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, func, or_, select, true, update

from db import blind_cases, schema
from db.states import REJECTION_NOTE, State

MOST: Final = 20_000
a: Final = schema.arrival.c
r: Final = schema.result.c


class FilmRow(NamedTuple):
    """One film that was scored or refused; `measures` as `models.film_statistics` writes them."""

    root_id: int
    arrived_at: datetime
    refused: bool
    population: str | None
    measures: str | None
    logit: float | None
    unlikeness: float | None


def films(tx: Connection, root_id: int, since: datetime, until: datetime, model_sha256: str) -> Iterator[FilmRow]:
    """Films of a root that arrived in a span and were no backlog, the oldest first; scores are those of one model.

    What another model scored is left out: its scores are on another scale. Of more than `MOST` films every second,
    third, ... is given, by its number: more of them tell nothing new, and a night of 100,000 would hold up the report.
    """
    hidden = blind_cases.hidden(tx)
    within = and_(a.root_id == root_id, a.arrived_at >= since, a.arrived_at < until, a.backlog.is_(False))
    count = int(tx.execute(select(func.count()).select_from(schema.arrival).where(within)).scalar_one())
    query = (
        select(a.study_id, a.state, a.root_id, a.arrived_at, a.population, a.measures, r.logit, r.unlikeness)
        .join_from(schema.arrival, schema.result, a.result_id == r.id, isouter=True)
        .where(
            within,
            a.id % -(-count // MOST) == 0 if count > MOST else true(),
            or_(
                and_(a.state == State.SCORED, r.model_sha256 == model_sha256),
                and_(a.state == State.REFUSED, or_(a.code.is_(None), a.code != REJECTION_NOTE)),
            ),
        )
        .order_by(a.arrived_at, a.id)
    )
    for study_id, state, root_id, arrived_at, population, measures, logit, unlikeness in tx.execute(query):
        refused = state is State.REFUSED
        scores = (None, None) if refused or study_id in hidden else (logit, unlikeness)
        yield FilmRow(root_id, arrived_at, refused, population, measures, *scores)


def first_used(tx: Connection, model_sha256: str) -> datetime | None:
    """When a model first came into use, under whatever bundle's name."""
    b = schema.bundle.c
    query = select(func.min(b.first_used_at)).where(b.model_sha256 == model_sha256)
    found: datetime | None = tx.execute(query).scalar_one()
    return found


def keep(tx: Connection, root_id: int, document: str) -> None:
    """Keep what a night's look at a folder found, in place of the one before."""
    tx.execute(update(schema.root).where(schema.root.c.id == root_id).values(drift=document))
