"""Rules that turn logits under many conditions into one threshold; every rule that was tried, and the one that is used.

A condition's *own* threshold is the highest that keeps the promised sensitivity there: what its ranking could give. A
threshold for all conditions gives away sensitivity where the logits drifted down, and specificity where they drifted
up. `trainer.points.study` tries the rules on films and conditions that did not choose, and
``docs/decisions/2026-11-25-operating-points.md`` shows what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from models.statistics.bootstrap import weightings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trainer.points.shifted import Shifted

SHORT: Final = 0.02  # sensitivity below the promise that the issue allows: one unit of regret
LOST: Final = 0.1  # share of the specificity that the ranking could have given that it allows: one unit of regret
MOST: Final = 1.0 / LOST  # regret: all specificity lost, or a fifth of the pneumonia missed; beyond it nothing is saved
GRID: Final = 400  # thresholds that the regret is looked at, at equal shares of all logits
DRAWS: Final = 200  # of patients, for the quantile that is a mean over draws


class Rule(StrEnum):
    """How a threshold comes about; the value is what tables call it."""

    CLEAN = "clean quantile"
    POOLED = "pooled quantile"
    HALVES = "pooled quantile, clean films half"
    MEAN = "mean of own thresholds"
    MEDIAN = "median of own thresholds"
    WORST_REGRET = "least worst regret"
    MEAN_REGRET = "least mean regret"
    DRAWN = "clean quantile, mean over draws of patients"
    NORMAL = "mean of normal quantiles"


RULE: Final = Rule.MEAN_REGRET  # what bundles are made by


def quantile(values: NDArray[np.float64], share: float, weights: NDArray[np.float64] | None = None) -> float:
    """The highest threshold at or above which lies at least that share of the weight.

    Args:
        values: of the films that are to be found, in any order; at least one.
        share: above 0 and up to 1.
        weights: above 0; None: all alike.
    """
    order = np.argsort(-values, kind="stable")
    w = np.ones(values.size) if weights is None else weights[order]
    reached = np.cumsum(w) / w.sum()
    return float(values[order[min(int(np.searchsorted(reached, share - 1e-9)), values.size - 1)]])


def own(rows: NDArray[np.float64], labels: NDArray[np.bool_], sensitivity: float) -> NDArray[np.float64]:
    """Each condition's own threshold, (conditions,)."""
    return np.asarray([quantile(row[labels], sensitivity) for row in rows])


def specificity(row: NDArray[np.float64], labels: NDArray[np.bool_], threshold: float) -> float:
    """Share of the films without pneumonia below a threshold."""
    return float(np.mean(row[~labels] < threshold))


def regrets(films: Shifted, sensitivity: float, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each threshold gives away under each condition, (conditions, thresholds), in units of what is allowed.

    The larger of the sensitivity that is missing to the promise, by `SHORT`, and the specificity that is missing to
    what the condition's own threshold gives, as a share of that and by `LOST`; from 0 to `MOST`, so that one condition
    under which nothing is found any more cannot take the specificity of all others.
    """
    y = films.labels
    table = np.empty((films.logits.shape[0], thresholds.size))
    for number, (row, best) in enumerate(zip(films.logits, own(films.logits, y, sensitivity), strict=True)):
        found = 1.0 - np.searchsorted(np.sort(row[y]), thresholds) / y.sum()
        spared = np.searchsorted(np.sort(row[~y]), thresholds) / (~y).sum()
        possible = max(specificity(row, y, best), 1e-9)
        table[number] = np.maximum(np.maximum(sensitivity - found, 0.0) / SHORT, (possible - spared) / possible / LOST)
    return np.clip(table, 0.0, MOST)


def _grid(films: Shifted) -> NDArray[np.float64]:
    return np.unique(np.quantile(films.logits, np.linspace(0.0, 1.0, GRID)))


def _least(grid: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Where a summary of the regret is least; of several such places the middle one."""
    best = grid[found <= found.min() + 1e-9]
    return float(best[best.size // 2])


_SUMMARIES: Final[Mapping[Rule, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = {
    Rule.WORST_REGRET: lambda table: table.max(axis=0),
    Rule.MEAN_REGRET: lambda table: table.mean(axis=0),
}


def _shares(films: Shifted, clean: float) -> NDArray[np.float64]:
    """Weights of every positive's logit, clean films together having that share."""
    conditions = films.logits.shape[0]
    each = np.full(conditions, (1.0 - clean) / max(1, conditions - 1))
    each[0] = clean if conditions > 1 else 1.0
    return np.repeat(each, films.positives)


def _pooled(films: Shifted, sensitivity: float, clean: float) -> float:
    return quantile(films.logits[:, films.labels].ravel(), sensitivity, _shares(films, clean))


def _normal(films: Shifted, sensitivity: float) -> float:
    """Of each condition the quantile of a normal curve through mean and spread of its positives; the mean of those."""
    from statistics import NormalDist

    z = NormalDist().inv_cdf(1.0 - sensitivity)
    found = films.logits[:, films.labels]
    return float(np.mean(found.mean(axis=1) + z * found.std(axis=1)))


def _drawn(films: Shifted, sensitivity: float) -> float:
    """The mean of the clean quantile over draws of patients, which hangs on several films and not on one."""
    y = films.labels
    patients: Sequence[str] = [films.patients[i] for i in np.flatnonzero(y)]
    order = np.argsort(-films.clean[y], kind="stable")
    values, total = films.clean[y][order], []
    for weights in weightings(y[y], patients, draws=DRAWS):
        reached = np.cumsum(weights[:, order], axis=1)
        at = (reached >= (sensitivity - 1e-9) * reached[:, -1:]).argmax(axis=1)
        total.append(values[at])
    return float(np.concatenate(total).mean())


_RULES: Final[Mapping[Rule, Callable[[Shifted, float], float]]] = {
    Rule.CLEAN: lambda films, s: quantile(films.clean[films.labels], s),
    Rule.POOLED: lambda films, s: _pooled(films, s, 1.0 / films.logits.shape[0]),
    Rule.HALVES: lambda films, s: _pooled(films, s, 0.5),
    Rule.MEAN: lambda films, s: float(own(films.logits, films.labels, s).mean()),
    Rule.MEDIAN: lambda films, s: float(np.median(own(films.logits, films.labels, s))),
    Rule.DRAWN: _drawn,
    Rule.NORMAL: _normal,
}


def threshold_by(rule: Rule, films: Shifted, sensitivity: float) -> float:
    """The threshold that a rule takes from films of both classes under their conditions, for a promised sensitivity."""
    return thresholds_by(rule, films, [np.arange(len(films.conditions))], sensitivity)[0]


def thresholds_by(rule: Rule, films: Shifted, choices: Sequence[NDArray[np.intp]], sensitivity: float) -> list[float]:
    """The threshold that a rule takes from each of several choices of conditions (rows; the clean one is in each).

    The regret is worked out once for all choices, which makes trying a rule twenty times as quick. What a condition
    that is not in a choice does to it is to place the thresholds that are looked at: `GRID` of them, close together.
    """
    if rule not in _SUMMARIES:
        return [_RULES[rule](films.under([films.conditions[i] for i in rows]), sensitivity) for rows in choices]
    grid = _grid(films)
    table = regrets(films, sensitivity, grid)
    return [_least(grid, _SUMMARIES[rule](table[rows])) for rows in choices]
