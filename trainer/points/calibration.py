"""The calibration of a population: one logistic curve for clean and shifted films, and how well it holds; pure.

Both classes are weighted to a stated prevalence, clean films count as much as all shifted ones together, and every
figure is of films whose patients did not fit the curve. The curve is Platt's (1999): `models.bundle.Calibration` holds
its two numbers, and beyond them nothing was needed (``docs/decisions/2026-11-25-operating-points.md``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.statistics.bootstrap import DRAWS
from models.statistics.logistic import fit_logistic
from models.statistics.reweighting import calibration_error_at, calibration_interval_at, moved
from trainer.points.shifted import Shifted, folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.bundle import Calibration

STORED: Final = 0.10  # the prevalence that a curve is stated at: what a ward that films a cough may see
MOST_CLEAN: Final = 0.03  # calibration error that the issue allows
MOST_SHIFTED: Final = 0.06
FOLDS: Final = 5


def fit_curve(films: Shifted, prevalence: float = STORED) -> Calibration:
    """The curve through clean and shifted logits of films of trusted labels.

    Raises:
        ModelsError: as `fit_logistic`.
    """
    conditions = films.logits.shape[0]
    each = np.full(conditions, 0.5 / max(1, conditions - 1))
    each[0] = 0.5
    labels = np.tile(films.labels, conditions)
    weights = np.repeat(each, films.n)
    return fit_logistic(films.logits.ravel(), labels, weights, prevalence)


def probabilities(curve: Calibration, logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """A curve on many logits of any shape."""
    found: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(curve.slope * logits + curve.intercept, -500.0, 500.0)))
    return found


def held_out(films: Shifted, prevalence: float = STORED, *, number: int = FOLDS) -> NDArray[np.float64]:
    """Probabilities of every film under every condition by a curve that its patient did not fit, (conditions, films).

    Raises:
        ModelsError: as `fit_logistic`, or there are fewer patients than folds.
    """
    fold, found = folds(films.patients, number), np.empty_like(films.logits)
    for k in range(number):
        curve = fit_curve(films.films(fold != k), prevalence)
        found[:, fold == k] = probabilities(curve, films.logits[:, fold == k])
    return found


def calibration_figures(
    films: Shifted, found: NDArray[np.float64], stated: float = STORED, *, draws: int = DRAWS
) -> list[dict[str, Any]]:
    """Calibration error on clean and on shifted films, at the stated prevalence and at 10 %, each with its verdict.

    Args:
        films: of both classes.
        found: their probabilities, (conditions, films), as `held_out` gives them.
        stated: the prevalence that the probabilities hold at.
        draws: of patients, for the intervals.
    """
    rows = []
    for prevalence in dict.fromkeys((stated, 0.10)):
        there = moved(found, stated, prevalence)
        rows.append(_row("clean", MOST_CLEAN, films, there[:1], prevalence, draws))
        if len(found) > 1:
            rows.append(_row("shifted", MOST_SHIFTED, films, there[1:], prevalence, draws))
            rows[-1] |= _each(films, there[1:], prevalence)
    return rows


def _row(
    name: str, most: float, films: Shifted, found: NDArray[np.float64], prevalence: float, draws: int
) -> dict[str, Any]:
    """All conditions of some rows together: a film of any of them is one film."""
    labels, patients = np.tile(films.labels, len(found)), films.patients * len(found)
    error = calibration_error_at(labels, found.ravel(), prevalence)
    # A draw of patients draws their films under all conditions; a thousand draws of so many films take minutes.
    between = calibration_interval_at(labels, found.ravel(), patients, prevalence, draws=draws)
    return {
        "films": name,
        "prevalence": prevalence,
        "ece": error,
        "ece_ci": list(between),
        "allowed": most,
        "kept": error <= most,
    }


def _each(films: Shifted, found: NDArray[np.float64], prevalence: float) -> dict[str, Any]:
    """The error under one condition alone: in the mean, and where it is largest.

    Drifts to either side even each other out where the conditions are taken together, and a department has one scanner
    and not fifty; but of so few films the error has an expectation of a few hundredths where the curve is true.
    """
    errors = [calibration_error_at(films.labels, row, prevalence) for row in found]
    worst = int(np.argmax(errors))
    return {
        "mean": float(np.mean(errors)),
        "worst": {"condition": films.conditions[1 + worst], "ece": errors[worst]},
    }
