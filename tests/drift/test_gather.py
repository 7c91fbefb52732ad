"""From rows of the store to nights: when a night ends, what counts, and what a blind case keeps back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from daemon.drift.gather import night_of, nights_of, told_by
from db.drift import FilmRow
from models.film_statistics import FilmStatistics, written

VIENNA = ZoneInfo("Europe/Vienna")
SIX = time(6)
SOME = written(FilmStatistics(0.5, 0.2, 0.1, 0.9, 0.0, 0.0, 0.3, 0.0, 20.0))


def film(hour: int, day: int = 2, **changes: object) -> FilmRow:
    row = FilmRow(1, datetime(2026, 11, day, hour, tzinfo=UTC), False, "adults", SOME, 1.5, -4.0)
    return row._replace(**changes)  # type: ignore[arg-type]


def test_a_night_ends_when_its_report_is_due_by_the_sites_clock() -> None:
    assert night_of(datetime(2026, 11, 2, 4, 59, tzinfo=UTC), VIENNA, SIX) == date(2026, 11, 2)
    assert night_of(datetime(2026, 11, 2, 5, 0, tzinfo=UTC), VIENNA, SIX) == date(2026, 11, 3)
    assert night_of(datetime(2026, 7, 2, 4, 0, tzinfo=UTC), VIENNA, SIX) == date(2026, 7, 3)  # summer time


def test_films_become_nights_with_what_is_known_of_each() -> None:
    """A score that is kept back leaves its film among the films; one of before, without measures, too."""
    rows = [film(1), film(2, logit=None, unlikeness=None), film(3, measures=None), film(4, refused=True, logit=None)]
    nights, who = nights_of([*rows, film(12)], VIENNA, SIX)
    first, second = nights[1]
    assert (first.films, first.refused, second.films) == (4, 1, 1)
    assert len(first.columns["logit"]) == 2
    assert len(first.columns["unlikeness"]) == 3
    assert np.allclose(first.columns["size"], [20.0] * 3)
    assert who[1]["adults"] == 5


def test_measures_that_make_no_sense_are_none() -> None:
    nights, _ = nights_of([film(1, measures="1 nan"), film(1, measures="2 0.5"), film(1, measures="x")], VIENNA, SIX)
    assert len(nights[1][0].columns["mean"]) == 0


def test_a_kept_bundle_without_a_reference_or_with_a_broken_one_says_nothing() -> None:
    assert told_by("{}") == {}
    assert told_by('{"reference": 5}') == {}
    assert told_by("[]") == {}
