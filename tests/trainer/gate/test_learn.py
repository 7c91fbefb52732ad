"""What the gate's network learns from a sample, and that a fit which was stopped goes on; on squares and stripes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders.training import need_keras

need_keras()

from trainer.errors import TrainerError  # noqa: E402 - needs Keras
from trainer.gate.kinds import KINDS, Kind  # noqa: E402
from trainer.gate.learn import PARTS, Learner  # noqa: E402
from trainer.gate.sample import Known, Sample  # noqa: E402

ALL, ONE = Known(frozenset("ab")), Known(frozenset("a"))


def sample(each: int = 24, seen: int = 32) -> Sample:
    """Upright stripes are films, lying ones are turned, of two sources whose greys differ; every fourth is noisy."""
    rng = np.random.default_rng(3)
    stripe = (np.arange(seen) // 4 % 2 * 120).astype(np.uint8)
    upright = np.tile(stripe, (seen, 1))
    turned = np.array([0, KINDS.index(Kind.ROTATED)])
    kinds = np.tile(turned, each)
    pictures = np.stack([upright if kind == 0 else upright.T for kind in kinds])
    pictures = pictures + rng.integers(0, 60, (2 * each, seen, seen)).astype(np.uint8)
    sources = np.repeat(["a", "b"], each)
    patients = np.array([f"{source}:{i // 2}" for i, source in enumerate(sources)])
    return Sample(pictures, kinds, sources, patients, np.ones(2 * each, bool))


def learner(folder: Path, told: list[int], steps: int) -> Learner:
    return Learner(sample(), folder, steps=steps, seed=4, report=told.append)


def test_it_learns_what_is_a_film_and_what_is_not(tmp_path: Path) -> None:
    """Also for a source that it has not learned from."""
    told: list[int] = []
    one = learner(tmp_path, told, 12)
    unknown = sample().sources == "b"
    logits = one.logits(ONE, unknown)
    rotated = KINDS.index(Kind.ROTATED)
    called = logits[:, rotated] > logits[:, 0]
    assert np.mean(called == (sample().kinds == rotated)[unknown]) > 0.9
    assert told == list(range(1, 13))


def test_a_fit_that_was_stopped_goes_on_at_its_network(tmp_path: Path) -> None:
    """What was trained for the same pictures, steps and seed is read again; and it is what it would have become."""
    (tmp_path / "stopped").mkdir()
    (tmp_path / "whole").mkdir()
    told: list[int] = []
    learner(tmp_path / "stopped", told, 2).weights(ONE)
    assert told == [1, 2]
    again, whole = learner(tmp_path / "stopped", told, 2), learner(tmp_path / "whole", [], 2)
    for known in (ONE, ALL):
        for left, right in zip(again.weights(known), whole.weights(known), strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)
    assert told == [1, 2, 2, 3, 4]
    again.forget()
    assert not (tmp_path / "stopped" / PARTS).exists()
    other = learner(tmp_path / "whole", told, 3)
    assert {other._name(ONE)}.isdisjoint(path.stem for path in (tmp_path / "whole" / PARTS).iterdir())


def test_films_alone_teach_nothing(tmp_path: Path) -> None:
    """Nor does a sample without any."""
    whole = sample()
    for wanted in (0, KINDS.index(Kind.ROTATED)):
        some = whole.kinds == wanted
        less = Sample(whole.seen[some], whole.kinds[some], whole.sources[some], whole.patients[some], whole.plain[some])
        with pytest.raises(TrainerError, match="are missing"):
            Learner(less, tmp_path, steps=1, seed=1, report=lambda _: None).weights(ALL)
