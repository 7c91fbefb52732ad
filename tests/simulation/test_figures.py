"""Nights and what is said of them: the same seed says the same, and a score that knows nothing wins nothing."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.simulation.department import Assumptions
from daemon.simulation.figures import Compared, Group, Night, compared, one_night
from daemon.simulation.reading import Taking


def drawn(assumed: Assumptions, nights: int = 40, *, cap: float = 480, seed: int = 1) -> dict[Group, Compared]:
    return compared([one_night(assumed, cap, Taking.PLACES, seed, number) for number in range(nights)], seed)


def test_the_same_seed_gives_the_same_figures_and_another_one_others() -> None:
    assert drawn(Assumptions(), 3) == drawn(Assumptions(), 3)
    assert drawn(Assumptions(), 3) != drawn(Assumptions(), 3, seed=2)


def test_a_score_that_knows_nothing_wins_nothing() -> None:
    """At AUC .5 pneumonia waits as other scored films do: the interval of its ratio holds that of all."""
    found = drawn(Assumptions(auc=0.5, prevalence=0.3, unscored=0.0))
    _, low, high = found[Group.PNEUMONIA].ratio
    assert low < found[Group.ALL].ratio[0] < high
    assert found[Group.ALL].ratio[0] == pytest.approx(1, abs=0.03)


def test_a_better_score_wins_more() -> None:
    ratios = [drawn(Assumptions(auc=auc), 15)[Group.PNEUMONIA].ratio[0] for auc in (0.7, 0.8, 0.9, 0.97)]
    assert ratios == sorted(ratios, reverse=True)


def test_an_unscored_film_is_also_in_the_group_of_what_it_shows() -> None:
    night = one_night(Assumptions(), 30, Taking.PLACES, 1, 0)
    for waited in (night.first_come, night.ordered):
        parts = (Group.PNEUMONIA, Group.OTHER_URGENT, Group.NORMAL)
        assert sum(waited[group].size for group in parts) == waited[Group.ALL].size
        assert 0 < waited[Group.UNSCORED].size < waited[Group.NORMAL].size


def test_without_pneumonia_the_group_is_left_out() -> None:
    assert Group.PNEUMONIA not in drawn(Assumptions(prevalence=0.0), 2)


def test_figures_of_waits_that_are_known() -> None:
    """Two nights by hand: means over films, longest as mean over nights, ratios of those."""

    def night(before: list[float], after: list[float]) -> Night:
        return Night(
            {group: np.array(before) for group in Group},
            {group: np.array(after) for group in Group},
        )

    found = compared([night([10.0, 20.0], [5.0, 25.0]), night([30.0], [15.0])], 1)[Group.ALL]
    assert found.films == 3
    assert (found.first_come.mean, found.ordered.mean) == (20, 15)
    assert (found.first_come.longest, found.ordered.longest) == (25, 20)
    assert found.ratio[0] == pytest.approx(0.75)
    assert found.delay[0] == pytest.approx(-5)
    assert found.longest[0] == pytest.approx(0.8)
    assert found.ratio[1] == pytest.approx(0.5)
    assert found.ratio[2] == pytest.approx(1.0)


def test_nobody_waits_where_hardly_anybody_comes() -> None:
    """A ratio of nothing to nothing is 1, not an error."""
    quiet = Night({group: np.zeros(3) for group in Group}, {group: np.zeros(3) for group in Group})
    assert compared([quiet, quiet], 1)[Group.ALL].ratio == (1, 1, 1)
