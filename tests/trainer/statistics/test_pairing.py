"""Paired tests against their definitions and against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.statistics.metrics import auc
from trainer.statistics.pairing import auc_difference, delong, mcnemar


@pytest.fixture(scope="module")
def films():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 120)
    good, bad = labels + rng.normal(0, 0.7, 120), labels + rng.normal(0, 2.5, 120)
    return labels, good, bad, [str(i // 2) for i in range(120)]


def test_a_better_network_is_found_better_and_the_signs_follow_the_order(films):
    labels, good, bad, patients = films
    ahead = auc_difference(labels, good, bad, patients, draws=400)
    behind = auc_difference(labels, bad, good, patients, draws=400)
    assert ahead.value == pytest.approx(auc(labels, good) - auc(labels, bad))
    assert ahead.interval[0] > 0
    assert ahead.p == pytest.approx(2 / 401)
    assert (behind.value, behind.interval[1]) == (-ahead.value, pytest.approx(-ahead.interval[0]))
    assert delong(labels, good, bad).p < 0.001


def test_a_network_does_not_differ_from_itself(films):
    labels, good, _, patients = films
    for found in (auc_difference(labels, good, good, patients, draws=50), delong(labels, good, good)):
        assert (found.value, found.interval, found.p) == (0.0, (0.0, 0.0), 1.0)


def test_delong_is_the_variance_of_the_pairs_by_definition(films):
    """DeLong et al. 1988, equations 5 to 7, film by film."""
    labels, good, bad, _ = films
    y = labels.astype(bool)

    def parts(scores):
        kernel = (scores[y][:, None] > scores[~y]) + 0.5 * (scores[y][:, None] == scores[~y])
        return kernel.mean(axis=1), kernel.mean(axis=0)

    a, b = parts(np.round(good)), parts(np.round(bad))  # with ties
    m, n = int(y.sum()), int((~y).sum())
    covariance = np.cov(a[0], b[0]) / m + np.cov(a[1], b[1]) / n
    error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    found = delong(labels, np.round(good), np.round(bad))
    assert found.interval[1] - found.value == pytest.approx(1.959964 * error, rel=1e-6)


def test_delong_needs_two_films_of_each_class():
    with pytest.raises(ValueError, match="two films"):
        delong([1, 0, 0], [1, 2, 3], [1, 2, 3])


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1.0), (5, 15, 2 * 21700 / 2**20), (1, 0, 1.0), (0, 6, 2 / 64), (3, 3, 1.0)],
)
def test_mcnemar_counts_the_films_on_which_just_one_is_right(only_first, only_second, p):
    first = [True] * only_first + [False] * only_second + [True, False]
    second = [False] * only_first + [True] * only_second + [True, False]
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (only_first, only_second)
    assert found.p == pytest.approx(p)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_mcnemar_does_not_care_which_network_is_named_first(pairs):
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    assert mcnemar(a, b).p == mcnemar(b, a).p
    assert 0 < mcnemar(a, b).p <= 1
