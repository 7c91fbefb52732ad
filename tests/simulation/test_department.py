"""Drawn departments have the shares, loads and scores that are asked for."""

from __future__ import annotations

from bisect import bisect_left
from random import Random
from statistics import fmean

import pytest

from daemon.simulation.department import OPEN, PROFILE, Assumptions, Calendar, Finding, films
from daemon.triage.order import Band


def test_the_profile_is_a_whole_day() -> None:
    assert len(PROFILE) == 24
    assert sum(PROFILE) == 100


@pytest.mark.parametrize("calendar", Calendar)
def test_films_stand_in_the_order_of_their_arrival(calendar: Calendar) -> None:
    arrived = [film.arrived for film in films(Assumptions(calendar=calendar), Random(1))]
    assert arrived == sorted(arrived)
    assert len(arrived) > 1000


def test_the_counted_films_of_a_night_are_a_day_of_work_at_the_load() -> None:
    """Work of 24 hours over what two readers can do in their 12."""
    nights = [films(Assumptions(load=0.8), Random(seed)) for seed in range(40)]
    work = fmean(sum(film.minutes for film in night if film.counted) for night in nights)
    assert work / (2 * OPEN) == pytest.approx(0.8, rel=0.02)


def test_a_weekend_is_sixty_hours_that_lie_there_on_monday() -> None:
    """Friday's evening, two half days and Monday's small hours: 1.29 days of films at one reading minute."""
    assumed = Assumptions(load=0.9, calendar=Calendar.WEEKEND)
    assert assumed.films_a_day == pytest.approx(0.9 * 480 * 5 / 6)
    lying = fmean(
        sum(film.arrived == 2 * OPEN for film in films(assumed, Random(seed)) if film.counted) for seed in range(20)
    )
    assert lying == pytest.approx(1.29 * assumed.films_a_day, rel=0.02)


@pytest.mark.parametrize("auc", [0.5, 0.8, 0.97])
def test_shares_scores_and_bands_are_those_assumed(auc: float) -> None:
    """Other urgent findings score as normal films do; sensitivity and specificity are .95 at the two thresholds."""
    assumed = Assumptions(auc=auc, prevalence=0.3)
    drawn = [film for seed in range(12) for film in films(assumed, Random(seed))]
    share = {finding: sum(film.finding is finding for film in drawn) / len(drawn) for finding in Finding}
    assert share[Finding.PNEUMONIA] == pytest.approx(0.3, abs=0.01)
    assert share[Finding.OTHER_URGENT] == pytest.approx(0.05, abs=0.005)
    assert sum(film.band is Band.UNSCORED for film in drawn) / len(drawn) == pytest.approx(0.05, abs=0.005)
    scored = {
        finding: [film for film in drawn if film.finding is finding and film.logit is not None] for finding in Finding
    }
    ill, well = scored[Finding.PNEUMONIA], scored[Finding.NORMAL]
    low = sorted(film.logit for film in well if film.logit is not None)
    above = fmean(bisect_left(low, film.logit) / len(low) for film in ill if film.logit is not None)
    assert above == pytest.approx(auc, abs=0.012)
    assert fmean(film.band is not Band.IN_TURN for film in ill) == pytest.approx(0.95, abs=0.01)
    for other in (well, scored[Finding.OTHER_URGENT]):
        assert fmean(film.band is Band.FIRST for film in other) == pytest.approx(0.05, abs=0.02)
