"""Weighted rates against a truth that is known, and what is said where cases cannot tell."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from daemon.review.rates import BANDS, BlindCase, calibration_of, rates_of
from daemon.triage.order import Band

RUNS = 1000
HELD = 930  # of 1,000 intervals of 95 %, so many at least
THRESHOLD, FIRST = 0.7, 1.6
SHARES = (0.2, 0.1, 0.05)


def simulated(
    rng: np.random.Generator, studies: int, prevalence: float, gap: float, shares: Sequence[float], told: float
) -> list[BlindCase]:
    """Blind cases of a site: normal scores, `gap` apart; so large a share of verdicts ever comes."""
    pneumonia = rng.random(studies) < prevalence
    score = rng.normal(size=studies) + gap * pneumonia
    band = np.where(score >= FIRST, 0, np.where(score >= THRESHOLD, 1, 2))
    drawn = (rng.random(studies) < np.array(shares)[band]) & (rng.random(studies) < told)
    kinds = [
        [BlindCase(each, ill, share, 0.5) for ill in (False, True)] for each, share in zip(BANDS, shares, strict=True)
    ]
    return [kinds[place][ill] for place, ill in zip(band[drawn].tolist(), pneumonia[drawn].tolist(), strict=True)]


def below(z: float) -> float:
    """The standard normal distribution."""
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


@pytest.mark.parametrize(
    ("studies", "prevalence", "gap", "shares", "told"),
    [
        (6000, 0.10, 2.2, SHARES, 1.0),
        (6000, 0.10, 2.2, SHARES, 0.6),
        (6000, 0.03, 2.2, SHARES, 1.0),
        (6000, 0.10, 1.2, SHARES, 1.0),
        (6000, 0.10, 2.2, (0.02, 0.1, 0.3), 1.0),
        (20000, 0.10, 2.2, SHARES, 1.0),
    ],
)
def test_the_truth_lies_in_the_interval_in_930_of_1000_runs(
    studies: int, prevalence: float, gap: float, shares: Sequence[float], told: float
) -> None:
    """Sensitivity and specificity, where few are drawn of a band in which hardly any pneumonia is, and otherwise."""
    sensitivity, specificity = 1 - below(THRESHOLD - gap), below(THRESHOLD)
    rng = np.random.default_rng(8)
    held, right, estimates = 0, 0, []
    for _ in range(RUNS):
        rates = rates_of(simulated(rng, studies, prevalence, gap, shares, told), rng)
        found, other = rates.sensitivity, rates.specificity
        assert found.low is not None
        assert found.high is not None
        assert other.low is not None
        assert other.high is not None
        held += found.low <= sensitivity <= found.high
        right += other.low <= specificity <= other.high
        estimates.append(found.value)
    assert held >= HELD
    assert right >= HELD
    assert np.mean(np.array(estimates, float)) == pytest.approx(sensitivity, abs=0.01)


def test_a_rate_is_weighted_by_the_chance_of_each_draw() -> None:
    """10 found of 10 % drawn stand for 100, one missed of 5 % for 20: 100 of 120, and not 10 of 11."""
    cases = [BlindCase(Band.FIRST, True, 0.1, 0.9)] * 6 + [BlindCase(Band.NEXT, True, 0.1, 0.6)] * 4
    cases += [BlindCase(Band.IN_TURN, True, 0.05, 0.1)] + [BlindCase(Band.IN_TURN, False, 0.05, 0.1)] * 5
    cases += [BlindCase(Band.NEXT, False, 0.1, 0.6)] * 2
    rates = rates_of(cases, np.random.default_rng(1))
    assert rates.sensitivity.value == pytest.approx(100 / 120)
    assert rates.specificity.value == pytest.approx(100 / 120)
    assert (rates.sensitivity.cases, rates.specificity.cases) == (11, 7)


def test_a_share_that_changed_meanwhile_counts_for_each_as_it_was() -> None:
    """Two found while one of two was drawn, two while one of ten was: 24 of the 44 with the missed one of 1 in 20."""
    cases = [BlindCase(Band.FIRST, True, share, 0.9) for share in (0.5, 0.5, 0.1, 0.1)]
    cases += [BlindCase(Band.NEXT, False, 0.1, 0.5), BlindCase(Band.IN_TURN, True, 0.05, 0.1)]
    assert rates_of(cases, np.random.default_rng(1)).sensitivity.value == pytest.approx(24 / 44)


def test_where_nothing_was_missed_the_interval_still_has_a_width() -> None:
    """Twenty found and none missed is no proof of 100 %."""
    cases = [BlindCase(band, True, 0.2, 0.9) for band in (Band.FIRST, Band.NEXT)] * 10
    cases += [BlindCase(Band.IN_TURN, False, 0.05, 0.1)] * 40
    found = rates_of(cases, np.random.default_rng(1)).sensitivity
    assert found.value == 1.0
    assert found.low is not None
    assert 0.3 < found.low < 0.97


def test_without_a_case_of_each_band_there_is_no_rate_and_a_reason() -> None:
    """What a band without cases hides, nobody can tell."""
    cases = [BlindCase(Band.FIRST, True, 0.2, 0.9), BlindCase(Band.NEXT, False, 0.2, 0.9)]
    rates = rates_of(cases, np.random.default_rng(1))
    assert (rates.sensitivity.value, rates.sensitivity.low) == (None, None)
    assert rates.sensitivity.why == "no blind case of the band in turn was judged"
    healthy = rates_of([BlindCase(band, False, 0.2, 0.5) for band in BANDS], np.random.default_rng(1))
    assert healthy.sensitivity.why == "no blind case with pneumonia was judged"
    assert healthy.specificity.value == pytest.approx(1 / 3)
    assert rates_of([], np.random.default_rng(1)).specificity.value is None


def test_the_calibration_table_weighs_and_holds_every_case_once() -> None:
    """Also one with a probability of 1, in the last bin."""
    cases = [BlindCase(Band.IN_TURN, False, 0.05, 0.02), BlindCase(Band.IN_TURN, True, 0.05, 0.04)]
    cases += [BlindCase(Band.NEXT, True, 0.1, 0.04), BlindCase(Band.FIRST, True, 0.2, 1.0)]
    table = calibration_of(cases, np.random.default_rng(1))
    assert [(row.low, row.found.cases) for row in table] == [(0.0, 3), (0.75, 1)]
    assert table[0].stated == pytest.approx((20 * 0.02 + 20 * 0.04 + 10 * 0.04) / 50)
    assert table[0].found.value == pytest.approx(30 / 50)
    assert table[1].found.value == 1.0
    assert calibration_of([], np.random.default_rng(1)) == []
