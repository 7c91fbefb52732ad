"""Tries rules for a threshold on patients and corruptions that did not choose it, and says what each gave away; pure.

For every fold of patients and every corruption (with all its severities) a threshold is chosen on the other folds under
the other conditions, and films of the fold are judged by it under the corruption; clean films by what the other folds
chose under all conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trainer.points.rules import LOST, SHORT, Rule, own, specificity, thresholds_by
from trainer.points.shifted import CLEAN, Shifted, folds, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Tried:
    """One threshold, or one a fold, on films of one condition that did not choose it.

    Attributes:
        condition: under which it was tried.
        sensitivity: that was found.
        specificity: against films called normal.
        possible: the specificity at the condition's own threshold for the promise.
    """

    condition: str
    sensitivity: float
    specificity: float
    possible: float

    @property
    def share(self) -> float:
        """Specificity as a share of what the ranking could have given; 1 where it could give none."""
        return self.specificity / self.possible if self.possible > 0 else 1.0

    def kept(self, promise: float) -> bool:
        """Whether it missed the promise by no more than is allowed, and gave away no more specificity than that."""
        return self.sensitivity >= promise - SHORT - 1e-9 and self.share >= 1.0 - LOST - 1e-9


def tried(rule: Rule, films: Shifted, promise: float, *, number: int = FOLDS) -> list[Tried]:
    """A rule on every condition, cross-validated by patient and by corruption."""
    return judged(films, held_thresholds(rule, films, promise, number=number), promise)


def held_thresholds(rule: Rule, films: Shifted, promise: float, *, number: int = FOLDS) -> NDArray[np.float64]:
    """The thresholds by which films are judged that did not choose them, (conditions, films).

    Raises:
        TrainerError: there are fewer patients than folds.
    """
    fold = folds(films.patients, number)
    kinds = np.asarray([kind_of(name) for name in films.conditions])
    names = list(dict.fromkeys(kinds))
    choices = [np.flatnonzero((kinds != name) | (name == CLEAN)) for name in names]
    thresholds = np.empty_like(films.logits)
    for k in range(number):
        for name, chosen in zip(names, thresholds_by(rule, films.films(fold != k), choices, promise), strict=True):
            thresholds[np.ix_(np.flatnonzero(kinds == name), np.flatnonzero(fold == k))] = chosen
    return thresholds


def judged(films: Shifted, thresholds: NDArray[np.float64], promise: float) -> list[Tried]:
    """Each condition by thresholds that broadcast to (conditions, films)."""
    y, above = films.labels, films.logits >= thresholds
    best = own(films.logits, y, promise)
    return [
        Tried(name, float(hit[y].mean()), float((~hit[~y]).mean()), specificity(row, y, threshold))
        for name, hit, row, threshold in zip(films.conditions, above, films.logits, best, strict=True)
    ]


def summary(rows: Iterable[Tried], promise: float) -> dict[str, Any]:
    """What a rule gave on clean films, and over the corruptions."""
    found = list(rows)
    clean = next(row for row in found if row.condition == CLEAN)
    shifted = [row for row in found if row.condition != CLEAN] or [clean]
    worst = min(shifted, key=lambda row: row.sensitivity)
    dearest = min(shifted, key=lambda row: row.share)
    return {
        "clean": {"sensitivity": clean.sensitivity, "specificity": clean.specificity, "share": clean.share},
        "conditions": len(shifted),
        "kept": sum(row.kept(promise) for row in shifted),
        "sensitivity": float(np.mean([row.sensitivity for row in shifted])),
        "off": float(np.mean([abs(row.sensitivity - promise) for row in shifted])),
        "share": float(np.mean([row.share for row in shifted])),
        "worst_sensitivity": {"condition": worst.condition, "value": worst.sensitivity},
        "worst_share": {"condition": dearest.condition, "value": dearest.share},
    }


def study(films: Shifted, promise: float, *, number: int = FOLDS) -> dict[Rule, dict[str, Any]]:
    """Every rule on films of trusted labels."""
    return {rule: summary(tried(rule, films, promise, number=number), promise) for rule in Rule}
