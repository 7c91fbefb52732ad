"""What is promised to each population, and the threshold that keeps it on the very films that choose; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from models.population import Population

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# What the lower threshold must find. Children: one hospital's labels, and the network is sure; adults: readers of
# single films disagree on a few in a hundred, and a threshold that finds those too would find nearly everything.
SENSITIVITY: Final[Mapping[Population, float]] = {Population.CHILDREN: 0.98, Population.ADULTS: 0.95}


def threshold_for_sensitivity(
    logits: ArrayLike, labels: ArrayLike, sensitivity: float, weights: ArrayLike | None = None
) -> float:
    """The highest threshold at or above which lies at least that share of the films with pneumonia.

    It stands halfway to the next lower logit, so that no film of those that choose lies on the edge.

    Args:
        logits, labels: of the films, (n,); at least one with pneumonia.
        sensitivity: above 0 and up to 1.
        weights: what each film counts, above 0; None: all alike.
    """
    x, y = np.asarray(logits, np.float64), np.asarray(labels, bool)
    w = np.ones(x.size) if weights is None else np.asarray(weights, np.float64)
    falling = np.argsort(-x[y], kind="stable")
    reached = np.cumsum(w[y][falling])
    needed = min(int(np.searchsorted(reached, (sensitivity - 1e-9) * reached[-1])), falling.size - 1)
    return _below(x, float(x[y][falling[needed]]))


def _below(x: NDArray[np.float64], value: float) -> float:
    lower = x[x < value]
    return (value + float(lower.max())) / 2 if lower.size else value - 1.0
