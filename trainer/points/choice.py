"""An operating point from held-out films, clean and shifted: thresholds, calibration, and what they give; pure.

The figures are cross-validated: films were judged by thresholds that other patients chose, under corruptions that did
not choose either (`trainer.points.study`); the thresholds that are stored come from all films and conditions. Films of
mined labels choose nothing and are in no figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.bundle import OperatingPoint
from models.promises import SENSITIVITY
from models.statistics.bootstrap import DRAWS
from trainer.points.calibration import STORED, calibration_figures, fit_curve, held_out
from trainer.points.first import first_threshold, mirrored
from trainer.points.rules import RULE, Rule, threshold_by
from trainer.points.study import held_thresholds, judged, summary
from trainer.points.trial import trial_figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.population import Population
    from trainer.points.shifted import Shifted

SHIFTED_DRAWS: Final = 200  # of patients, where every draw draws films under all conditions


def choose_point(
    population: Population,
    films: Shifted,
    *,
    rule: Rule = RULE,
    evidence: Mapping[str, Any] | None = None,
    draws: int = DRAWS,
) -> OperatingPoint:
    """The operating point of a population, with its evidence.

    Args:
        population: whose promise is made.
        films: held-out films of it; those of mined labels are left alone.
        rule: by which both thresholds are chosen.
        evidence: what else is to stand in the point's evidence, such as the command that shows it.
        draws: of patients.

    Returns:
        Its evidence has, beside what was given: ``rule``, ``promise``, ``first_promise`` (None: `next` is empty),
        ``n``, ``positives``, ``patients``, ``conditions``, ``next_or_first`` and ``first`` (each ``clean`` and
        ``shifted``, as `shares_under`), ``under_shift`` (as `summary`) and ``calibration``.

    Raises:
        TrainerError: a class is absent, the logits do not rise with the label, or there are too few patients.
    """
    some, promise = films.trusted(), SENSITIVITY[population]
    calibration = fit_curve(some, STORED)
    threshold = threshold_by(rule, some, promise)
    first = first_threshold(rule, some, threshold)
    lower = held_thresholds(rule, some, promise)
    upper = lower
    if first.specificity is not None:
        upper = np.maximum(lower, -held_thresholds(rule, mirrored(some), first.specificity))
    found = {
        **(evidence or {}),
        "rule": rule.value,
        "promise": promise,
        "first_promise": first.specificity,
        "n": some.n,
        "positives": some.positives,
        "patients": len(set(some.patients)),
        "conditions": len(some.conditions),
        "next_or_first": trial_figures(some, some.logits >= lower, draws),
        "first": trial_figures(some, some.logits >= upper, draws),
        "under_shift": summary(judged(some, lower, promise), promise),
        "calibration": calibration_figures(some, held_out(some), draws=min(draws, SHIFTED_DRAWS)),
    }
    return OperatingPoint(population, threshold, first.threshold, calibration, found)
