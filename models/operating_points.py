"""Where a population's bands begin, what a logit means there, and what a bundle does with an age group; only values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from models.population import AgeGroup, Policy, Population


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logit -> probability by a logistic curve (Platt), as it was at one prevalence."""

    slope: float
    intercept: float
    prevalence: float  # share of pneumonia among the films that it was fitted on

    def probability(self, logit: float, prevalence: float | None = None) -> float:
        """The calibrated probability, 0..1; never overflows.

        Elsewhere pneumonia is rarer or more frequent, while films of either class are taken to look alike: then the
        odds change by the ratio of the prior odds (Saerens, Latinne, Decaestecker: Neural Computation 14, 2002).

        Args:
            logit: the network's.
            prevalence: of pneumonia, above 0 and below 1, where the film was taken; None: as it was calibrated.
        """
        z = self.slope * logit + self.intercept
        if prevalence is not None:
            z += _log_odds(prevalence) - _log_odds(self.prevalence)
        if z >= 0:
            return 1.0 / (1.0 + math.exp(-z))
        return math.exp(z) / (1.0 + math.exp(z))


def _log_odds(share: float) -> float:
    return math.log(share) - math.log1p(-share)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Where a population's bands begin, on the float logit, and what that is known to give.

    Where the policy is `ordered` every logit lies in `next`: it begins below all of them, and `first` never does.
    """

    population: Population
    threshold: float  # at or above it: `next`
    first_threshold: float  # at or above it: `first`
    calibration: Calibration
    evidence: Mapping[str, Any] = field(default_factory=dict)
    policy: Policy = Policy.BANDED

    @property
    def thresholds(self) -> dict[str, float | None]:
        """Both as JSON can hold them, under their names: None where no band begins, for JSON knows no infinity."""
        both = {"threshold": self.threshold, "first_threshold": self.first_threshold}
        return {name: at if math.isfinite(at) else None for name, at in both.items()}

    def ordered(self) -> OperatingPoint:
        """The same where nothing may be called low or first."""
        return replace(self, threshold=-math.inf, first_threshold=math.inf, policy=Policy.ORDERED)


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """What a bundle does with an age group, and why, in a sentence of the rule that decided it."""

    policy: Policy
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


def point_for(points: Mapping[Population, OperatingPoint], population: Population | None) -> OperatingPoint:
    """The point of a population, for points that were kept without their bundle.

    Nobody may be called low by a threshold that was not made for them, nor first, nor likely. So a film of an unknown
    population gets the lowest threshold of the bundle, the highest for `first`, and the calibration at the lowest
    prevalence. Where one population is `ordered`, or has no point at all, the film may be one of that population: then
    it is ordered only. See ``docs/decisions/2026-11-25-unknown-populations.md``.
    """
    if population is not None and population in points:
        return points[population]
    lowest = min(points.values(), key=lambda point: (point.threshold, point.population))
    first = max(point.first_threshold for point in points.values())
    rarest = min(points.values(), key=lambda point: (point.calibration.prevalence, point.population))
    careful = replace(lowest, first_threshold=first, calibration=rarest.calibration)
    banded = all(who in points and points[who].policy is Policy.BANDED for who in Population)
    return careful if banded else careful.ordered()


def point_of_group(
    points: Mapping[Population, OperatingPoint],
    policies: Mapping[AgeGroup, GroupPolicy],
    group: AgeGroup | None,
) -> OperatingPoint:
    """The point that judges a film of an age group, None where nobody said who is on it.

    A group that the bundle is not for gives no bands; whether its films are refused is not decided here.

    Args:
        points: of a bundle.
        policies: of the same bundle; empty where it states none, as in format 1.
        group: of the film.
    """
    point = point_for(points, None if group is None else group.population)
    stated = None if group is None else policies.get(group)
    return point if stated is None or stated.policy is Policy.BANDED else point.ordered()
