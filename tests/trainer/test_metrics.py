"""Figures of merit against definitions and published values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.metrics import auc, auc_interval, calibration_error, wilson

FILMS = st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=40)


@given(FILMS)
def test_the_auc_is_the_share_of_pairs_in_the_right_order_and_ties_count_half(films):
    labels, scores = [y for y, _ in films], [s for _, s in films]
    pairs = [(p > n) + 0.5 * (p == n) for y, p in films if y for z, n in films if not z]
    if not pairs:
        with pytest.raises(ValueError, match="both classes"):
            auc(labels, scores)
    else:
        assert auc(labels, scores) == pytest.approx(np.mean(pairs))


def test_the_interval_of_the_auc_holds_the_auc_and_is_wider_where_patients_have_many_films():
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(0, 2, 40), 5)
    scores = labels + np.repeat(rng.normal(0, 1.2, 40), 5)
    films = auc_interval(labels, scores, [str(i) for i in range(200)], draws=300)
    patients = auc_interval(labels, scores, [str(i // 5) for i in range(200)], draws=300)
    assert films[0] < auc(labels, scores) < films[1]
    assert patients[1] - patients[0] > 1.5 * (films[1] - films[0])


def test_the_interval_of_one_class_is_an_error_and_does_not_draw_for_ever():
    with pytest.raises(ValueError, match="both classes"):
        auc_interval([1, 1, 1], [1.0, 2.0, 3.0], ["a", "b", "c"])


def test_wilson_gives_the_published_interval():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81/263 -> 0.2553 to 0.3662; 0/20 -> 0 to 0.1611.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_calibration_error_is_none_for_true_probabilities_and_the_excess_for_inflated_ones():
    labels = np.tile([1, 0, 0, 0], 100)
    assert calibration_error(labels, np.full(400, 0.25), bins=1) == pytest.approx(0.0)
    assert calibration_error(labels, np.full(400, 0.75), bins=1) == pytest.approx(0.5)
