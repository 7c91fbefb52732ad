"""Builds scores of a suite on paper, and a judge that scores brightness; neither needs a network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from builders.training import film

from models.contract import VERSIONS
from models.population import Population
from trainer.shift.scoring import SuiteScores

CLEAN, WORSE, WORST = "clean", "blur-1", "blur-3"


class BrightnessJudge:
    """Scores the mean grey of a tensor, and knows how many films it was asked for."""

    preprocess = staticmethod(VERSIONS[1])

    def __init__(self, threshold: float | None = 0.5) -> None:
        self._threshold = threshold
        self._lock = threading.Lock()
        self.asked = 0

    def logits(self, tensors: np.ndarray) -> np.ndarray:
        with self._lock:
            self.asked += 1
        return tensors.mean(axis=(1, 2, 3), dtype=np.float64)

    def threshold(self, population: Population | None) -> float | None:
        return self._threshold

    def describe(self) -> dict[str, Any]:
        return {"kind": "fake", "name": "brightness"}


def suite_scores(
    n: int = 60,
    noise: dict[str, float] | None = None,
    population: Callable[[int], Population | None] = lambda number: Population.ADULTS,
    seed: int = 0,
    **changes: Callable[[int], Any],
) -> SuiteScores:
    """Films whose logits stand at -1 and 1 with more noise from condition to condition; odd numbers have pneumonia.

    `changes` give further fields of each film by its number.
    """
    rng = np.random.default_rng(seed)
    spread = noise or {CLEAN: 0.1, WORSE: 1.0, WORST: 4.0}
    films = tuple(film(i, **{key: value(i) for key, value in changes.items()}) for i in range(n))
    labels = np.arange(n) % 2 * 2.0 - 1.0
    return SuiteScores(
        films,
        tuple(population(i) for i in range(n)),
        tuple(one.view for one in films),
        {name: labels + rng.normal(0, by, n) for name, by in spread.items()},
    )


def shifted(scores: SuiteScores, by: float, names: Sequence[str]) -> SuiteScores:
    """The same scores with some conditions' logits moved."""
    logits = {name: values + (by if name in names else 0.0) for name, values in scores.logits.items()}
    return SuiteScores(scores.films, scores.populations, scores.views, logits)
