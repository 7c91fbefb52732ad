"""The few figures that every part of the evidence is made of, each with its interval; pure.

Of films of one class, what needs both is None; so is everything of no films.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.statistics.metrics import (
    auc,
    auc_interval,
    auc_interval_by_films,
    brier,
    calibration_error,
    calibration_interval,
    mean_interval,
    share_interval,
    squared_errors,
    wilson,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trainer.evidence.sample import Sample


def discrimination(sample: Sample, draws: int) -> dict[str, Any]:
    """AUC and its intervals by patients and by films; None where the films are of one class."""
    if not sample.both:
        return {"auc": None, "auc_ci": None, "auc_ci_films": None}
    between = auc_interval(sample.labels, sample.logits, sample.patients, draws=draws)
    return {
        "auc": auc(sample.labels, sample.logits),
        "auc_ci": list(between),
        "auc_ci_films": list(auc_interval_by_films(sample.labels, sample.logits)),
    }


def calibration(sample: Sample, draws: int) -> dict[str, Any]:
    """Expected calibration error and Brier score, each with its interval by patients."""
    if not sample.n:
        return {"ece": None, "ece_ci": None, "brier": None, "brier_ci": None}
    y, p, patients = sample.labels, sample.probabilities, sample.patients
    return {
        "ece": calibration_error(y, p),
        "ece_ci": list(calibration_interval(y, p, patients, draws=draws)),
        "brier": brier(y, p),
        "brier_ci": list(mean_interval(squared_errors(y, p), y, patients, draws=draws)),
    }


def confusion(sample: Sample, above: NDArray[np.bool_], draws: int) -> dict[str, Any]:
    """The four counts, and the intervals of both shares with patients drawn instead of films counted."""
    y = sample.labels
    between = {
        "sensitivity_ci_patients": share_interval(above, y, y, sample.patients, draws=draws),
        "specificity_ci_patients": share_interval(~above, ~y, y, sample.patients, draws=draws),
    }
    return {
        "true_positives": int((y & above).sum()),
        "false_negatives": int((y & ~above).sum()),
        "false_positives": int((~y & above).sum()),
        "true_negatives": int((~y & ~above).sum()),
        **{key: list(ends) if ends is not None else None for key, ends in between.items()},
    }


def share(name: str, counted: int, among: int) -> dict[str, Any]:
    """A proportion and its Wilson interval under its name; None where nothing was counted."""
    value = counted / among if among else None
    return {name: value, f"{name}_ci": list(wilson(counted, among)) if among else None}


def shares(sample: Sample, above: NDArray[np.bool_], prefix: str = "") -> dict[str, Any]:
    """Sensitivity and specificity with Wilson intervals (films, not patients, are counted)."""
    y = sample.labels
    return {
        **share(f"{prefix}sensitivity", int((y & above).sum()), sample.positives),
        **share(f"{prefix}specificity", int((~y & ~above).sum()), sample.n - sample.positives),
    }
