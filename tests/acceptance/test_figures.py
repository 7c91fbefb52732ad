"""Figures of a point on a site's cases, against hand-made truths, and the rule that decides by them."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from builders.acceptance import LIMITS, drawn_cases, made_cases
from builders.studies import POINTS

from daemon.acceptance.cases import ENOUGH, Cases, Least
from daemon.acceptance.figures import Figures, called_by, figures_of, prevalence_of, worth
from daemon.acceptance.judging import judge
from daemon.acceptance.rule import decide
from daemon.review.rates import Rate
from models.population import Policy, Population
from models.statistics.metrics import wilson

ADULTS = Population.ADULTS
POINT = POINTS[ADULTS]  # next from -1, first from 2


def figures(cases: Cases) -> Figures:
    return figures_of(cases, called_by(POINT, cases, 0.1), 0.1, draws=200)


def test_shares_are_counted_with_wilsons_interval_and_the_threshold_lies_above_itself() -> None:
    logits = np.array([-1.0, 2.0, -1.1, 3.0, -2.0, -1.0, 2.5, -3.0, -4.0, -5.0])
    labels = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], bool)
    found = figures(Cases(logits, labels, tuple("abcdefghij"), np.ones(10)))
    assert found.sensitivity == Rate(4, 0.75, *wilson(3, 4))
    assert found.specificity == Rate(6, 4 / 6, *wilson(4, 6))
    assert (found.first_sensitivity.value, found.first_specificity.value) == (0.5, 5 / 6)


def test_films_of_few_patients_give_a_wider_interval() -> None:
    """A patient of whom every film is missed is one witness, and not ten."""
    logits = np.where(np.arange(100) % 50 < 10, -2.0, 0.5)  # patients 0 and 5 of ten
    labels = np.arange(100) < 50
    alone = figures(Cases(logits, labels, tuple(map(str, range(100))), np.ones(100)))
    tens = figures(Cases(logits, labels, tuple(str(number // 10) for number in range(100)), np.ones(100)))
    assert alone.sensitivity.value == tens.sensitivity.value == 0.8
    assert tens.sensitivity.low is not None
    assert alone.sensitivity.low is not None
    assert tens.sensitivity.low < alone.sensitivity.low - 0.1
    assert tens.patients == 10


def test_drawn_cases_are_weighted_back_to_all_studies() -> None:
    """Over 40 made sites the mean comes to the truth, which lies in nearly all intervals; unweighted it would not."""
    edges = (POINT.threshold, POINT.first_threshold)
    found, held, plain, shares = [], 0, [], []
    for seed in range(40):
        cases = drawn_cases(np.random.default_rng(seed), 8_000, edges=edges)
        rate = figures_of(cases, called_by(POINT, cases, 0.1), 0.1, draws=20).specificity
        assert rate.low is not None
        assert rate.high is not None
        found.append(rate.value)
        held += rate.low <= 0.6915 <= rate.high  # of a normal at -1.5 below -1
        plain.append(np.mean(cases.logits[~cases.labels] < POINT.threshold))
        shares.append(prevalence_of(cases).value)
    assert np.mean(np.array(found, float)) == pytest.approx(0.6915, abs=0.01)
    assert held >= 36
    assert np.mean(plain) < 0.6
    assert np.mean(np.array(shares, float)) == pytest.approx(0.1, abs=0.01)


def test_what_a_point_is_worth_follows_from_bayes() -> None:
    sure = {"value": 0.9, "low": 0.8, "high": 0.95}
    found = worth(sure, sure, 0.1)
    assert found is not None
    assert found["ppv"] == pytest.approx(0.09 / (0.09 + 0.09))
    assert found["misses_per_1000"] == pytest.approx(10.0)
    assert found["misses_per_1000_ci"] == pytest.approx([5.0, 20.0])
    assert worth(sure, {"value": None, "low": None, "high": None}, 0.1) is None


@pytest.mark.parametrize(
    ("have", "missing"), [((100, 300), (0, 0)), ((99, 300), (1, 0)), ((0, 0), (100, 300)), ((500, 299), (0, 1))]
)
def test_it_takes_100_and_300(have: tuple[int, int], missing: tuple[int, int]) -> None:
    assert Least(100, 300) == ENOUGH
    assert ENOUGH.missing(*have) == missing


RATE = Rate(100, 0.93, 0.86, 0.97)
GOOD = Figures(400, 100, 400, RATE, RATE, RATE, RATE, Rate(400, 0.9, 0.8, 0.95), 0.02, (0.01, 0.03), 0.1)


def test_the_rule_asks_for_lower_limits_and_names_what_was_not_kept() -> None:
    assert decide(ADULTS, Policy.BANDED, GOOD, Rate(100, 0.2, 0.1, 0.3), LIMITS).accepted
    low = decide(ADULTS, Policy.BANDED, replace(GOOD, sensitivity=Rate(100, 0.93, 0.8499, 0.97)), None, LIMITS)
    assert low.reasons == ("the lower limit of the sensitivity is 0.850, and at least 0.85 is needed",)
    assert not decide(Population.CHILDREN, Policy.BANDED, GOOD, None, LIMITS).accepted  # 0.88 there
    assert not decide(ADULTS, Policy.BANDED, replace(GOOD, auc=Rate(400, 0.9, 0.79, 1.0)), None, LIMITS).accepted
    [lost] = decide(ADULTS, Policy.BANDED, GOOD, Rate(100, 0.21, 0.1, 0.3), LIMITS).reasons
    assert "0.210 of the films with pneumonia got no score" in lost
    unknown = decide(ADULTS, Policy.BANDED, replace(GOOD, sensitivity=Rate(9, why="nobody knows")), None, LIMITS)
    assert not unknown.accepted
    assert "nobody knows" in unknown.reasons[0]


def test_a_population_that_is_only_ordered_is_judged_by_its_order() -> None:
    ordered = replace(GOOD, sensitivity=Rate(100, why="there is no threshold"))
    assert decide(ADULTS, Policy.ORDERED, ordered, None, LIMITS).accepted
    cases = made_cases(np.random.default_rng(0), 60, 120)
    judged = judge(POINT.ordered(), cases, None, LIMITS, None, draws=50)
    assert judged.own.decision.accepted
    assert judged.own.figures.sensitivity.value is None
    assert judged.refitted is not None
    assert judged.refitted.point.policy is Policy.ORDERED


def test_a_threshold_that_finds_everything_is_not_accepted_for_a_network_that_tells_nothing() -> None:
    """Its sensitivity alone would do."""
    cases = made_cases(np.random.default_rng(1), 200, 400, gap=0.3)
    judged = judge(POINT, cases, None, LIMITS, 0.05, draws=50)
    assert judged.refitted is not None
    assert judged.refitted.figures.sensitivity.value == pytest.approx(0.95, abs=0.04)
    assert not judged.refitted.decision.accepted
    assert (judged.prevalence, judged.set_here) == (0.05, True)


def test_the_same_cases_give_the_same_figures() -> None:
    cases = drawn_cases(np.random.default_rng(2), 4_000, edges=(-1.0, 2.0))
    assert asdict(figures(cases)) == asdict(figures(cases))
