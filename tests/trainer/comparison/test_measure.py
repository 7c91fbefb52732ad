"""The figures that recipes are compared by."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.statistics.ranking import Ranking
from trainer.comparison.measure import specificity_at


def test_specificity_is_taken_where_enough_pneumonia_lies_above():
    labels, scores = [1] * 10 + [0] * 10, [*range(10, 20), *range(2, 12)]  # normal films 10 and 11 lie among the sick
    ranking = Ranking(labels, scores)
    assert specificity_at(ranking, ranking.once, 1.0)[0] == 0.8
    assert specificity_at(ranking, ranking.once, 0.9)[0] == 0.9
    assert specificity_at(ranking, ranking.once, 0.8)[0] == 1.0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=60), st.floats(0.05, 1.0))
def test_it_is_the_highest_threshold_that_finds_enough(films, share):
    labels, scores = np.asarray([y for y, _ in films]), np.asarray([s for _, s in films], float)
    if labels.all() or not labels.any():
        return
    best = max(t for t in set(scores) if (scores[labels] >= t).mean() >= share - 1e-9)
    ranking = Ranking(labels, scores)
    assert np.isclose(specificity_at(ranking, ranking.once, share)[0], (scores[~labels] < best).mean())
