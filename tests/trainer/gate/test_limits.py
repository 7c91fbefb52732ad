"""The linear layer, limits from sources that were left out, and upper limits of counts; on numbers alone."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.errors import TrainerError
from trainer.gate.counting import upper
from trainer.gate.limits import Limits, between
from trainer.gate.linear import NEVER, Sample, fit_head, logits_of

KINDS = ("film", "inverted", "blank")


def sample(each: int = 40, features: int = 60, seed: int = 0) -> Sample:
    """Three sources, whose films differ a little, and three kinds that lie apart."""
    rng = np.random.default_rng(seed)
    centres, homes = rng.standard_normal((3, features)) * 1.5, rng.standard_normal((3, features)) * 0.3
    kinds, sources = np.tile(np.arange(3), 3 * each), np.repeat(np.arange(3), 3 * each)
    raw = rng.standard_normal((9 * each, features)) + centres[kinds] + homes[sources]
    names = np.array(["a", "b", "c"])[sources]
    patients = np.array([f"{name}:{i // 3}" for i, name in enumerate(names)])
    return Sample(raw.astype(np.float32), kinds, names, patients, np.ones(len(kinds), bool))


def test_kinds_that_lie_apart_are_told_apart() -> None:
    """Also of pictures that were not learned from; the same fit for the same pictures."""
    head, again = fit_head(sample(), 3), fit_head(sample(), 3)
    np.testing.assert_array_equal(head.kernel, again.kernel)
    other = sample(seed=0)
    fresh = other.raw + np.random.default_rng(9).standard_normal(other.raw.shape).astype(np.float32) * 0.5
    assert np.mean(logits_of(head, fresh).argmax(axis=1) == other.kinds) > 0.98


def test_a_feature_that_never_varies_harms_nothing() -> None:
    """Nor one that varies only in what is refused: it is clipped."""
    one = sample()
    raw = np.concatenate([one.raw, np.ones((len(one.raw), 1), np.float32), (one.kinds[:, None] == 1) * 1e6], axis=1)
    head = fit_head(Sample(raw.astype(np.float32), one.kinds, one.sources, one.patients, one.plain), 3)
    assert np.isfinite(head.kernel).all()
    assert np.abs(logits_of(head, raw.astype(np.float32))).max() < 100


def test_a_kind_without_pictures_is_never_seen() -> None:
    """A small source may lack one; one that lacks films, or all else, is an error."""
    head = fit_head(sample().of(sample().kinds != 2), 3)
    found = logits_of(head, sample().raw)
    assert (found[:, 2] == NEVER).all()
    assert np.mean((found[:, 1] > found[:, 0]) == (sample().kinds == 1)) > 0.6
    for kinds in ([0], [1, 2]):
        with pytest.raises(TrainerError, match="are missing"):
            fit_head(sample().of(np.isin(sample().kinds, kinds)), 3)


@pytest.mark.parametrize("sources", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_limits_let_the_films_of_an_unknown_source_through(sources: list[str]) -> None:
    """And none of the other kinds; one source is halved by patient."""
    limits = Limits(sample(), KINDS)
    gate = limits.choose(sources, (0.9, 0.8))
    assert (gate.kinds, gate.white, gate.black) == (KINDS, 0.9, 0.8)
    logits = limits.logits_by(frozenset(sources))
    refused = np.array([bool(gate.findings(row)) for row in logits])
    inside = np.isin(limits.sample.sources, sources)
    assert refused[inside & (limits.sample.kinds == 0)].mean() <= 0.02
    assert refused[inside & (limits.sample.kinds != 0)].mean() >= 0.98


def test_a_limit_lies_half_way_where_there_is_a_way() -> None:
    """Else just above the films: they come first."""
    films = np.arange(1001) / 1000.0
    assert between(films, np.full(10, 3.0)) == pytest.approx((0.995 + 3.0) / 2)
    assert between(films, np.zeros(10)) == pytest.approx(0.995)


def test_upper_limits_are_those_of_clopper_and_pearson() -> None:
    """0 of 300 is the rule of three; 3 of 300 by tables; of none nothing is known."""
    assert upper(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300), rel=1e-6)
    assert upper(3, 300) == pytest.approx(0.02564, abs=2e-4)
    assert (upper(0, 0), upper(5, 5)) == (1.0, 1.0)
