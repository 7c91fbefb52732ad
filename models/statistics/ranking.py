"""Everything that a cut through films ranked by score gives, for many weightings of the films at once; pure numpy.

A weighting says how often each film was drawn, so that a bootstrap needs one sort in all, not one a draw. Films of
equal score are cut together: between them there is no threshold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Values = NDArray[np.float64]


class Ranking:
    """Films by falling score; each method takes weights (weightings, films) in the films' own order."""

    def __init__(self, labels: ArrayLike, scores: ArrayLike) -> None:
        y, s = np.asarray(labels, bool), np.asarray(scores, np.float64)
        self._order: Final = np.argsort(-s, kind="stable")
        self._y: Final = y[self._order].astype(np.float64)
        ordered = s[self._order]
        self._ends: Final = np.flatnonzero(np.append(np.diff(ordered) != 0, bool(y.size)))
        self.thresholds: Final[Values] = ordered[self._ends]  # falling; a film at a threshold lies above the cut

    @property
    def once(self) -> Values:
        """Every film once: the one weighting that is the data themselves, (1, films)."""
        return np.ones((1, self._y.size))

    def above(self, weights: Values) -> tuple[Values, Values]:
        """Films with and without pneumonia at or above each threshold, (weightings, thresholds) each."""
        w = weights[:, self._order]
        positives = np.cumsum(w * self._y, axis=1)[:, self._ends]
        return positives, np.cumsum(w, axis=1)[:, self._ends] - positives

    def auc(self, weights: Values) -> Values:
        """Area under the ROC curve (Mann-Whitney, ties count half), (weightings,); NaN where a class has no weight."""
        tp, fp = self.above(weights)
        steps, before = np.diff(tp, axis=1, prepend=0.0), np.hstack([np.zeros((len(fp), 1)), fp[:, :-1]])
        below = fp[:, -1:] - (before + fp) / 2
        with np.errstate(invalid="ignore"):
            area: Values = (steps * below).sum(axis=1) / (tp[:, -1] * fp[:, -1])
        return area

    def average_precision(self, weights: Values) -> Values:
        """Mean precision over the steps of recall, without interpolation, (weightings,); NaN without a positive."""
        tp, fp = self.above(weights)
        steps = np.diff(tp, axis=1, prepend=0.0)
        with np.errstate(invalid="ignore"):
            average: Values = (steps * _precision(tp, fp)).sum(axis=1) / tp[:, -1]
        return average

    def sensitivity_at(self, weights: Values, false_alarm_rates: Values) -> Values:
        """The ROC curve, straight between its points, at rates of 0..1, (weightings, rates)."""
        tp, fp = self.above(weights)
        with np.errstate(invalid="ignore"):
            x, y = fp / fp[:, -1:], tp / tp[:, -1:]
        rows = [np.interp(false_alarm_rates, np.append(0.0, a), np.append(0.0, b)) for a, b in zip(x, y, strict=True)]
        return np.stack(rows)

    def precision_at(self, weights: Values, recalls: Values) -> Values:
        """Precision at the highest threshold that reaches each recall, above 0 and up to 1, (weightings, recalls)."""
        tp, fp = self.above(weights)
        precision = _precision(tp, fp)
        rows = []
        for reached, values in zip(tp, precision, strict=True):
            found = np.searchsorted(reached, recalls * reached[-1] - 1e-9)
            rows.append(values[np.minimum(found, values.size - 1)])
        return np.stack(rows)


def _precision(tp: Values, fp: Values) -> Values:
    """1 where nothing lies above the cut: nothing was called wrongly."""
    drawn = tp + fp
    result: Values = np.divide(tp, drawn, out=np.ones_like(tp), where=drawn > 0)
    return result
