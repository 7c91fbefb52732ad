"""One sort gives every curve of every draw, and they are the curves by definition."""

from __future__ import annotations

import numpy as np
import pytest
from builders.evidence import need_scikit
from hypothesis import given
from hypothesis import strategies as st

from models.statistics.bootstrap import band, interval, recentred, resample, weightings
from models.statistics.metrics import auc, auc_interval, average_precision
from models.statistics.ranking import Ranking

FILMS = st.lists(st.tuples(st.booleans(), st.integers(-3, 3), st.integers(0, 3)), min_size=3, max_size=25).filter(
    lambda films: 0 < sum(y for y, _, _ in films) < len(films)
)


def columns(films):
    return np.array([y for y, _, _ in films]), np.array([s for _, s, _ in films], float)


@given(FILMS)
def test_a_weight_counts_a_film_as_often_as_if_it_stood_there_that_often(films):
    labels, scores = columns(films)
    weights = np.array([w for _, _, w in films])
    drawn = np.repeat(np.arange(len(films)), weights)
    ranking = Ranking(labels, scores)
    if 0 < labels[drawn].sum() < drawn.size:
        again = Ranking(labels[drawn], scores[drawn])
        w = weights[None].astype(float)
        rates = np.linspace(0, 1, 7)
        assert ranking.auc(w)[0] == pytest.approx(auc(labels[drawn], scores[drawn]))
        assert ranking.average_precision(w) == pytest.approx(again.average_precision(again.once))
        assert ranking.sensitivity_at(w, rates) == pytest.approx(again.sensitivity_at(again.once, rates))
        assert ranking.precision_at(w, rates[1:]) == pytest.approx(again.precision_at(again.once, rates[1:]))


def test_curves_and_areas_are_those_of_scikit_learn():
    sk = need_scikit()
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 200)
    scores = np.round(labels + rng.normal(0, 1, 200), 1)  # with ties
    ranking = Ranking(labels, scores)
    (tp,), (fp,) = ranking.above(ranking.once)
    x, y, _ = sk.roc_curve(labels, scores, drop_intermediate=False)
    assert np.append(0, fp / fp[-1]) == pytest.approx(x)
    assert np.append(0, tp / tp[-1]) == pytest.approx(y)
    precision, recall, thresholds = sk.precision_recall_curve(labels, scores)
    assert ranking.thresholds[::-1] == pytest.approx(thresholds)
    assert (tp / (tp + fp))[::-1] == pytest.approx(precision[:-1])
    assert (tp / tp[-1])[::-1] == pytest.approx(recall[:-1])
    assert average_precision(labels, scores) == pytest.approx(sk.average_precision_score(labels, scores))


def test_the_draws_are_of_patients_and_the_same_as_one_draw_at_a_time():
    """What the cards of released bundles say was drawn one by one; it has to come back."""
    rng = np.random.default_rng(2)
    patients = [str(p) for p in rng.integers(0, 6, 20)]
    labels, scores = np.array([int(p) % 2 for p in patients]), rng.normal(0, 1, 20)
    names, owner = np.unique(patients, return_inverse=True)
    one, values = np.random.default_rng(0), []
    while len(values) < 50:
        drawn = np.concatenate([np.flatnonzero(owner == g) for g in one.integers(0, names.size, names.size)])
        if 0 < labels[drawn].sum() < drawn.size:
            values.append(auc(labels[drawn], scores[drawn]))
    expected = tuple(np.percentile(values, [2.5, 97.5]))
    assert auc_interval(labels, scores, patients, draws=50) == pytest.approx(expected)


@pytest.mark.parametrize(("labels", "kept"), [([1, 1, 1], 3), ([1, 0, 1], 3), ([], 0)])
def test_films_of_one_patient_are_drawn_together_and_one_class_alone_is_drawn_too(labels, kept):
    blocks = list(weightings(labels, ["a", "a", "b"][: len(labels)], draws=40))
    weights = np.concatenate(blocks) if blocks else np.empty((0, 0))
    assert weights.shape == (40 if kept else 0, kept)
    if kept:
        assert (weights[:, 0] == weights[:, 1]).all()


def test_a_draw_that_lost_a_class_is_thrown_away():
    weights = np.concatenate(list(weightings([1, 0], ["a", "b"], draws=30)))
    assert (weights == 1).all()


def test_an_interval_leaves_out_draws_without_the_figure_and_a_biased_figure_stays_inside_its_own():
    assert interval(np.array([np.nan, 2.0, 2.0])) == (2.0, 2.0)
    low, high = recentred(np.array([0.4, 0.5, 0.6]), 0.1)
    assert low == pytest.approx(0.005)
    assert high == pytest.approx(0.195)
    assert recentred(np.array([0.4, 0.5, 0.6]), 0.01)[0] == 0.0


def test_a_band_has_the_shape_of_its_curve():
    drawn = resample([0, 1, 1], ["a", "b", "c"], lambda w: np.stack([w.sum(axis=1), w[:, 0]], axis=1), draws=9)
    low, high = band(drawn)
    assert drawn.shape == (9, 2)
    assert low.shape == high.shape == (2,)
    assert (low <= high).all()
