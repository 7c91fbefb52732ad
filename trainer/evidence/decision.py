"""What thresholds would mean in a department: predictive values and misses by prevalence, and the decision curve; pure.

How the intervals come about stands in `models.statistics.prevalence`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.statistics.bootstrap import band, resample
from models.statistics.prevalence import Estimate, false_alarms, missed, net_benefit, npv, ppv, share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.evidence.sample import Sample

PREVALENCES: Final = (0.03, 0.10, 0.30)
CHANCES: Final = np.arange(1, 96) / 100


def prevalences(labels: NDArray[np.bool_], above: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Predictive values, misses and false alarms per 1,000 films of one threshold, at each of `PREVALENCES`.

    Films of one class give what needs that class alone.
    """
    sensitivity = share(int((labels & above).sum()), int(labels.sum()))
    specificity = share(int((~labels & ~above).sum()), int((~labels).sum()))
    return at_prevalences(sensitivity, specificity)


def at_prevalences(sensitivity: Estimate | None, specificity: Estimate | None) -> list[dict[str, Any]]:
    """As `prevalences`, of shares that are known already; None where nothing was counted."""
    both = sensitivity is not None and specificity is not None
    rows = []
    for prevalence in PREVALENCES:
        row: dict[str, Any] = {"prevalence": prevalence}
        row |= _written("ppv", ppv(sensitivity, specificity, prevalence) if both else None)  # type: ignore[arg-type]
        row |= _written("npv", npv(sensitivity, specificity, prevalence) if both else None)  # type: ignore[arg-type]
        row |= _written("misses_per_1000", missed(sensitivity, prevalence) if sensitivity is not None else None)
        row |= _written(
            "false_alarms_per_1000", false_alarms(specificity, prevalence) if specificity is not None else None
        )
        rows.append(row)
    return rows


def _written(name: str, one: Estimate | None) -> dict[str, Any]:
    """A figure and its interval under its name; None where it does not exist (no film lies on that side)."""
    if one is None or math.isnan(one.value):
        return {name: None, f"{name}_ci": None}
    return {name: one.value, f"{name}_ci": list(one.interval)}


def decision_curve(sample: Sample, draws: int) -> dict[str, Any] | None:
    """Net benefit by the chance at which a film is worth putting ahead; None for films of one class.

    ``none`` puts no film ahead (first come, first served), and is 0 throughout; ``all`` puts every film ahead; ``gain``
    is what the bundle adds to the better of the two. Each has the ends of its band by patients, ``_low`` and ``_high``.
    """
    if not sample.both:
        return None
    y, p = sample.labels, sample.probabilities

    def rows(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        ours = net_benefit(y, p, CHANCES, weights)
        everything = net_benefit(y, np.ones(sample.n), CHANCES, weights)
        return np.stack([ours, everything, ours - np.maximum(everything, 0.0)], axis=1)

    low, high = band(resample(y, sample.patients, rows, draws=draws))
    found = rows(np.ones((1, sample.n)))[0]
    document: dict[str, Any] = {"chance": rounded(CHANCES), "none": 0.0, "prevalence": sample.positives / sample.n}
    for number, name in enumerate(("net_benefit", "all", "gain")):
        document |= {
            name: rounded(found[number]),
            f"{name}_low": rounded(low[number]),
            f"{name}_high": rounded(high[number]),
        }
    return document


def rounded(values: NDArray[np.float64]) -> list[float]:
    """A curve as a document writes it; the sixth decimal is a thousandth of a film in a thousand."""
    return [float(value) for value in np.round(values, 6)]
