"""Judges a bundle's point, and the same refitted, on a site's cases of one population; pure, and the same each time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from daemon.acceptance.figures import DRAWS, Figures, called_by, figures_of, prevalence_of
from daemon.acceptance.refit import Fit, fit, held_out, promise_of, with_own_luck
from daemon.acceptance.rule import Decision, Limits, decide
from models.errors import ModelsError
from models.operating_points import OperatingPoint
from models.population import Policy, Population

if TYPE_CHECKING:
    from daemon.acceptance.cases import Cases
    from daemon.review.rates import Rate


@dataclass(frozen=True, slots=True)
class Side:
    """A point, how it did on the site's cases, and what the rule says of that.

    Attributes:
        fit: what all cases together chose; None of the bundle's own point. Its figures are then cross-validated (no
            case was called by a point that its patient chose), and are the point's evidence.
    """

    point: OperatingPoint
    figures: Figures
    decision: Decision
    fit: Fit | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One population.

    Attributes:
        own: the bundle's point as it is.
        prevalence: at which probabilities, PPV and misses are stated; `set_here` where the site has set it.
        share: of pneumonia among the cases.
        refitted: the point from these cases; None where a refit was not possible, and `fault` says why.
    """

    population: Population
    prevalence: float
    set_here: bool
    share: Rate
    unscored: Rate | None
    own: Side
    refitted: Side | None
    fault: str | None


def judge(
    point: OperatingPoint,
    cases: Cases,
    unscored: Rate | None,
    limits: Limits,
    prevalence: float | None,
    *,
    draws: int = DRAWS,
) -> Judgement:
    """Everything about one population.

    Args:
        point: of the bundle.
        cases: of both classes.
        unscored: see `daemon.acceptance.rule.decide`.
        limits: the site's.
        prevalence: that the site has set; None: that of the bundle's calibration.
        draws: of patients, for intervals.
    """
    who, at = point.population, point.calibration.prevalence if prevalence is None else prevalence
    figures = figures_of(cases, called_by(point, cases, at), at, draws=draws)
    refitted, fault = None, None
    try:
        refitted = _refitted(point, cases, unscored, limits, at, draws)
    except ModelsError as error:
        fault = f"{error.cause}; {error.remedy}"
    return Judgement(
        population=who,
        prevalence=at,
        set_here=prevalence is not None,
        share=prevalence_of(cases),
        unscored=unscored,
        own=Side(point, figures, decide(who, point.policy, figures, unscored, limits)),
        refitted=refitted,
        fault=fault,
    )


def _refitted(
    point: OperatingPoint, cases: Cases, unscored: Rate | None, limits: Limits, prevalence: float, draws: int
) -> Side:
    promise = promise_of(point)
    # Stated at what the bundle's curve is stated at: where a site has set no prevalence, a refit sets none either.
    stated = point.calibration.prevalence
    called = held_out(cases, promise, stated, shown_at=prevalence, banded=point.policy is Policy.BANDED)
    figures, fitted = figures_of(cases, called, prevalence, draws=draws), fit(cases, promise, stated)
    if cases.strata is None:
        sick, well = cases.logits[cases.labels], cases.logits[~cases.labels]
        figures = replace(
            figures,
            sensitivity=with_own_luck(figures.sensitivity, sick >= fitted.threshold),
            first_specificity=with_own_luck(figures.first_specificity, well < fitted.first_threshold),
        )
    found = OperatingPoint(
        point.population, fitted.threshold, fitted.first_threshold, fitted.calibration, _evidence(figures, fitted)
    )
    merged = found if point.policy is Policy.BANDED else found.ordered()
    return Side(merged, figures, decide(point.population, point.policy, figures, unscored, limits), fitted)


def _evidence(figures: Figures, fitted: Fit) -> dict[str, object]:
    """As a bundle's point carries it, so that whatever shows a point shows this one, too."""
    rates = {"sensitivity": figures.sensitivity, "specificity": figures.specificity}
    known = {name: rate for name, rate in rates.items() if rate.value is not None}
    return {
        "promise": fitted.promise,
        "first_promise": fitted.first_promise,
        "n": figures.n,
        "positives": figures.positives,
        **{name: rate.value for name, rate in known.items()},
        **{f"{name}_ci": [rate.low, rate.high] for name, rate in known.items()},
        "part": "this site's own films, cross-validated",
    }
