"""Two bundles on the same films: what differs, and whether chance would do as much; pure.

Every difference is the first bundle's figure less the second's. Each bundle is judged at its own operating points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.statistics.bootstrap import interval, resample
from models.statistics.metrics import wilson
from trainer.evidence.curves import curves, reliability
from trainer.evidence.sample import Sample, judged_apart, sample_of
from trainer.statistics.pairing import Difference, auc_difference, delong, mcnemar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.bundle import OperatingPoint
    from models.population import Population
    from trainer.evidence.scoring import Scored


def side_by_side(
    first: Sequence[Scored],
    second: Sequence[Scored],
    first_points: Mapping[Population, OperatingPoint],
    second_points: Mapping[Population, OperatingPoint],
    draws: int,
) -> dict[str, Any]:
    """Both bundles on the films that both scored, and the paired tests, by population.

    Returns:
        ``n``, ``positives``, ``patients``, ``only_one`` (films that one of them did not score) and ``groups``.
    """
    others = {s.film.path: s for s in second}
    both = [s for s in first if s.film.path in others]
    groups = {}
    for name, some in judged_apart(both).items():
        a = sample_of(some, first_points)
        b = sample_of([others[s.film.path] for s in some], second_points)
        groups[name] = _paired(a, b, draws)
    return {
        **sample_of(both, first_points).counts(),
        "only_one": len(first) + len(second) - 2 * len(both),
        "groups": groups,
    }


def _paired(a: Sample, b: Sample, draws: int) -> dict[str, Any]:
    return {
        **a.counts(),
        "first": _alone(a, draws),
        "second": _alone(b, draws),
        "auc": _auc(a, b, draws),
        "thresholds": {
            name: {
                "sensitivity": _proportion(a, ahead, b.above()[name], a.labels, draws),
                "specificity": _proportion(a, ~ahead, ~b.above()[name], ~a.labels, draws),
            }
            for name, ahead in a.above().items()
        },
    }


def _alone(sample: Sample, draws: int) -> dict[str, Any]:
    """One of the two, as far as the table and the chart show it."""
    calibration = reliability(sample, draws)
    return {**curves(sample, draws), **{key: calibration[key] for key in ("ece", "ece_ci", "brier", "brier_ci")}}


def _auc(a: Sample, b: Sample, draws: int) -> dict[str, Any] | None:
    if not a.both:
        return None
    drawn = auc_difference(a.labels, a.logits, b.logits, a.patients, draws=draws)
    enough = min(a.positives, a.n - a.positives) >= 2
    return {
        "bootstrap": _written(drawn),
        "delong": _written(delong(a.labels, a.logits, b.logits)) if enough else None,
    }


def _written(one: Difference) -> dict[str, Any]:
    return {"difference": one.value, "difference_ci": list(one.interval), "p": one.p}


def _proportion(
    sample: Sample,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    among: NDArray[np.bool_],
    draws: int,
) -> dict[str, Any] | None:
    """Both shares of some films, their difference by patients, and McNemar's test; None without such films."""
    n = int(among.sum())
    if not n:
        return None
    test = mcnemar(first[among], second[among])
    gap = (first.astype(float) - second.astype(float)) * among
    weight = among.astype(float)

    def drawn(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):
            differences: NDArray[np.float64] = (weights @ gap) / (weights @ weight)
        return differences

    of_first, of_second = int((first & among).sum()), int((second & among).sum())
    return {
        "n": n,
        "first": of_first / n,
        "first_ci": list(wilson(of_first, n)),
        "second": of_second / n,
        "second_ci": list(wilson(of_second, n)),
        "difference": (of_first - of_second) / n,
        "difference_ci": list(interval(resample(sample.labels, sample.patients, drawn, draws=draws))),
        "only_first": test.only_first,
        "only_second": test.only_second,
        "p": test.p,
    }
