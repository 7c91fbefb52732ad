"""Scored films as columns of numbers, which is what figures are made of; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.bundle import OperatingPoint, point_for
from trainer.statistics.labelled import Labelled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.population import Population
    from trainer.evidence.scoring import Scored

UNKNOWN: Final = "unknown"  # the population of films that say no age; judged at the bundle's lowest threshold
ALL: Final = "all"  # films of several populations together


@dataclass(frozen=True, slots=True)
class Sample(Labelled):
    """One row a film.

    Attributes:
        labels: pneumonia or not.
        logits: the network's.
        probabilities: calibrated as the film's population is, and moved to the prevalence among these films of that
            population: a curve that is stated at 10 % is not wrong where half of the films have pneumonia.
        thresholds, firsts: of the film's population, on the logit.
        patients: whose film it is.
    """

    labels: NDArray[np.bool_]
    logits: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    firsts: NDArray[np.float64]
    patients: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """Films, films with pneumonia and patients."""
        return {"n": self.n, "positives": self.positives, "patients": len(set(self.patients))}

    def above(self) -> dict[str, NDArray[np.bool_]]:
        """What each threshold puts ahead, by its name."""
        return {"next_or_first": self.logits >= self.thresholds, "first": self.logits >= self.firsts}


def sample_of(scored: Sequence[Scored], points: Mapping[Population, OperatingPoint]) -> Sample:
    """The columns of some films, each judged by its own population's point."""
    of = [point_for(points, s.population) for s in scored]
    shares = _prevalences(scored)

    def column(values: Any) -> NDArray[np.float64]:
        return np.asarray(list(values), np.float64)

    return Sample(
        np.asarray([s.film.label for s in scored], bool),
        column(s.logit for s in scored),
        column(p.calibration.probability(s.logit, shares[s.population]) for s, p in zip(scored, of, strict=True)),
        column(point.threshold for point in of),
        column(point.first_threshold for point in of),
        tuple(s.film.patient for s in scored),
    )


def _prevalences(scored: Sequence[Scored]) -> dict[Population | None, float | None]:
    """The share of pneumonia among the films of each population; None where they are of one class."""
    labels: dict[Population | None, list[int]] = {}
    for s in scored:
        labels.setdefault(s.population, []).append(s.film.label)
    return {who: sum(some) / len(some) if 0 < sum(some) < len(some) else None for who, some in labels.items()}


def by_population(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    """Films by their population's name, in the order of the names."""
    found: dict[str, list[Scored]] = {}
    for s in scored:
        found.setdefault(s.population or UNKNOWN, []).append(s)
    return dict(sorted(found.items()))


def judged_apart(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    """Each population, and before them all films together where there are several populations."""
    populations = by_population(scored)
    return {ALL: list(scored), **populations} if len(populations) > 1 else populations
