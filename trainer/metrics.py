"""Figures of merit with their intervals; pure functions of labels and scores.

AUC: Hanley and McNeil 1982 (the Mann-Whitney form, ties count half). Proportions: Wilson 1927. Expected
calibration error: Naeini et al., AAAI 2015, with bins of equal count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

Z95: Final = 1.959963984540054
Interval = tuple[float, float]


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, ties averaged."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((last - (counts - 1) / 2.0)[inverse]).astype(np.float64)


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a film with pneumonia scores above one without.

    Raises:
        ValueError: one of the two classes is absent.
    """
    y, s = np.asarray(labels, bool), np.asarray(scores, np.float64)
    positives, negatives = int(y.sum()), int((~y).sum())
    if not positives or not negatives:
        raise ValueError("an AUC needs both classes")
    return float((ranks(s)[y].sum() - positives * (positives + 1) / 2.0) / (positives * negatives))


def auc_interval(
    labels: ArrayLike, scores: ArrayLike, groups: Sequence[str], *, seed: int = 0, draws: int = 1000
) -> Interval:
    """95 % interval of the AUC by a bootstrap over patients, whose films are drawn together.

    Raises:
        ValueError: one of the two classes is absent.
    """
    y, s = np.asarray(labels, bool), np.asarray(scores, np.float64)
    if y.all() or not y.any():
        raise ValueError("an AUC needs both classes")
    _, owner = np.unique(np.asarray(groups), return_inverse=True)
    films_of = [np.flatnonzero(owner == g) for g in range(int(owner.max()) + 1)]
    rng = np.random.default_rng(seed)
    values: list[float] = []
    while len(values) < draws:
        drawn = np.concatenate([films_of[g] for g in rng.integers(0, len(films_of), len(films_of))])
        if 0 < y[drawn].sum() < drawn.size:
            values.append(auc(y[drawn], s[drawn]))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def wilson(successes: int, n: int) -> Interval:
    """95 % interval of a proportion; (0, 1) where nothing was counted."""
    if n == 0:
        return 0.0, 1.0
    p, z2 = successes / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error over bins of equal count, 0..1."""
    y, p = np.asarray(labels, np.float64), np.asarray(probabilities, np.float64)
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, min(bins, max(1, y.size)))
    return float(sum(part.size * abs(y[part].mean() - p[part].mean()) for part in parts if part.size) / y.size)
