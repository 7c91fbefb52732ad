"""The logistic curve, and a threshold on the films that choose it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ModelsError
from models.promises import threshold_for_sensitivity
from models.statistics.logistic import fit_logistic

LOGITS = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=60)
SHARES = st.sampled_from([0.5, 0.9, 0.95, 0.98, 1.0])


@given(LOGITS, LOGITS, SHARES)
def test_a_threshold_finds_what_was_asked_and_no_higher_one_would(positives, negatives, share):
    x, y = [*positives, *negatives], [1] * len(positives) + [0] * len(negatives)
    threshold = threshold_for_sensitivity(x, y, share)
    assert np.mean(np.asarray(positives) >= threshold) >= share
    above = [v for v in positives if v > threshold]
    assert not above or np.mean(np.asarray(positives) > min(above)) < share
    assert threshold not in x


def test_a_film_of_weight_three_counts_as_three_films():
    x, y, w = [3.0, 2.0, 1.0, 0.0, -1.0], [1, 1, 1, 1, 0], [1, 3, 1, 1, 9]
    alone = [3.0, 2.0, 2.0, 2.0, 1.0, 0.0, -1.0]
    for share in (0.1, 0.5, 0.67, 0.9, 1.0):
        expected = threshold_for_sensitivity(alone, [1, 1, 1, 1, 1, 1, 0], share)
        assert threshold_for_sensitivity(x, y, share, w) == expected


def test_the_calibration_finds_the_curve_that_made_the_labels():
    rng = np.random.default_rng(0)
    x = rng.normal(3, 4, 40_000)
    y = rng.random(x.size) < 1 / (1 + np.exp(-(0.7 * x - 1.5)))
    curve = fit_logistic(x, y)
    assert (curve.slope, curve.intercept) == (pytest.approx(0.7, rel=0.05), pytest.approx(-1.5, rel=0.05))
    assert curve.prevalence == pytest.approx(y.mean())
    assert np.mean([curve.probability(v) for v in x]) == pytest.approx(y.mean(), abs=1e-6)


def test_separated_classes_give_a_finite_rising_curve():
    curve = fit_logistic([-5.0, -4.0, 4.0, 10.0], [0, 0, 1, 1])
    assert 0 < curve.slope < 1e6
    assert curve.probability(-5.0) < 0.05 < 0.95 < curve.probability(10.0)


@pytest.mark.parametrize(
    ("x", "y", "why"), [([1.0, 2.0], [1, 1], "lack one"), ([2.0, 1.0, 0.0], [0, 0, 1], "do not rise")]
)
def test_what_cannot_be_calibrated_says_why(x, y, why):
    with pytest.raises(ModelsError, match=why):
        fit_logistic(x, y)
