"""Calibration figures as they would be at another prevalence, from films weighted to it; pure.

Films of either class are taken to look alike wherever pneumonia is rarer (Saerens, Latinne, Decaestecker: Neural
Computation 14, 2002): a film's weight is its class's share elsewhere over its share here, and the odds change by the
ratio of the prior odds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.statistics.bootstrap import DRAWS, SEED, Interval, recentred, resample
from models.statistics.metrics import BINS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


def weights_at(labels: ArrayLike, prevalence: float, among: ArrayLike | None = None) -> NDArray[np.float64]:
    """Weights under which films of both classes have a prevalence; they sum to 1, (films,).

    Args:
        labels: of films of both classes.
        prevalence: above 0 and below 1.
        among: weights that the films have within their class, above 0; None: all alike.

    Raises:
        ValueError: one of the two classes is absent.
    """
    y = np.asarray(labels, bool)
    if y.all() or not y.any():
        raise ValueError("a prevalence needs both classes")
    w = np.ones(y.size) if among is None else np.asarray(among, np.float64)
    result: NDArray[np.float64] = np.where(y, prevalence * w / w[y].sum(), (1.0 - prevalence) * w / w[~y].sum())
    return result


def moved(probabilities: ArrayLike, prevalence: float, elsewhere: float) -> NDArray[np.float64]:
    """Probabilities that hold at one prevalence as they are at another; 0 and 1 stay."""
    p = np.asarray(probabilities, np.float64)
    factor = elsewhere * (1.0 - prevalence) / (prevalence * (1.0 - elsewhere))
    result: NDArray[np.float64] = p * factor / (p * factor + (1.0 - p))
    return result


def bins_of(probabilities: ArrayLike, weights: ArrayLike, bins: int = BINS) -> NDArray[np.intp]:
    """The bin of each film, 0..bins-1, lowest probability first; every bin holds as much weight, but for one film.

    Films of equal probability share a bin: nothing about them can tell which of two they belong to.
    """
    p, w = np.asarray(probabilities, np.float64), np.asarray(weights, np.float64)
    _, level = np.unique(p, return_inverse=True)
    mass = np.bincount(level, w)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    found: NDArray[np.intp] = np.minimum((middle * bins).astype(np.intp), bins - 1)[level]
    return found


def weighted_calibration_error(
    labels: ArrayLike, probabilities: ArrayLike, weights: ArrayLike, bins: int = BINS
) -> float:
    """Expected calibration error of weighted films over bins of equal weight, 0..1."""
    y, p, w = (np.asarray(values, np.float64) for values in (labels, probabilities, weights))
    surplus = np.bincount(bins_of(p, w, bins), w * (y - p), bins)
    return float(np.abs(surplus).sum() / w.sum())


def calibration_error_at(
    labels: ArrayLike,
    probabilities: ArrayLike,
    prevalence: float,
    bins: int = BINS,
    among: ArrayLike | None = None,
) -> float:
    """Expected calibration error of probabilities that are stated at a prevalence, with the films weighted to it.

    `among` as in `weights_at`.

    Raises:
        ValueError: one of the two classes is absent.
    """
    return weighted_calibration_error(labels, probabilities, weights_at(labels, prevalence, among), bins)


def calibration_interval_at(
    labels: ArrayLike,
    probabilities: ArrayLike,
    groups: Sequence[str],
    prevalence: float,
    *,
    among: ArrayLike | None = None,
    seed: int = SEED,
    draws: int = DRAWS,
) -> Interval:
    """95 % interval of `calibration_error_at`: patients are drawn, the bins kept; see `bootstrap.recentred`."""
    y, p = np.asarray(labels, bool), np.asarray(probabilities, np.float64)
    w = weights_at(y, prevalence, among)
    member = np.zeros((y.size, BINS))
    member[np.arange(y.size), bins_of(p, w)] = 1.0

    def errors(times: NDArray[np.float64]) -> NDArray[np.float64]:
        sick, well = (times * (w * y)), (times * (w * ~y))
        # Each draw is weighted to the prevalence again: it may hold more patients with pneumonia than the films do.
        sick *= prevalence / sick.sum(axis=1, keepdims=True)
        well *= (1.0 - prevalence) / well.sum(axis=1, keepdims=True)
        surplus: NDArray[np.float64] = np.abs(((sick + well) * (y - p)) @ member).sum(axis=1)
        return surplus

    return recentred(
        resample(y, groups, errors, seed=seed, draws=draws), calibration_error_at(y, p, prevalence, among=among)
    )
