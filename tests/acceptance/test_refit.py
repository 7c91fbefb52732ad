"""A refit: thresholds that keep their promises, parts without a common patient, and figures that are not in-sample."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from builders.acceptance import drawn_cases, made_cases
from builders.studies import POINTS
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.acceptance.figures import called_by, figures_of
from daemon.acceptance.refit import fit, folds, held_out, promise_of, with_own_luck
from daemon.review.rates import Rate
from models.errors import ModelsError
from models.operating_points import OperatingPoint
from models.population import Population
from models.statistics.metrics import wilson


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 60), st.integers(20, 90), st.floats(0.5, 4.0))
def test_a_higher_promise_lowers_the_threshold_and_is_kept_on_the_cases_that_chose(
    seed: int, sick: int, well: int, gap: float
) -> None:
    cases = made_cases(np.random.default_rng(seed), sick, well, gap=gap)
    try:
        fits = [fit(cases, promise, 0.1) for promise in (0.8, 0.9, 0.95, 0.98, 1.0)]
    except ModelsError:
        return  # the logits of so few cases need not rise with the label
    assert [each.threshold for each in fits] == sorted((each.threshold for each in fits), reverse=True)
    for each in fits:
        assert np.mean(cases.logits[cases.labels] >= each.threshold) >= each.promise
        assert each.first_threshold >= each.threshold
        if each.first_promise is not None:
            assert np.mean(cases.logits[~cases.labels] < each.first_threshold) >= each.first_promise
        assert each.calibration.slope > 0


def test_held_out_sensitivity_comes_near_the_promise_and_lies_below_that_of_the_fit() -> None:
    """Over 60 made sites of 100 and 300 films: in the mean within a hundredth of .95, and the fit itself is above."""
    held, fitted = [], []
    for seed in range(60):
        cases = made_cases(np.random.default_rng(seed), 100, 300)
        called = held_out(cases, 0.95, 0.1, shown_at=0.1)
        held.append(np.mean(called.ahead[cases.labels]))
        fitted.append(np.mean(cases.logits[cases.labels] >= fit(cases, 0.95, 0.1).threshold))
        assert np.mean(~called.first[~cases.labels]) > 0.9
    assert np.mean(held) == pytest.approx(0.945, abs=0.01)
    assert np.mean(held) < np.mean(fitted)


def test_the_interval_of_a_refit_holds_what_its_threshold_gives_on_films_to_come() -> None:
    """Of 120 made sites in at least 112, with 100 films with pneumonia each; the lower limit lies above it in few."""
    held, above = 0, 0
    for seed in range(120):
        cases = made_cases(np.random.default_rng(seed), 100, 300)
        threshold = fit(cases, 0.95, 0.1).threshold
        found = cases.logits[cases.labels] >= threshold
        low, high = wilson(held_out(cases, 0.95, 0.1, shown_at=0.1).ahead[cases.labels].sum(), 100)
        rate = with_own_luck(Rate(100, 0.95, low, high), found)
        truth = 1 - NormalDist(1.5).cdf(threshold)
        assert rate.low is not None
        assert rate.high is not None
        held += rate.low <= truth <= rate.high
        above += truth < rate.low
    assert held >= 112
    assert above <= 6


def test_a_refit_mends_logits_that_drifted_here() -> None:
    """A scanner whose films score lower: the bundle's point misses, the refitted one keeps its promise."""
    point, cases = POINTS[Population.ADULTS], made_cases(np.random.default_rng(3), 150, 400, shift=-2.0)
    own = figures_of(cases, called_by(point, cases, 0.1), 0.1, draws=50)
    refit = figures_of(cases, held_out(cases, 0.95, 0.1, shown_at=0.1), 0.1, draws=50)
    assert own.sensitivity.value is not None
    assert own.sensitivity.value < 0.75
    assert refit.sensitivity.value == pytest.approx(0.95, abs=0.03)
    assert refit.calibration_error < own.calibration_error
    assert refit.auc == own.auc  # the network is the same


@given(st.integers(0, 1000), st.integers(1, 4))
@settings(max_examples=25)
def test_no_patient_is_in_two_parts_and_each_part_has_both_classes(seed: int, films: int) -> None:
    cases = made_cases(np.random.default_rng(0), 24, 60, films=films)
    parts = folds(cases, seed=seed)
    owners = {patient: set(parts[[each == patient for each in cases.patients]]) for patient in cases.patients}
    assert all(len(found) == 1 for found in owners.values())
    assert all(0 < cases.labels[parts == part].sum() < (parts == part).sum() for part in range(5))


def test_weights_of_drawn_cases_bring_the_threshold_that_all_studies_would() -> None:
    """Unweighted, a threshold looks at the likeliest far too much."""
    edges = (0.5, 2.0)
    drawn = drawn_cases(np.random.default_rng(5), 60_000, edges=edges)
    rng = np.random.default_rng(6)
    whole = made_cases(rng, 6_000, 54_000)
    expected = fit(whole, 0.95, 0.1).threshold
    assert fit(drawn, 0.95, 0.1).threshold == pytest.approx(expected, abs=0.2)
    flat = drawn.of(np.ones(drawn.n, bool))
    unweighted = fit(type(flat)(flat.logits, flat.labels, flat.patients, np.ones(flat.n)), 0.95, 0.1).threshold
    assert unweighted > expected + 0.4


def test_what_cannot_be_fitted_says_why() -> None:
    turned = made_cases(np.random.default_rng(0), 30, 30, gap=-3.0)
    with pytest.raises(ModelsError, match="do not rise"):
        fit(turned, 0.95, 0.1)
    few = made_cases(np.random.default_rng(0), 30, 30, films=10)
    with pytest.raises(ModelsError, match="of 3 patients, and 5 parts are needed"):
        held_out(few, 0.95, 0.1, shown_at=0.1)


@pytest.mark.parametrize(
    ("evidence", "promise"),
    [
        ({}, 0.95),
        ({"promise": 0.9}, 0.9),
        ({"promise": "high"}, 0.95),
        ({"promise": True}, 0.95),
        ({"promise": 7}, 0.95),
    ],
)
def test_the_promise_is_what_the_bundle_states_else_that_of_the_population(evidence: dict, promise: float) -> None:
    point = POINTS[Population.ADULTS]
    stated = OperatingPoint(point.population, point.threshold, point.first_threshold, point.calibration, evidence)
    assert promise_of(stated) == promise
