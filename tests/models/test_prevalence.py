"""Predictive values, misses and net benefit against sums done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.statistics.metrics import wilson
from models.statistics.prevalence import Estimate, false_alarms, missed, net_benefit, npv, ppv, ratio, share
from trainer.evidence.decision import PREVALENCES, prevalences

COUNTS = st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_predictive_values_are_bayes():
    sensitivity, specificity = share(90, 100), share(80, 100)
    assert ppv(sensitivity, specificity, 0.1).value == pytest.approx(0.09 / (0.09 + 0.18))
    assert npv(sensitivity, specificity, 0.1).value == pytest.approx(0.72 / (0.72 + 0.01))
    assert missed(sensitivity, 0.03).value == pytest.approx(3.0)
    assert false_alarms(specificity, 0.03).value == pytest.approx(194.0)
    low, high = wilson(90, 100)
    assert missed(sensitivity, 0.03).interval == pytest.approx((30 * (1 - high), 30 * (1 - low)))


@given(COUNTS, COUNTS)
def test_the_ends_of_a_ratio_are_where_the_interval_of_the_difference_touches_zero(top, bottom):
    a, b = share(*top), share(*bottom)
    found = ratio(a, b)
    low, high = found.interval
    gap = a.value - low * b.value
    assert gap == pytest.approx(
        math.hypot(a.value - a.interval[0], low * (b.interval[1] - b.value)), abs=1e-7 * (1 + low)
    )
    if math.isfinite(high):
        gap = high * b.value - a.value
        spread = math.hypot(a.interval[1] - a.value, high * (b.value - b.interval[0]))
        assert gap == pytest.approx(spread, rel=1e-5, abs=1e-7)
    if not math.isnan(found.value):
        assert low <= found.value * (1 + 1e-9)
        assert found.value <= high * (1 + 1e-9)


@given(COUNTS, COUNTS, st.floats(0.001, 0.5))
def test_an_interval_lies_in_0_to_1_and_holds_its_figure(sick, well, prevalence):
    sensitivity, specificity = share(*sick), share(*well)
    for one in (ppv(sensitivity, specificity, prevalence), npv(sensitivity, specificity, prevalence)):
        low, high = one.interval
        assert -1e-9 <= low <= high <= 1 + 1e-9
        if not math.isnan(one.value):
            assert low - 1e-9 <= one.value <= high + 1e-9


def test_a_threshold_without_misses_still_has_an_interval():
    """All of 30 found, no false alarm in 40: Wilson allows a sensitivity of 0.8865 and false alarms of 0.0876."""
    perfect = ppv(share(30, 30), share(40, 40), 0.1)
    assert perfect.value == 1.0
    odds = math.sqrt(0.8865 * (2 - 0.8865)) / 0.0876 / 9
    assert perfect.interval[0] == pytest.approx(odds / (1 + odds), abs=1e-3)
    assert perfect.interval[1] == 1.0


def test_a_threshold_above_all_films_has_no_positive_predictive_value():
    rows = prevalences(np.array([True, False, True]), np.zeros(3, bool))
    assert [row["prevalence"] for row in rows] == list(PREVALENCES)
    assert all(row["ppv"] is None and row["npv"] == pytest.approx(1 - row["prevalence"]) for row in rows)
    assert rows[1]["misses_per_1000"] == pytest.approx(100.0)


def test_films_of_one_class_give_misses_and_no_predictive_value():
    (row, *_) = prevalences(np.array([True, True]), np.array([True, False]))
    assert (row["ppv"], row["npv"], row["false_alarms_per_1000"]) == (None, None, None)
    assert row["misses_per_1000"] == pytest.approx(15.0)


def test_net_benefit_charges_false_alarms_at_the_odds_of_the_chance():
    labels, probabilities = [1, 1, 0, 0, 0], [0.9, 0.3, 0.6, 0.2, 0.1]
    found = net_benefit(labels, probabilities, np.array([0.5, 0.25]), np.ones((1, 5)))
    assert found[0] == pytest.approx([(1 - 1) / 5, (2 - 1 / 3) / 5])
    twice = net_benefit(labels, probabilities, np.array([0.5]), np.array([[2.0, 1, 1, 1, 0]]))
    assert twice[0, 0] == pytest.approx((2 - 1) / 5)


def test_a_share_of_nothing_is_none():
    assert share(0, 0) is None
    assert share(1, 2) == Estimate(0.5, wilson(1, 2))
