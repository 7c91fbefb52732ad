"""Tells whether two networks differ on the same films; pure functions of labels and scores.

AUC: a bootstrap over patients in which both networks get the same draws, and DeLong, DeLong and Clarke-Pearson 1988
(in the form of Sun and Xu 2014), which takes every film for a patient of its own. Proportions: McNemar 1947, exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.statistics.bootstrap import DRAWS, SEED, Interval, interval, resample
from models.statistics.metrics import Z95, auc, ranks
from models.statistics.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of the first network less that of the second."""

    value: float
    interval: Interval
    p: float  # two-sided


@dataclass(frozen=True, slots=True)
class Discordant:
    """Films on which just one of two networks was right, and McNemar's exact two-sided p."""

    only_first: int
    only_second: int
    p: float


def auc_difference(
    labels: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    groups: Sequence[str],
    *,
    seed: int = SEED,
    draws: int = DRAWS,
) -> Difference:
    """The paired bootstrap.

    p is twice the share of draws on the other side of no difference, a tie counting on both sides; with one draw
    added to both counts it is never 0.

    Raises:
        ValueError: one of the two classes is absent.
    """
    value = auc(labels, first) - auc(labels, second)
    a, b = Ranking(labels, first), Ranking(labels, second)
    drawn = resample(labels, groups, lambda w: a.auc(w) - b.auc(w), seed=seed, draws=draws)
    side = min(int((drawn <= 1e-12).sum()), int((drawn >= -1e-12).sum()))
    return Difference(value, interval(drawn), min(1.0, 2 * (side + 1) / (drawn.size + 1)))


def delong(labels: ArrayLike, first: ArrayLike, second: ArrayLike) -> Difference:
    """DeLong's test for the difference of two AUCs of the same films.

    Raises:
        ValueError: a class has fewer than two films.
    """
    y = np.asarray(labels, bool)
    if min(y.sum(), (~y).sum()) < 2:
        raise ValueError("DeLong's test needs two films of each class")
    parts = [_placements(y, np.asarray(scores, np.float64)) for scores in (first, second)]
    value = float(parts[0][0].mean() - parts[1][0].mean())
    variance = sum(float(np.var(parts[0][c] - parts[1][c], ddof=1)) / parts[0][c].size for c in (0, 1))
    error = math.sqrt(variance)
    if error < 1e-12:
        return Difference(value, (value, value), 1.0 if abs(value) < 1e-12 else 0.0)
    return Difference(value, (value - Z95 * error, value + Z95 * error), math.erfc(abs(value) / error / math.sqrt(2)))


def _placements(y: NDArray[np.bool_], scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each film the share of the other class that it stands on the right side of, positives and negatives."""
    overall, positives, negatives = ranks(scores), ranks(scores[y]), ranks(scores[~y])
    return (overall[y] - positives) / negatives.size, 1.0 - (overall[~y] - negatives) / positives.size


def mcnemar(first_right: ArrayLike, second_right: ArrayLike) -> Discordant:
    """The exact test: if the networks were alike, each discordant film would be either's with one half."""
    a, b = np.asarray(first_right, bool), np.asarray(second_right, bool)
    only_first, only_second = int((a & ~b).sum()), int((~a & b).sum())
    n, fewer = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(n, k) for k in range(fewer + 1))
    return Discordant(only_first, only_second, min(1.0, 2 * tail / 2**n))
