"""Past nights out of a real store, judged by any rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from builders.intake import House
from builders.ward import FIRST, NOW, Ward

from daemon.rehearsal.gather import Nights, Thresholds, nights_of, studies_of
from daemon.triage.order import Band
from daemon.triage.site import Department
from db import blind_cases, studies
from db.states import Verdict
from models.population import Population

HOUR = timedelta(hours=1)


@pytest.fixture
def ward(house: House) -> Iterator[Ward]:
    with house.store.write() as tx:
        yield Ward(tx, NOW)


def nights(ward: Ward) -> Nights:
    return nights_of(ward.tx, NOW - HOUR, NOW + HOUR, NOW + HOUR)


def bands(found: Nights, points: Thresholds) -> list[Band]:
    department = Department()
    rules = {number: points.rules(kept, department) for number, kept in found.bundles.items()}
    return [study.band for study in studies_of(found.images, rules.__getitem__, department)]


def test_other_thresholds_give_other_bands_to_the_same_scores(ward: Ward) -> None:
    """Of the population that they are for."""
    for number, logit in enumerate((FIRST, 0.5, -3.0), 1):
        ward.read(ward.film(number, logit), NOW + HOUR / 2)
    found = nights(ward)
    assert bands(found, Thresholds({}, {})) == [Band.FIRST, Band.NEXT, Band.IN_TURN]
    adults = Population.ADULTS
    assert bands(found, Thresholds({adults: -5.0}, {adults: 0.2})) == [Band.FIRST, Band.FIRST, Band.NEXT]
    children = Population.CHILDREN
    assert bands(found, Thresholds({children: -5.0}, {children: 0.2})) == [Band.FIRST, Band.NEXT, Band.IN_TURN]
    with pytest.raises(ValueError, match="below `next`"):
        bands(found, Thresholds({adults: 9.0}, {}))


def test_backlog_and_what_was_not_read_are_not_read_anew(ward: Ward) -> None:
    """As in the ledger."""
    ward.read(ward.film(1, backlog=True), NOW + HOUR / 2)
    ward.film(2)
    ward.read(ward.film(3), NOW + HOUR / 2)
    assert len(bands(nights(ward), Thresholds({}, {}))) == 1


def test_no_threshold_draws_a_blind_study_out(ward: Ward) -> None:
    """Its score is not there to be judged, by whatever rules; nor after the verdict, which came when it was read."""
    film = ward.film(1, FIRST)
    assert film.study_id is not None
    blind_cases.add(ward.tx, film.study_id, film.id, band="first", share=0.1, every_band=True, now=NOW)
    ward.read(film, NOW + HOUR / 2)
    adults = Population.ADULTS
    found = nights(ward)
    for point in (-99.0, 99.0):
        assert bands(found, Thresholds({adults: point}, {adults: point})) == [Band.UNSCORED]
    assert found.pneumonia == {}
    studies.add_review(ward.tx, film.study_id, Verdict.PNEUMONIA, NOW + HOUR / 2)
    found = nights(ward)
    assert bands(found, Thresholds({}, {})) == [Band.UNSCORED]
    assert list(found.pneumonia.values()) == [True]
