"""Rules for a threshold: what each takes from drifts that are known."""

from __future__ import annotations

import numpy as np
import pytest
from builders.points import of, planted
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.points.first import SPECIFICITIES, first_threshold, specificity_threshold
from trainer.points.rules import MOST, RULE, Rule, own, quantile, regrets, threshold_by

LOGITS = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=60)
SHARES = st.sampled_from([0.5, 0.9, 0.95, 0.98, 1.0])
PROMISE = 0.95
RULES = pytest.mark.parametrize("rule", list(Rule))


@given(LOGITS, SHARES)
def test_a_quantile_is_the_highest_threshold_that_finds_the_share(values, share):
    x = np.asarray(values)
    found = quantile(x, share)
    assert np.mean(x >= found) >= share - 1e-9
    higher = x[x > found]
    assert not higher.size or np.mean(x >= higher.min()) < share


@given(LOGITS, SHARES)
def test_a_film_that_weighs_three_is_three_films(values, share):
    x = np.asarray(values)
    weights = np.where(np.arange(x.size) % 2, 3.0, 1.0)
    assert quantile(x, share, weights) == quantile(np.repeat(x, weights.astype(int)), share)


@RULES
@given(drift=st.integers(-8, 8).map(lambda n: n / 2))
@settings(max_examples=4, deadline=None)
def test_a_scanner_that_adds_a_number_to_every_logit_moves_the_threshold_by_it(rule, drift):
    films = planted(60, {"blur-1": 0.5, "noise-1": -0.25})
    moved = planted(60, {"blur-1": 0.5, "noise-1": -0.25})
    object.__setattr__(moved, "logits", films.logits + drift)
    assert threshold_by(rule, moved, PROMISE) == pytest.approx(threshold_by(rule, films, PROMISE) + drift, abs=0.06)


@pytest.mark.parametrize("rule", [Rule.CLEAN, Rule.POOLED, Rule.HALVES, Rule.MEAN, Rule.MEDIAN])
def test_without_any_drift_the_rules_agree(rule):
    films = planted(200, {"blur-1": 0.0, "noise-1": 0.0})
    assert threshold_by(rule, films, PROMISE) == pytest.approx(quantile(films.clean[films.labels], PROMISE))


def test_drifts_are_taken_as_each_rule_says():
    films = planted(400, {"blur-1": 3.0, "noise-1": 3.0, "jpeg-1": 6.0})
    clean = threshold_by(Rule.CLEAN, films, PROMISE)
    assert threshold_by(Rule.MEAN, films, PROMISE) == pytest.approx(clean + 3.0)
    assert threshold_by(Rule.MEDIAN, films, PROMISE) == pytest.approx(clean + 3.0)
    # Pooled, all misses are clean films: the most that may be missed of all are a fifth of the clean ones.
    assert threshold_by(Rule.POOLED, films, PROMISE) == pytest.approx(quantile(films.clean[films.labels], 0.8), abs=0.1)


def test_one_condition_in_which_nothing_is_found_takes_nothing_from_the_others_by_the_mean_regret():
    usual = dict.fromkeys([f"blur-{n}" for n in range(9)], 0.0)
    calm, wild = planted(400, usual), planted(400, {**usual, "gamma-3": -6.0})
    moved = {
        rule: threshold_by(rule, wild, PROMISE) - threshold_by(rule, calm, PROMISE)
        for rule in (Rule.MEAN, Rule.MEAN_REGRET)
    }
    assert moved[Rule.MEAN] == pytest.approx(-6.0 / 11)
    assert abs(moved[Rule.MEAN_REGRET]) < 0.2


def test_a_threshold_that_regrets_nothing_is_a_conditions_own():
    films = planted(200, {"blur-1": 1.0})
    found = regrets(films, PROMISE, own(films.logits, films.labels, PROMISE))
    assert found.shape == (2, 2)
    assert np.diag(found) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert (found >= 0).all()
    assert regrets(films, PROMISE, np.asarray([-99.0, 99.0])) == pytest.approx(MOST)
    # Under the film's own threshold less one, the normal films are lost; above it, the ones with pneumonia.
    assert found[1, 0] > 0
    assert found[0, 1] > 1


@given(LOGITS, LOGITS, st.sampled_from([0.5, 0.9, 0.95]))
def test_a_threshold_for_specificity_spares_what_was_asked_and_no_lower_one_would(positives, negatives, share):
    films = of(positives, negatives)
    threshold, x = specificity_threshold(Rule.CLEAN, films, share), np.asarray(negatives)
    assert np.mean(x < threshold) >= share - 1e-9
    lower = x[x < threshold]
    assert np.mean(x < lower.max()) < share


def test_first_promises_0_95_where_that_lies_above_the_lower_threshold():
    films = planted(400, apart=2.0)
    found = first_threshold(RULE, films, threshold_by(RULE, films, PROMISE))
    assert found.specificity == SPECIFICITIES[0]


def test_first_promises_more_where_the_network_is_so_good_that_next_would_be_empty():
    films = planted(2000, apart=3.8)  # 98 % of either class lie on their side of 0.05
    lower = threshold_by(Rule.CLEAN, films, 0.98)
    assert specificity_threshold(Rule.CLEAN, films, 0.95) < lower
    found = first_threshold(Rule.CLEAN, films, lower)
    assert found.specificity == SPECIFICITIES[1]
    assert found.threshold > lower
    assert ((films.clean >= lower) & (films.clean < found.threshold)).any()


def test_first_begins_with_next_where_no_promise_lies_above_it_and_says_that_next_is_empty():
    films = planted(400, apart=20.0)
    found = first_threshold(Rule.CLEAN, films, 5.0)
    assert (found.threshold, found.specificity) == (5.0, None)
