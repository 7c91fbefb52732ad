"""The written rule: which evidence makes a group banded, ordered or outside, at its edges."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders.points import planted, together

from models.population import AgeGroup, Policy
from trainer.points.policies import LEAST, LEAST_AUC, LEAST_SPECIFICITY, Held, decide, held_of, policies
from trainer.points.rules import RULE, Rule

ENOUGH = Held(LEAST, LEAST, 0, 0.99, LEAST_AUC, LEAST_SPECIFICITY)


@pytest.mark.parametrize(
    ("held", "policy", "why"),
    [
        (ENOUGH, Policy.BANDED, "0.500, where 0.5 is needed"),
        (replace(ENOUGH, specificity=LEAST_SPECIFICITY - 1e-6), Policy.ORDERED, "specificity"),
        (replace(ENOUGH, auc_lower=LEAST_AUC - 1e-6), Policy.OUTSIDE, "AUC"),
        (replace(ENOUGH, normals=LEAST - 1), Policy.OUTSIDE, f"{LEAST - 1} called normal"),
        (replace(ENOUGH, positives=LEAST - 1), Policy.OUTSIDE, f"{LEAST - 1} held-out films with pneumonia"),
        (replace(ENOUGH, specificity=None), Policy.ORDERED, "unknown"),
        (replace(ENOUGH, auc_lower=None), Policy.OUTSIDE, "unknown"),
        (Held(0, 0, 36), Policy.OUTSIDE, "36 more have labels mined from reports"),
    ],
)
def test_the_rule_at_its_edges(held, policy, why):
    found = decide(held)
    assert found.policy is policy
    assert why in found.reason
    assert found.evidence["positives"] == held.positives


def test_a_network_that_ranks_well_is_banded_one_that_ranks_fairly_ordered_one_that_does_not_outside():
    for apart, policy in ((5.0, Policy.BANDED), (1.5, Policy.ORDERED), (0.3, Policy.OUTSIDE)):
        films = planted(1000, {"blur-1": 0.2, "noise-1": -0.2}, apart=apart)
        assert decide(held_of(films, Rule.MEAN, draws=100)).policy is policy


def test_drift_alone_can_take_the_bands_away():
    # All that is asked for is there in the ranking under either condition, and no threshold from clean films gives it.
    films = planted(400, {"up-3": 8.0}, apart=4.0)
    assert decide(held_of(films.under([]), Rule.CLEAN, draws=50)).policy is Policy.BANDED
    assert decide(held_of(films, Rule.CLEAN, draws=50)).policy is Policy.ORDERED


def test_labels_mined_from_reports_decide_nothing():
    films = together(planted(40, apart=5.0), planted(400, apart=5.0, source="mined", weight=0.3))
    held = held_of(films, RULE, draws=50)
    assert (held.normals, held.positives, held.others, held.auc) == (20, 20, 400, None)
    assert decide(held).policy is Policy.OUTSIDE


def test_the_specificity_is_never_better_than_the_ranking_gives_at_that_sensitivity():
    films = planted(400, {"down-1": -3.0}, apart=3.0)
    held = held_of(films, Rule.CLEAN, draws=50)  # under the drift its threshold is far too high, and spares everything
    level = held_of(planted(400, {"down-1": 0.0}, apart=3.0), Rule.CLEAN, draws=50)
    assert held.specificity == pytest.approx(level.specificity, abs=0.1)


def test_every_age_group_has_a_policy_and_who_has_no_films_is_outside():
    found = policies({AgeGroup.CHILDREN: planted(200, apart=6.0)}, RULE, draws=50)
    assert {group: one.policy for group, one in found.items()} == {
        AgeGroup.INFANTS: Policy.OUTSIDE,
        AgeGroup.CHILDREN: Policy.BANDED,
        AgeGroup.BETWEEN: Policy.OUTSIDE,
        AgeGroup.ADULTS: Policy.OUTSIDE,
    }
    assert all(one.reason for one in found.values())
