"""Figures of merit against definitions and published values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.statistics.metrics import (
    auc,
    auc_interval,
    auc_interval_by_films,
    brier,
    calibration_error,
    calibration_interval,
    losses,
    mean_interval,
    share_interval,
    wilson,
)

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


@given(FILMS)
def test_an_interval_by_films_ends_where_hanley_and_mcneils_error_reaches_the_area(films):
    labels, scores = np.array([y for y, _ in films]), [s for _, s in films]
    if not 0 < labels.sum() < labels.size:
        with pytest.raises(ValueError, match="both classes"):
            auc_interval_by_films(labels, scores)
        return
    found, (low, high) = auc(labels, scores), auc_interval_by_films(labels, scores)
    m, n = labels.sum(), (~labels).sum()
    middle = (m + n) / 2  # Newcombe's method 5 takes the mean of both counts

    def error(area):
        q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
        spread = area * (1 - area) + (middle - 1) * (q1 - area**2) + (middle - 1) * (q2 - area**2)
        return np.sqrt(spread / (m * n))

    assert 0 <= low <= found <= high <= 1
    assert found - low == pytest.approx(1.959964 * error(low), abs=1e-6)
    assert high - found == pytest.approx(1.959964 * error(high), abs=1e-6)


def test_an_interval_by_films_has_a_width_where_no_film_is_out_of_order():
    assert auc_interval_by_films([0, 0, 0, 1, 1], [1, 2, 3, 4, 5])[0] < 0.9


def test_brier_score_and_loss_by_hand():
    assert brier([1, 0], [0.8, 0.4]) == pytest.approx((0.04 + 0.16) / 2)
    assert losses([1, 0], [0.8, 0.4]) == pytest.approx([-np.log(0.8), -np.log(0.6)])
    assert np.isfinite(losses([1, 0], [0.0, 1.0])).all()


def test_intervals_by_patients_hold_their_figure_and_a_share_of_nothing_has_none():
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 90)
    p = np.clip(labels * 0.3 + rng.uniform(0, 0.5, 90), 0.01, 0.99)
    patients = [str(i // 3) for i in range(90)]
    for value, (low, high) in (
        (calibration_error(labels, p), calibration_interval(labels, p, patients, draws=200)),
        (brier(labels, p), mean_interval((p - labels) ** 2, labels, patients, draws=200)),
        ((p > 0.4)[labels == 1].mean(), share_interval(p > 0.4, labels == 1, labels, patients, draws=200)),
    ):
        assert low < value < high
    assert share_interval(p > 0.4, np.zeros(90), labels, patients, draws=5) is None
