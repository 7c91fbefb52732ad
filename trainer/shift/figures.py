"""What a group of films gives under every condition: the mean over conditions and the worst, with intervals; pure.

All intervals are of one bootstrap over patients: a draw weighs the same films under all conditions and for both of two
networks, so that the mean, the worst and a difference are drawn as what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.statistics.bootstrap import DRAWS, Values, interval, recentred, resample
from models.statistics.metrics import wilson
from models.statistics.ranking import Ranking
from trainer.comparison.measure import specificity_at
from trainer.shift.conditions import CLEAN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.shift.groups import Group
    from trainer.shift.scoring import SuiteScores


class Figure(StrEnum):
    """What is told of a group under a condition; all are better the higher they are."""

    AUC = "auc"
    SENSITIVITY = "sensitivity"  # at the operating point
    SPECIFICITY = "specificity"  # against films called normal, at the operating point
    POSSIBLE = "specificity_possible"  # at the threshold that has the promised sensitivity under this very condition


FIGURES: Final = tuple(Figure)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The figures of one group.

    Attributes:
        conditions: by name.
        found: (figures, conditions), on the films themselves.
        draws: (draws, figures, conditions), on each draw of patients.
    """

    conditions: tuple[str, ...]
    found: Values
    draws: Values

    @property
    def changed(self) -> list[int]:
        """Places of the conditions that change a film."""
        return [i for i, name in enumerate(self.conditions) if name != CLEAN.name]


def drawn(scores: SuiteScores, group: Group, threshold: float, *, draws: int = DRAWS) -> Drawn:
    """Every figure of a group under every condition, and in every draw of patients."""
    some = scores.of(group.rows)
    labels, names = some.labels, tuple(some.logits)
    rankings = [Ranking(labels, some.logits[name]) for name in names]
    above = np.stack([some.logits[name] >= threshold for name in names]).astype(np.float64)
    sick, well = labels.astype(np.float64), (~labels).astype(np.float64)

    def statistic(weights: Values) -> Values:
        found = ((weights * sick) @ above.T) / (weights @ sick)[:, None]
        spared = ((weights * well) @ (1.0 - above).T) / (weights @ well)[:, None]
        areas = np.stack([ranking.auc(weights) for ranking in rankings], axis=1)
        possible = np.stack([specificity_at(ranking, weights, group.sensitivity) for ranking in rankings], axis=1)
        figures: Values = np.stack([areas, found, spared, possible], axis=1)  # as `FIGURES`
        return figures

    once = statistic(np.ones((1, labels.size)))[0]
    return Drawn(names, once, resample(labels, some.patients, statistic, draws=draws))


def figures(scores: SuiteScores, group: Group, of: Drawn, threshold: tuple[float, str]) -> dict[str, Any]:
    """A group's figures as they are written.

    Args:
        scores: of the films.
        group: which of them.
        of: its figures and draws.
        threshold: on the logit, and where it is from.
    """
    some = scores.of(group.rows)
    positives = int(some.labels.sum())
    return {
        "population": group.population,
        "source": group.source,
        "view": group.view,
        "n": len(some.films),
        "positives": positives,
        "patients": len(set(some.patients)),
        "threshold": threshold[0],
        "threshold_from": threshold[1],
        "promised_sensitivity": group.sensitivity,
        "conditions": {
            name: _condition(of, number, positives, len(some.films) - positives)
            for number, name in enumerate(of.conditions)
        },
        "mean": _mean(of),
        "worst": _worst(of),
    }


def _condition(of: Drawn, number: int, positives: int, negatives: int) -> dict[str, Any]:
    """Areas with intervals by patients, shares with Wilson's by films, which have a width where a share is 1."""
    counted = {Figure.SENSITIVITY: positives, Figure.SPECIFICITY: negatives}
    written: dict[str, Any] = {}
    for row, figure in enumerate(FIGURES):
        value = float(of.found[row, number])
        n = counted.get(figure)
        ends = interval(of.draws[:, row, number]) if n is None else wilson(round(value * n), n)
        written[figure.value] = value
        written[f"{figure.value}_ci"] = list(ends)
    return written


def _mean(of: Drawn) -> dict[str, Any]:
    """Over the conditions that change a film; each weighs the same."""
    written: dict[str, Any] = {}
    for row, figure in enumerate(FIGURES):
        written[figure.value] = float(of.found[row, of.changed].mean())
        written[f"{figure.value}_ci"] = list(interval(of.draws[:, row, of.changed].mean(axis=1)))
    return written


def _worst(of: Drawn) -> dict[str, Any]:
    """Of the conditions that change a film, by each figure for itself.

    The lowest of many figures falls in any draw, for whichever condition was drawn unlucky; so its draws are moved
    back by that (`bootstrap.recentred`).
    """
    written: dict[str, Any] = {}
    for row, figure in enumerate(FIGURES):
        at = of.changed[int(of.found[row, of.changed].argmin())]
        value = float(of.found[row, at])
        low, high = recentred(of.draws[:, row, of.changed].min(axis=1), value)
        written[figure.value] = value
        written[f"{figure.value}_ci"] = [low, min(1.0, high)]
        written[f"{figure.value}_condition"] = of.conditions[at]
    return written


def difference(first: Drawn, second: Drawn) -> dict[str, Any]:
    """The first network's mean, worst and clean figures less the second's, of the same films and draws.

    Returns:
        ``clean``, ``mean`` and ``worst``, of each figure the difference and its interval.
    """
    return {
        "clean": _pair(first, second, lambda drawn, row, values: values[..., row, drawn.conditions.index(CLEAN.name)]),
        "mean": _pair(first, second, lambda drawn, row, values: values[..., row, drawn.changed].mean(axis=-1)),
        "worst": _pair(first, second, lambda drawn, row, values: values[..., row, drawn.changed].min(axis=-1)),
    }


def _pair(first: Drawn, second: Drawn, take: Callable[[Drawn, int, Values], Values]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for row, figure in enumerate(FIGURES):
        found = float(take(first, row, first.found) - take(second, row, second.found))
        gaps = take(first, row, first.draws) - take(second, row, second.draws)
        written[figure.value] = found
        written[f"{figure.value}_ci"] = list(recentred(gaps, found, lowest=-1.0))
    return written


def spread(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of several networks' figures of one group, by kind and figure, the mean, the lowest and the highest."""
    kinds = {
        "clean": [row["conditions"][CLEAN.name] for row in rows],
        "mean": [row["mean"] for row in rows],
        "worst": [row["worst"] for row in rows],
    }
    return {
        "networks": len(rows),
        **{
            kind: {figure.value: _range([float(each[figure.value]) for each in some]) for figure in FIGURES}
            for kind, some in kinds.items()
        },
    }


def _range(values: Sequence[float]) -> dict[str, float]:
    return {"mean": sum(values) / len(values), "lowest": min(values), "highest": max(values)}
