"""Queries about images one by one: where an image lies, whose study it is of, and the score that it was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from db import arrivals, blind_cases, results, schema
from db.queue import is_film
from db.records import Arrival, BundleRow, Result, Study
from db.states import ENDED
from db.ways import Place, place_of

a: Final = schema.arrival.c
s: Final = schema.study.c


@dataclass(frozen=True, slots=True)
class Image:
    """The newest content of a path.

    Attributes:
        arrival: that was handled: of a copy that of its original, whose place is elsewhere.
        study, result, bundle: None where it has none (yet).
        blind: its score is not to be shown.
    """

    place: Place
    arrival: Arrival
    study: Study | None
    result: Result | None
    bundle: BundleRow | None
    blind: bool = False


def of_study(tx: Connection, study_id: int) -> list[Image]:
    """The images of a study that came to an end (scored, refused, failed), oldest first."""
    query = (
        select(a.id).where(a.study_id == study_id, a.state.in_(sorted(ENDED)), is_film(a)).order_by(a.arrived_at, a.id)
    )
    found = []
    for arrival_id in tx.execute(query).scalars().all():
        place = place_of(tx, arrival_id)
        if place is not None:
            found.append(_image(tx, place, arrivals.get(tx, arrival_id)))
    return found


def at(tx: Connection, place: Place) -> Image | None:
    """The image at a path; None where nothing was ever seen there."""
    arrival = arrivals.current_at(tx, place.root.id, place.path)
    if arrival is not None and arrival.duplicate_of is not None:
        arrival = arrivals.get(tx, arrival.duplicate_of)
    return None if arrival is None else _image(tx, place, arrival)


def _image(tx: Connection, place: Place, arrival: Arrival) -> Image:
    result = None if arrival.result_id is None else results.get(tx, arrival.result_id)
    study = None
    if arrival.study_id is not None:
        study = Study(**tx.execute(select(schema.study).where(s.id == arrival.study_id)).one()._mapping)
    bundle = None if result is None else results.bundles(tx).get(result.bundle_id)
    return Image(place, arrival, study, result, bundle, blind=arrival.study_id in blind_cases.hidden(tx))
