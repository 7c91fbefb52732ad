"""Where a population's bands begin and what a logit means there, as values; no file is read here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from models.population import Population


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logit -> probability by a logistic curve (Platt), as it was at one prevalence."""

    slope: float
    intercept: float
    prevalence: float  # share of pneumonia among the films that it was fitted on

    def probability(self, logit: float) -> float:
        """The calibrated probability, 0..1, at the stated prevalence; never overflows."""
        z = self.slope * logit + self.intercept
        if z >= 0:
            return 1.0 / (1.0 + math.exp(-z))
        return math.exp(z) / (1.0 + math.exp(z))


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Where a population's bands begin, on the float logit, and what that is known to give."""

    population: Population
    threshold: float  # at or above it: `next`
    first_threshold: float  # at or above it: `first`
    calibration: Calibration
    evidence: Mapping[str, Any] = field(default_factory=dict)


def point_for(points: Mapping[Population, OperatingPoint], population: Population | None) -> OperatingPoint:
    """The point of a population, for points that were kept without their bundle.

    Nobody may be called low by a threshold that was not made for them, nor first, nor likely: a film of an unknown
    population gets the lowest threshold of the bundle, the highest for `first`, and the calibration at the lowest
    prevalence.
    """
    if population is not None and population in points:
        return points[population]
    lowest = min(points.values(), key=lambda point: (point.threshold, point.population))
    first = max(point.first_threshold for point in points.values())
    rarest = min(points.values(), key=lambda point: (point.calibration.prevalence, point.population))
    return replace(lowest, first_threshold=first, calibration=rarest.calibration)
