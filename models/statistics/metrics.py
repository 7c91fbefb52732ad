"""Figures of merit with their intervals; pure functions of labels and scores.

AUC: Hanley and McNeil 1982 (the Mann-Whitney form, ties count half). Proportions: Wilson 1927. Expected calibration
error: Naeini et al., AAAI 2015, with bins of equal count. Squared error of a probability: Brier 1950. What compares
two networks stands in `trainer.statistics.pairing`, what follows for other prevalences in
`models.statistics.prevalence`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.statistics.bootstrap import DRAWS, SEED, Interval, interval, recentred, resample
from models.statistics.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

Z95: Final = 1.959963984540054
BINS: Final = 10
SMALLEST: Final = 1e-7  # a probability of 0 has no logarithm; Keras clips its loss here, too


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
    labels: ArrayLike, scores: ArrayLike, groups: Sequence[str], *, seed: int = SEED, draws: int = DRAWS
) -> Interval:
    """95 % interval of the AUC by a bootstrap over patients, whose films are drawn together.

    Raises:
        ValueError: one of the two classes is absent.
    """
    y = np.asarray(labels, bool)
    if y.all() or not y.any():
        raise ValueError("an AUC needs both classes")
    return interval(resample(y, groups, Ranking(y, scores).auc, seed=seed, draws=draws))


def auc_interval_by_films(labels: ArrayLike, scores: ArrayLike) -> Interval:
    """95 % interval of the AUC that takes every film for a patient of its own.

    Newcombe 2006 (Statistics in Medicine 25, 559; his method 5): the areas whose own standard error, in the form of
    Hanley and McNeil, reaches the one that was found. It has a width where the area is 1, and needs no draws: for
    subgroups of a few patients, and for films whose patients nobody named.

    Raises:
        ValueError: one of the two classes is absent.
    """
    y = np.asarray(labels, bool)
    found, m, n = auc(y, scores), int(y.sum()), int((~y).sum())
    more = (m + n) / 2 - 1

    def gap(area: float) -> float:
        spread = 1 + more * (1 - area) / (2 - area) + more * area / (1 + area)
        return abs(found - area) - Z95 * float(np.sqrt(area * (1 - area) * spread / (m * n)))

    return _crossing(gap, found, 0.0), _crossing(gap, found, 1.0)


def _crossing(gap: Callable[[float], float], inside: float, outside: float) -> float:
    """Where a gap changes its sign between a place within and an end, by halving."""
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if gap(middle) < 0 else (inside, middle)
    return (inside + outside) / 2


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the precision-recall curve, summed over its steps without interpolation (as scikit-learn has it).

    Raises:
        ValueError: no film has pneumonia.
    """
    if not np.asarray(labels, bool).any():
        raise ValueError("an average precision needs films with pneumonia")
    ranking = Ranking(labels, scores)
    return float(ranking.average_precision(ranking.once)[0])


def wilson(successes: float, n: int) -> Interval:
    """95 % interval of a proportion; (0, 1) where nothing was counted. A success may count in part, as a mean does."""
    if n == 0:
        return 0.0, 1.0
    p, z2 = successes / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def equal_bins(probabilities: ArrayLike, bins: int = BINS) -> list[NDArray[np.int64]]:
    """Which films lie in which bin, from the lowest probability up; every bin holds as many films, give or take one."""
    p = np.asarray(probabilities, np.float64)
    parts = np.array_split(np.argsort(p, kind="stable"), min(bins, max(1, p.size)))
    return [part.astype(np.int64) for part in parts if part.size]


def calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error over bins of equal count, 0..1."""
    y, p = np.asarray(labels, np.float64), np.asarray(probabilities, np.float64)
    return float(sum(part.size * abs(y[part].mean() - p[part].mean()) for part in equal_bins(p, bins)) / y.size)


def calibration_interval(
    labels: ArrayLike, probabilities: ArrayLike, groups: Sequence[str], *, seed: int = SEED, draws: int = DRAWS
) -> Interval:
    """95 % interval of the calibration error by a bootstrap over patients, the bins kept; see `bootstrap.recentred`."""
    y, p = np.asarray(labels, np.float64), np.asarray(probabilities, np.float64)
    member = np.zeros((y.size, BINS))
    for number, part in enumerate(equal_bins(p)):
        member[part, number] = 1.0

    def errors(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        surplus: NDArray[np.float64] = np.abs((weights * (y - p)) @ member).sum(axis=1) / weights.sum(axis=1)
        return surplus

    return recentred(resample(y, groups, errors, seed=seed, draws=draws), calibration_error(y, p))


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean squared error of the probabilities, 0 (best) to 1."""
    return float(squared_errors(labels, probabilities).mean())


def squared_errors(labels: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Of each film."""
    errors: NDArray[np.float64] = (np.asarray(probabilities, np.float64) - np.asarray(labels, np.float64)) ** 2
    return errors


def losses(labels: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Binary cross-entropy of each film in nats: its mean is what training calls the loss."""
    y = np.asarray(labels, bool)
    p = np.clip(np.asarray(probabilities, np.float64), SMALLEST, 1 - SMALLEST)
    each: NDArray[np.float64] = -np.log(np.where(y, p, 1 - p))
    return each


def mean_interval(
    each: ArrayLike, labels: ArrayLike, groups: Sequence[str], *, seed: int = SEED, draws: int = DRAWS
) -> Interval:
    """95 % interval of a mean over films, by a bootstrap over patients."""
    values = np.asarray(each, np.float64)
    return interval(resample(labels, groups, lambda w: (w @ values) / w.sum(axis=1), seed=seed, draws=draws))


def share_interval(
    counted: ArrayLike,
    among: ArrayLike,
    labels: ArrayLike,
    groups: Sequence[str],
    *,
    seed: int = SEED,
    draws: int = DRAWS,
) -> Interval | None:
    """95 % interval of a share of some films by a bootstrap over patients; None where there are no such films.

    It is wider than Wilson's where patients have several films, and of no width where every film counts: show both.
    """
    some = np.asarray(among, np.float64)
    hit = np.asarray(counted, np.float64) * some
    if not some.any():
        return None

    def share(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):
            found: NDArray[np.float64] = (weights @ hit) / (weights @ some)
        return found

    return interval(resample(labels, groups, share, seed=seed, draws=draws))
