"""Queries about one path: every content that it ever held, and what each of them went through."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from db import arrivals, blind_cases, instances, results, schema, studies
from db.instances import Withdrawn
from db.records import Arrival, BundleRow, HistoryLine, ReadEvent, Result, Review, Root
from db.roots import roots

a: Final = schema.arrival.c
e: Final = schema.read_event.c
s: Final = schema.study.c


@dataclass(frozen=True, slots=True)
class Place:
    """A path in a root that held a file at some time."""

    root: Root
    path: str  # relative to the root

    @property
    def absolute(self) -> str:
        """The whole path."""
        return os.path.join(self.root.path, self.path)  # noqa: PTH118


@dataclass(frozen=True, slots=True)
class Generation:
    """One content of a path, with everything that the store knows of it.

    Attributes:
        elsewhere: the absolute path of the film that it repeats, where it is a copy.
        reads: when its study was read, oldest first.
        withdrawn: the note by which its sender took it back.
        reviews: the verdicts on its study, oldest first; a later one revises those before it.
        blind: its score is not to be shown.
    """

    arrival: Arrival
    history: tuple[HistoryLine, ...]
    study: str | None
    result: Result | None
    bundle: BundleRow | None
    elsewhere: str | None
    reads: tuple[ReadEvent, ...]
    withdrawn: Withdrawn | None
    reviews: tuple[Review, ...]
    blind: bool


def places_at(tx: Connection, absolute: str) -> list[Place]:
    """Where the store knows an absolute path: in more than one root when roots lay in each other."""
    return [
        Place(root, absolute[len(folder) :])
        for root, folder in _folders(tx)
        if absolute.startswith(folder) and arrivals.current_at(tx, root.id, absolute[len(folder) :]) is not None
    ]


def places_under_any_root(tx: Connection, relative: str) -> list[Place]:
    """Where the store knows a path that is relative to a root."""
    return [Place(root, relative) for root in roots(tx) if arrivals.current_at(tx, root.id, relative) is not None]


def place_of(tx: Connection, arrival_id: int) -> Place | None:
    """The path of an arrival."""
    row = tx.execute(select(a.root_id, a.path).where(a.id == arrival_id)).one_or_none()
    if row is None:
        return None
    return next((Place(root, row.path) for root in roots(tx) if root.id == row.root_id), None)


def generations(tx: Connection, place: Place) -> Iterator[Generation]:
    """Every content of a path, oldest first."""
    query = select(a.id).where(a.root_id == place.root.id, a.path == place.path).order_by(a.generation)
    known, hidden = results.bundles(tx), blind_cases.hidden(tx)
    for arrival_id in tx.execute(query).scalars().all():
        arrival = arrivals.get(tx, arrival_id)
        result = None if arrival.result_id is None else results.get(tx, arrival.result_id)
        original = None if arrival.duplicate_of is None else place_of(tx, arrival.duplicate_of)
        yield Generation(
            arrival=arrival,
            history=tuple(arrivals.history(tx, arrival.id)),
            study=_key(tx, arrival.study_id),
            result=result,
            bundle=None if result is None else known.get(result.bundle_id),
            elsewhere=None if original is None else original.absolute,
            reads=_reads(tx, arrival.study_id),
            withdrawn=None if arrival.withdrawn_by is None else instances.withdrawn_by(tx, arrival.withdrawn_by),
            reviews=() if arrival.study_id is None else tuple(studies.reviews(tx, arrival.study_id)),
            blind=arrival.study_id in hidden,
        )


def _folders(tx: Connection) -> list[tuple[Root, str]]:
    return [(root, root.path.rstrip(os.sep) + os.sep) for root in roots(tx)]


def _key(tx: Connection, study_id: int | None) -> str | None:
    if study_id is None:
        return None
    found: str | None = tx.execute(select(s.key).where(s.id == study_id)).scalar_one_or_none()
    return found


def _reads(tx: Connection, study_id: int | None) -> tuple[ReadEvent, ...]:
    if study_id is None:
        return ()
    query = select(schema.read_event).where(e.study_id == study_id).order_by(e.recorded_at, e.id)
    return tuple(ReadEvent(**row._mapping) for row in tx.execute(query))
