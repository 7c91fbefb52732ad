"""Queries about what was expected: what a list is held against, and what was missing when somebody held it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, func, insert, select, union

from db import schema
from db.states import ExpectedKind, State

if TYPE_CHECKING:
    from datetime import datetime

a: Final = schema.arrival.c
s: Final = schema.study.c
r: Final = schema.reconciliation.c
f: Final = schema.expected_film.c


@dataclass(frozen=True, slots=True)
class ExpectedFilm:
    """A film that a list named: by its accession, or by the name or path of its file."""

    kind: ExpectedKind
    key: str
    expected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One list, as it was held against the store; the times are the first and the last that its films carry."""

    id: int
    at: datetime
    source: str  # a file name
    expected: int
    first_expected_at: datetime | None
    last_expected_at: datetime | None


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A file that arrived and did not vanish before it was handled; `state` is what became of its content."""

    folder: str  # the root, absolute
    path: str  # relative to it
    state: State
    arrived_at: datetime


def arrived_accessions(tx: Connection) -> dict[str, set[State]]:
    """Every accession of a film that arrived, or of its study, with the states of its films."""
    there = a.state != State.VANISHED
    of_films = select(a.accession.label("accession"), a.state.label("state")).where(a.accession.is_not(None), there)
    of_studies = (
        select(s.accession, a.state)
        .join_from(schema.study, schema.arrival, a.study_id == s.id)
        .where(s.accession.is_not(None), there)
    )
    found: dict[str, set[State]] = {}
    for accession, state in tx.execute(union(of_films, of_studies)):
        found.setdefault(accession, set()).add(state)
    return found


def arrived_files(tx: Connection) -> Iterator[ArrivedFile]:
    """Every file that arrived; of a copy, the state is that of the original."""
    original = schema.arrival.alias("original")
    query: Select[Any] = (
        select(schema.root.c.path, a.path, func.coalesce(original.c.state, a.state, type_=a.state.type), a.arrived_at)
        .select_from(schema.arrival)
        .join(schema.root, schema.root.c.id == a.root_id)
        .outerjoin(original, original.c.id == a.duplicate_of)
        .where(a.state != State.VANISHED)
    )
    for folder, path, state, arrived_at in tx.execute(query):
        yield ArrivedFile(folder, path, state, arrived_at)


def add(
    tx: Connection,
    at: datetime,
    source: str,
    expected: int,
    span: tuple[datetime, datetime] | None,
    missing: Iterable[ExpectedFilm],
) -> Reconciliation:
    """Keep what came of a list.

    Args:
        tx: the transaction.
        at: now.
        source: the name of its file.
        expected: how many films it named that were due.
        span: the first and the last time of these; None where none carries a time.
        missing: those that had not arrived.
    """
    first, last = span or (None, None)
    values = {"at": at, "source": source, "expected": expected, "first_expected_at": first, "last_expected_at": last}
    row = tx.execute(insert(schema.reconciliation).values(values).returning(schema.reconciliation)).one()
    films = [{"reconciliation_id": row.id, "kind": m.kind, "key": m.key, "expected_at": m.expected_at} for m in missing]
    if films:
        tx.execute(insert(schema.expected_film), films)
    return Reconciliation(**row._mapping)


def newest_touching(tx: Connection, start: datetime, end: datetime) -> Reconciliation | None:
    """The newest list that has something to say about a span; one without times speaks of when it was held."""
    query = (
        select(schema.reconciliation)
        .where(func.coalesce(r.first_expected_at, r.at) < end, func.coalesce(r.last_expected_at, r.at) >= start)
        .order_by(r.id.desc())
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else Reconciliation(**row._mapping)


def missing_of(tx: Connection, reconciliation_id: int) -> list[ExpectedFilm]:
    """What had not arrived when a list was held against the store, in the order of their times."""
    query = (
        select(f.kind, f.key, f.expected_at)
        .where(f.reconciliation_id == reconciliation_id)
        .order_by(f.expected_at.is_(None), f.expected_at, f.id)
    )
    return [ExpectedFilm(*row) for row in tx.execute(query)]
