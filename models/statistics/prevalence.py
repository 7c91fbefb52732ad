"""What a network's figures mean at other prevalences, and what a threshold is worth; pure.

Predictive values follow from sensitivity and specificity by Bayes. Their intervals come from those of the two shares:
PPV rises with sensitivity / (1 - specificity) and NPV falls with (1 - sensitivity) / specificity, so the ends of the
ratio's interval are the ends of theirs. The ratio's interval is that of MOVER (Zou and Donner, Statistics in Medicine
27, 2008), from the Wilson limits of its two independent parts; it stays sound where a share is 0 or 1. Net benefit:
Vickers and Elkin, Medical Decision Making 26 (2006).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.statistics.bootstrap import Interval
from models.statistics.metrics import wilson

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    interval: Interval


def share(successes: int, n: int) -> Estimate | None:
    """A proportion with Wilson's interval; None where nothing was counted."""
    return Estimate(successes / n, wilson(successes, n)) if n else None


def ratio(top: Estimate, bottom: Estimate) -> Estimate:
    """The ratio of two independent shares; infinite where the lower one may be 0.

    A ratio R lies in the interval where the MOVER interval of ``top - R * bottom`` holds 0: the roots of two quadratic
    equations in R.
    """
    product = top.value * bottom.value
    lower = _root(bottom.interval[1] * (2 * bottom.value - bottom.interval[1]), product, top, 0)
    upper = _root(bottom.interval[0] * (2 * bottom.value - bottom.interval[0]), product, top, 1)
    value = top.value / bottom.value if bottom.value else math.inf if top.value else math.nan
    return Estimate(value, (lower, upper))


def _root(a: float, b: float, top: Estimate, end: int) -> float:
    """The lower (end 0) or upper (1) root of a R^2 - 2 b R + c = 0."""
    c = top.interval[end] * (2 * top.value - top.interval[end])
    root = math.sqrt(max(0.0, b * b - a * c))
    if end == 0:  # in the form that needs no division by a, which may be 0
        return c / (b + root) if b + root > 0 else 0.0
    return (b + root) / a if a > 0 else math.inf


def ppv(sensitivity: Estimate, specificity: Estimate, prevalence: float) -> Estimate:
    """The chance of pneumonia on a film at or above the threshold."""
    likelihood = ratio(sensitivity, _complement(specificity))
    low, high = (_from_odds(end * prevalence / (1 - prevalence)) for end in likelihood.interval)
    return Estimate(_from_odds(likelihood.value * prevalence / (1 - prevalence)), (low, high))


def npv(sensitivity: Estimate, specificity: Estimate, prevalence: float) -> Estimate:
    """The chance of no pneumonia on a film below the threshold."""
    likelihood = ratio(_complement(sensitivity), specificity)
    low, high = (1 - _from_odds(end * prevalence / (1 - prevalence)) for end in likelihood.interval)
    return Estimate(1 - _from_odds(likelihood.value * prevalence / (1 - prevalence)), (high, low))


def per_thousand(one: Estimate, prevalence: float) -> Estimate:
    """Films in 1,000 that share both a chance of their class and that class's prevalence; linear, ends go along."""
    low, high = (1000 * prevalence * end for end in one.interval)
    return Estimate(1000 * prevalence * one.value, (low, high))


def missed(sensitivity: Estimate, prevalence: float) -> Estimate:
    """Films with pneumonia below the threshold, in 1,000 films."""
    return per_thousand(_complement(sensitivity), prevalence)


def false_alarms(specificity: Estimate, prevalence: float) -> Estimate:
    """Films without pneumonia at or above the threshold, in 1,000 films."""
    return per_thousand(_complement(specificity), 1 - prevalence)


def _complement(one: Estimate) -> Estimate:
    return Estimate(1 - one.value, (1 - one.interval[1], 1 - one.interval[0]))


def _from_odds(odds: float) -> float:
    return 1.0 if math.isinf(odds) else odds / (1 + odds)


def net_benefit(
    labels: ArrayLike, probabilities: ArrayLike, chances: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """True alarms less the false ones that they are held to be worth, a film, (weightings, chances).

    Args:
        labels, probabilities: of the films.
        chances: 0..1, below 1: a film whose probability reaches one is put ahead; at that chance a true alarm is
            worth (1 - chance) / chance false ones.
        weights: (weightings, films).
    """
    y, p = np.asarray(labels, np.float64), np.asarray(probabilities, np.float64)
    ahead = (p[:, None] >= chances[None, :]).astype(np.float64)
    odds = chances / (1 - chances)
    found, wrong = (weights * y) @ ahead, (weights * (1 - y)) @ ahead
    benefit: NDArray[np.float64] = (found - wrong * odds) / weights.sum(axis=1, keepdims=True)
    return benefit
