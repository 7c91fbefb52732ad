"""Rules are tried on patients and corruptions that did not choose; what they gave away is counted right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders.points import planted

from trainer.points.rules import Rule, own, threshold_by
from trainer.points.shifted import folds
from trainer.points.study import held_thresholds, judged, study, summary, tried
from trainer.points.trial import shares_under, trial_figures

PROMISE = 0.95
DRIFTS = {"blur-1": 0.5, "blur-2": 1.0, "noise-1": -0.5}


def test_a_corruption_never_chooses_the_threshold_that_it_is_judged_by():
    films = planted(100, DRIFTS)
    logits = films.logits.copy()
    logits[1:3] += 50.0
    before, after = (held_thresholds(Rule.MEAN, some, PROMISE) for some in (films, replace(films, logits=logits)))
    assert after[1:3] == pytest.approx(before[1:3])
    assert (after[[0, 3]] > before[[0, 3]] + 10).all()


def test_a_patient_never_chooses_the_threshold_that_judges_it():
    films = planted(100, DRIFTS)
    away = folds(films.patients, 5) == 2
    moved = replace(films, logits=films.logits + 50.0 * away)
    before, after = (held_thresholds(Rule.MEAN, some, PROMISE) for some in (films, moved))
    assert after[:, away] == pytest.approx(before[:, away])
    assert not np.allclose(after[:, ~away], before[:, ~away])


def test_a_drift_up_costs_specificity_and_a_drift_down_sensitivity_by_the_threshold_of_clean_films():
    films = planted(2000, {"up-1": 2.0, "down-1": -2.0}, apart=4.0)
    clean, up, down = tried(Rule.CLEAN, films, PROMISE)
    assert clean.sensitivity == pytest.approx(PROMISE, abs=0.01)
    assert clean.kept(PROMISE)
    assert up.sensitivity > 0.99
    assert up.share < 0.75
    assert down.sensitivity < 0.5
    assert not up.kept(PROMISE)
    assert not down.kept(PROMISE)


def test_a_conditions_own_threshold_gives_all_that_was_possible():
    films = planted(200, DRIFTS)
    rows = judged(films, own(films.logits, films.labels, PROMISE)[:, None], PROMISE)
    assert [row.share for row in rows] == [1.0] * 4
    assert all(row.sensitivity >= PROMISE for row in rows)


def test_a_summary_counts_shifted_conditions_and_names_the_worst():
    films = planted(1000, {"up-1": 2.0, "down-1": -2.0, "same-1": 0.0})
    found = summary(judged(films, np.asarray(threshold_by(Rule.CLEAN, films, PROMISE)), PROMISE), PROMISE)
    assert (found["conditions"], found["kept"]) == (3, 1)
    assert found["worst_sensitivity"]["condition"] == "down-1"
    assert found["worst_share"]["condition"] == "up-1"


def test_every_rule_is_tried():
    assert set(study(planted(60, {"blur-1": 0.5}), PROMISE)) == set(Rule)


def test_a_film_under_fifty_conditions_is_one_witness_and_the_lower_limit_is_that_of_the_wider_interval():
    films = planted(200, {f"blur-{n}": 0.0 for n in range(50)})
    found = trial_figures(films, films.logits >= threshold_by(Rule.CLEAN, films, PROMISE), draws=200)
    assert found["shifted"]["sensitivity_ci"] == pytest.approx(found["clean"]["sensitivity_ci"])
    for one in found.values():
        assert one["sensitivity_lower"] == min(one["sensitivity_ci"][0], one["sensitivity_ci_patients"][0])
        assert one["sensitivity_lower"] < one["sensitivity"]


def test_what_follows_at_other_prevalences_is_bayes():
    films = planted(1000)
    found = shares_under(films, (films.clean >= 0).astype(float), draws=50)
    row = next(row for row in found["prevalence"] if row["prevalence"] == 0.10)
    se, sp = found["sensitivity"], found["specificity"]
    assert row["ppv"] == pytest.approx(0.1 * se / (0.1 * se + 0.9 * (1 - sp)))
    assert row["misses_per_1000"] == pytest.approx(100 * (1 - se))
