"""The calibration at a stated prevalence, on clean and shifted films."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders.points import planted
from hypothesis import given
from hypothesis import strategies as st

from models.statistics.logistic import fit_logistic
from models.statistics.metrics import calibration_error
from models.statistics.reweighting import (
    bins_of,
    calibration_error_at,
    calibration_interval_at,
    moved,
    weighted_calibration_error,
    weights_at,
)
from trainer.points.calibration import calibration_figures, fit_curve, held_out, probabilities
from trainer.points.shifted import Shifted

CHANCES = st.floats(0.001, 0.999)


def normal(n: int = 20_000, mean: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Two normal classes at +-mean with spread 1: log odds are 2 * mean * logit + log of the prior odds."""
    labels = np.arange(n) % 2 == 1
    return labels, np.where(labels, mean, -mean) + np.random.default_rng(0).normal(0, 1, n)


@given(CHANCES, CHANCES, CHANCES)
def test_to_another_prevalence_and_back_is_the_same_probability(chance, here, elsewhere):
    assert moved(moved(chance, here, elsewhere), elsewhere, here) == pytest.approx(chance, rel=1e-6)
    assert (moved(chance, here, elsewhere) > chance) == (elsewhere > here) or here == pytest.approx(elsewhere)


@given(st.lists(st.booleans(), min_size=2, max_size=50), CHANCES)
def test_weights_have_the_prevalence_that_was_asked_for(labels, prevalence):
    y = np.asarray([True, False, *labels])
    weights = weights_at(y, prevalence)
    assert (weights.sum(), weights[y].sum()) == (pytest.approx(1.0), pytest.approx(prevalence))


def test_one_class_has_no_prevalence():
    with pytest.raises(ValueError, match="both classes"):
        weights_at([1, 1], 0.5)


def test_equal_weights_give_the_plain_calibration_error():
    labels, logits = normal(2000)
    chances = 1 / (1 + np.exp(-logits))
    assert weighted_calibration_error(labels, chances, np.ones(2000)) == pytest.approx(
        calibration_error(labels, chances), abs=1e-3
    )


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0.1, 3.0)), min_size=1, max_size=60))
def test_films_of_one_probability_share_a_bin_and_bins_rise(films):
    p, w = np.asarray([a / 5 for a, _ in films]), np.asarray([b for _, b in films])
    bins = bins_of(p, w)
    order = np.argsort(p, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()
    assert all(len(set(bins[p == value])) == 1 for value in set(p))


def test_a_curve_that_is_fitted_to_half_sick_films_is_true_where_a_tenth_is():
    labels, logits = normal()
    curve = fit_logistic(logits, labels, prevalence=0.10)
    assert curve.prevalence == 0.10
    assert (curve.slope, curve.intercept) == (pytest.approx(2.0, rel=0.05), pytest.approx(np.log(1 / 9), abs=0.08))
    there = probabilities(curve, logits)
    assert calibration_error_at(labels, there, 0.10) < 0.005
    assert calibration_error_at(labels, moved(there, 0.10, 0.30), 0.30) < 0.01
    assert calibration_error_at(labels, there, 0.30) > 0.1  # without the conversion it is not


def test_films_that_count_double_are_films_twice():
    labels, logits = normal(400)
    twice = np.arange(400) % 4 < 2
    one = fit_logistic(logits, labels, np.where(twice, 2.0, 1.0))
    other = fit_logistic(np.append(logits, logits[twice]), np.append(labels, labels[twice]))
    assert one.slope == pytest.approx(other.slope, rel=1e-3)
    assert one.intercept == pytest.approx(other.intercept, abs=1e-3)
    assert one.prevalence == pytest.approx(other.prevalence)


def test_clean_films_weigh_as_much_as_all_shifted_ones_however_many_conditions_there_are():
    few = planted(400, {"up-1": 2.0}, apart=2.0)
    many = planted(400, {f"up-{n}": 2.0 for n in range(20)}, apart=2.0)
    assert fit_curve(few).intercept == pytest.approx(fit_curve(many).intercept, abs=0.01)
    clean, half = fit_curve(few.under([])), fit_curve(few)
    plain = fit_logistic(few.logits.ravel(), np.tile(few.labels, 2), prevalence=0.10)
    assert half.intercept == pytest.approx(plain.intercept, abs=0.01)
    assert half.intercept < clean.intercept - 0.5


def test_films_that_did_not_fit_the_curve_are_judged_by_it():
    films = planted(200, {"up-1": 1.0}, apart=2.0)
    fitted = probabilities(fit_curve(films), films.logits)
    found = held_out(films)
    assert found.shape == films.logits.shape
    assert not np.allclose(found, fitted)
    assert np.abs(found - fitted).max() < 0.2


def test_a_drift_shows_in_the_row_of_shifted_films_and_its_condition_is_named():
    films = planted(2000, {"same-1": 0.0, "up-1": 3.0}, apart=2.0)
    clean_only = probabilities(fit_curve(films.under([])), films.logits)
    rows = {row["films"]: row for row in calibration_figures(films, clean_only, draws=50)}
    assert rows["clean"]["kept"]
    assert not rows["shifted"]["kept"]
    assert rows["shifted"]["worst"]["condition"] == "up-1"
    assert rows["shifted"]["worst"]["ece"] > rows["shifted"]["mean"]
    assert rows["clean"]["ece_ci"][0] <= rows["clean"]["ece"] <= rows["clean"]["ece_ci"][1]


def test_films_of_a_patient_widen_the_interval():
    rng = np.random.default_rng(0)
    patient = rng.normal(0, 1, 40)
    labels = np.repeat(np.arange(40) % 2 == 1, 5)
    logits = np.repeat(np.where(np.arange(40) % 2 == 1, 1, -1) + patient, 5)
    chances = 1 / (1 + np.exp(-logits))
    by_film = calibration_interval_at(labels, chances, [str(i) for i in range(200)], 0.3, draws=300)
    by_patient = calibration_interval_at(labels, chances, [str(i // 5) for i in range(200)], 0.3, draws=300)
    assert by_patient[1] - by_patient[0] > by_film[1] - by_film[0]


def test_a_curve_needs_no_clean_row_alone():
    films = planted(100)
    assert isinstance(replace(films), Shifted)
    assert calibration_figures(films, held_out(films), draws=20)[0]["films"] == "clean"
