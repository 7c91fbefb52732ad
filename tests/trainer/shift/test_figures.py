"""Mean and worst over conditions, with intervals of the same draws of patients, and what is told apart."""

from __future__ import annotations

import numpy as np
import pytest
from builders.shift import CLEAN, WORSE, WORST, BrightnessJudge, shifted, suite_scores
from builders.training import film

from models.population import Population
from models.statistics.metrics import auc, auc_interval, wilson
from trainer.shift.figures import FIGURES, Figure, difference, drawn, figures, spread
from trainer.shift.fullsize import Pair, pairs, parity
from trainer.shift.groups import groups_of, thresholds

AT = (0.0, "bundle")


def figures_of(scores, draws=200):
    (group,) = [g for g in groups_of(scores) if not g.source]
    return figures(scores, group, drawn(scores, group, 0.0, draws=draws), AT)


def test_each_condition_has_the_area_and_the_shares_of_its_own_logits():
    scores = suite_scores()
    found = figures_of(scores)["conditions"]
    for name, logits in scores.logits.items():
        assert found[name]["auc"] == pytest.approx(auc(scores.labels, logits))
        assert found[name]["auc_ci"] == pytest.approx(auc_interval(scores.labels, logits, scores.patients, draws=200))
        hit = int((logits[scores.labels] >= 0).sum())
        assert found[name]["sensitivity"] == pytest.approx(hit / 30)
        assert found[name]["sensitivity_ci"] == pytest.approx(wilson(hit, 30))
        assert found[name]["specificity"] == pytest.approx((logits[~scores.labels] < 0).mean())


def test_mean_and_worst_are_of_the_conditions_that_change_a_film():
    found = figures_of(suite_scores())
    for key in (figure.value for figure in FIGURES):
        values = [found["conditions"][name][key] for name in (WORSE, WORST)]
        assert found["mean"][key] == pytest.approx(np.mean(values))
        assert found["worst"][key] == pytest.approx(min(values))
    assert found["worst"]["auc_condition"] == WORST
    low, high = found["worst"]["auc_ci"]
    assert 0 <= low <= found["worst"]["auc"] <= high <= 1
    assert found["mean"]["auc_ci"][0] < found["mean"]["auc"] < found["mean"]["auc_ci"][1]


def test_the_worst_of_many_equal_conditions_lies_within_its_own_interval():
    """Each draw has a lowest of its own, below the one that was found: without moving back the interval may miss it."""
    scores = suite_scores(60, {CLEAN: 0.1, **{f"noise-{i}": 1.5 for i in range(20)}})
    worst = figures_of(scores)["worst"]
    assert worst["auc_ci"][0] <= worst["auc"] <= worst["auc_ci"][1]
    assert worst["auc_ci"][1] - worst["auc"] > 0.005


def test_films_of_one_patient_are_drawn_together():
    apart = figures_of(suite_scores())
    together = figures_of(suite_scores(patient=lambda i: f"p{i // 10}"))

    def width(found):
        return found["mean"]["auc_ci"][1] - found["mean"]["auc_ci"][0]

    assert together["patients"] == 6
    assert width(together) != pytest.approx(width(apart), abs=1e-6)


def test_possible_specificity_is_what_another_threshold_would_have_given():
    """A shift of all logits costs the operating point everything and the ranking nothing."""
    scores = shifted(suite_scores(noise={CLEAN: 0.1, WORSE: 0.1}), 5.0, [WORSE])
    found = figures_of(scores)["conditions"][WORSE]
    assert (found[Figure.AUC], found[Figure.SENSITIVITY], found[Figure.SPECIFICITY], found[Figure.POSSIBLE]) == (
        1,
        1,
        0,
        1,
    )


def test_a_network_against_itself_differs_by_nothing_and_a_better_one_by_more_than_the_interval():
    scores = suite_scores(200)
    better = suite_scores(200, {CLEAN: 0.1, WORSE: 0.1, WORST: 0.2}, seed=1)
    (group,) = [g for g in groups_of(scores) if not g.source]
    a, b = (drawn(s, group, 0.0, draws=200) for s in (better, scores))
    same = difference(a, a)
    assert same["worst"]["auc"] == 0
    assert same["worst"]["auc_ci"] == [0, 0]
    gained = difference(a, b)
    for kind in ("mean", "worst"):
        assert gained[kind]["auc"] > 0.1
        assert gained[kind]["auc_ci"][0] > 0
        assert gained[kind]["auc_ci"][0] <= gained[kind]["auc"] <= gained[kind]["auc_ci"][1]
    back = difference(b, a)
    assert back["mean"]["auc_ci"] == pytest.approx([-gained["mean"]["auc_ci"][1], -gained["mean"]["auc_ci"][0]])


def test_groups_are_populations_sources_and_views_with_enough_films_of_both_classes():
    scores = suite_scores(
        160,
        population=lambda i: Population.CHILDREN if i < 40 else Population.ADULTS,
        source=lambda i: "kids" if i < 40 else "clinic" if i < 120 else "mined",
        view=lambda i: "" if i < 40 else "PA" if i < 80 else "AP" if i < 120 else ("PA" if i < 155 else "AP"),
        weight=lambda i: 0.3 if i >= 120 else 1.0,
    )
    groups = {group.name: len(group.rows) for group in groups_of(scores)}
    assert groups == {
        "adults": 80,  # mined labels judge no network
        "adults / clinic": 80,
        "adults / clinic / PA": 40,
        "adults / clinic / AP": 40,
        "adults / mined": 40,  # five AP films are too few for figures
        "children": 40,
        "children / kids": 40,
    }
    assert groups_of(suite_scores(18)) == []


def test_a_run_gets_the_threshold_that_finds_the_promised_share_of_clean_films():
    scores = suite_scores(200, {CLEAN: 1.0}, population=lambda i: None if i < 20 else Population.CHILDREN)
    at = thresholds(scores, BrightnessJudge(threshold=None))
    children = np.array([p is Population.CHILDREN for p in scores.populations])
    found = scores.logits[CLEAN][children & scores.labels] >= at[Population.CHILDREN][0]
    assert found.mean() >= 0.98 > (found.sum() - 1) / found.size
    assert at[None][1] == "clean"
    assert thresholds(scores, BrightnessJudge(threshold=2.5)) == {
        None: (2.5, "bundle"),
        Population.CHILDREN: (2.5, "bundle"),
    }


def test_an_unknown_population_is_judged_by_the_lowest_threshold_of_a_run():
    scores = suite_scores(
        90, {CLEAN: 1.0}, population=lambda i: (None, Population.CHILDREN, Population.ADULTS)[i // 2 % 3]
    )
    at = thresholds(scores, BrightnessJudge(threshold=None))
    assert at[None][0] == min(value for value, _ in at.values())


def test_a_spread_is_of_the_networks_of_a_label():
    rows = [figures_of(suite_scores(seed=seed), draws=20) for seed in range(3)]
    found = spread(rows)
    areas = [row["worst"]["auc"] for row in rows]
    assert found["networks"] == 3
    assert found["worst"]["auc"] == pytest.approx({"mean": np.mean(areas), "lowest": min(areas), "highest": max(areas)})


def test_films_are_paired_by_name_and_class_whatever_their_ending_and_never_by_a_name_that_two_have():
    def named(number, path, label=0):
        return film(number, path=type(film().path)(path), label=label)

    full = [named(0, "/full/a.png"), named(1, "/full/b.jpg"), named(2, "/full/c.jpg", 1), named(3, "/full/d.jpg")]
    small = [named(4, "/s/a.jpg"), named(5, "/s/b.jpg"), named(6, "/t/b.jpg"), named(7, "/s/c.jpg", 0)]
    assert pairs(full, small) == [Pair(full[0], small[0])]


def test_parity_of_sizes_is_difference_bias_flips_and_ranks():
    some = [Pair(film(i), film(i + 100, population=Population.CHILDREN, patient=f"p{i // 2}")) for i in range(20)]
    small = np.linspace(-2, 2, 20)
    full = small + np.where(np.arange(20) % 2, 0.3, -0.1)
    found = parity(some, full, small, {Population.CHILDREN: 0.0}, draws=100)
    assert (found["pairs"], found["patients"]) == (20, 10)
    assert found["mean_difference"] == pytest.approx(0.2)
    assert found["bias"] == pytest.approx(0.1)
    assert found["largest"] == pytest.approx(0.3)
    assert found["flipped"] == int(((full >= 0) != (small >= 0)).sum()) == 1
    assert found["flips_ci"] == pytest.approx(wilson(1, 20))
    assert 0.9 < found["rank_correlation"] < 1
    low, high = found["rank_correlation_ci"]
    assert low <= found["rank_correlation"] <= high
    assert parity([], np.empty(0), np.empty(0), {}) is None
    flat = parity(some, np.zeros(20), small, {None: 0.0}, draws=20)
    assert (flat["rank_correlation"], flat["rank_correlation_ci"]) == (None, None)
