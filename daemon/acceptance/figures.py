"""What an operating point gives on cases of a site, with intervals; pure, and seeded.

Intervals of unweighted cases are Wilson's (AUC: Newcombe's), and where patients have several films also those of a
bootstrap over patients; the wider end counts on either side. Blind cases are weighted by the chance that each was drawn
by: then intervals are those of `daemon.review.rates`, and the AUC's is a bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from daemon.review.rates import Rate, drawn_share
from models.population import Policy
from models.statistics.bootstrap import interval, resample
from models.statistics.metrics import auc_interval_by_films, share_interval, wilson
from models.statistics.prevalence import Estimate, missed, ppv
from models.statistics.ranking import Ranking
from models.statistics.reweighting import calibration_error_at, calibration_interval_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from daemon.acceptance.cases import Cases
    from models.operating_points import OperatingPoint

DRAWS: Final = 1000
ORDERED: Final = "there is no threshold: the bundle only orders this population"


@dataclass(frozen=True, slots=True)
class Called:
    """What a point, or several that were fitted in turn, make of cases; all (n,).

    Attributes:
        ahead: at or above the operating point.
        first: in the band `first`.
        probabilities: at one prevalence.
        banded: False where the population is only ordered: no band begins anywhere.
    """

    ahead: NDArray[np.bool_]
    first: NDArray[np.bool_]
    probabilities: NDArray[np.float64]
    banded: bool = True


@dataclass(frozen=True, slots=True)
class Figures:
    """How a point does on cases.

    Attributes:
        n, positives, patients: that the figures rest on.
        sensitivity, specificity: of the operating point.
        first_sensitivity, first_specificity: of the band `first`.
        calibration_error: expected, of probabilities at `prevalence` with the cases weighted to it; its interval.
    """

    n: int
    positives: int
    patients: int
    sensitivity: Rate
    specificity: Rate
    first_sensitivity: Rate
    first_specificity: Rate
    auc: Rate
    calibration_error: float
    calibration_error_ci: tuple[float, float]
    prevalence: float


def called_by(point: OperatingPoint, cases: Cases, prevalence: float) -> Called:
    """What a point makes of cases, probabilities at a prevalence."""
    return Called(
        cases.logits >= point.threshold,
        cases.logits >= point.first_threshold,
        np.array([point.calibration.probability(float(logit), prevalence) for logit in cases.logits]),
        point.policy is Policy.BANDED,
    )


def figures_of(cases: Cases, called: Called, prevalence: float, *, draws: int = DRAWS) -> Figures:
    """All figures.

    Args:
        cases: of both classes.
        called: each, by a point that no case of its patient has chosen.
        prevalence: that the probabilities hold at.
        draws: of patients.
    """
    y = cases.labels
    error = calibration_error_at(y, called.probabilities, prevalence, among=cases.weights)
    between = calibration_interval_at(
        y, called.probabilities, cases.patients, prevalence, among=cases.weights, draws=draws
    )
    return Figures(
        n=cases.n,
        positives=cases.positives,
        patients=len(set(cases.patients)),
        sensitivity=_rate(cases, called.ahead, y, called.banded, draws),
        specificity=_rate(cases, ~called.ahead, ~y, called.banded, draws),
        first_sensitivity=_rate(cases, called.first, y, called.banded, draws),
        first_specificity=_rate(cases, ~called.first, ~y, called.banded, draws),
        auc=_auc(cases, draws),
        calibration_error=error,
        calibration_error_ci=between,
        prevalence=prevalence,
    )


def prevalence_of(cases: Cases) -> Rate:
    """The share of pneumonia among the cases: the site's own only where they were drawn from all that it sees."""
    return share(cases, cases.labels, np.ones(cases.n, bool))


def share(cases: Cases, hit: NDArray[np.bool_], among: NDArray[np.bool_], draws: int = DRAWS) -> Rate:
    """A share of some cases, (n,) each, with its interval."""
    rest = int(among.sum())
    if cases.strata is not None:
        # The same cases, the same figures: a seed of its own for each share.
        return drawn_share(cases.strata, cases.weights, hit, among, np.random.default_rng(0))
    if not rest:
        return Rate(0, why="there is no such case")
    found = int((hit & among).sum())
    low, high = wilson(found, rest)
    if cases.clustered:
        between = share_interval(hit, among, cases.labels, cases.patients, draws=draws)
        if between is not None:
            low, high = min(low, between[0]), max(high, between[1])
    return Rate(rest, found / rest, low, high)


def _rate(cases: Cases, hit: NDArray[np.bool_], among: NDArray[np.bool_], banded: bool, draws: int) -> Rate:
    return share(cases, hit, among, draws) if banded else Rate(int(among.sum()), why=ORDERED)


def _auc(cases: Cases, draws: int) -> Rate:
    ranking = Ranking(cases.labels, cases.logits)
    found = float(ranking.auc(cases.weights[None, :])[0])
    ends = []
    if cases.strata is None:
        ends.append(auc_interval_by_films(cases.labels, cases.logits))
    if cases.clustered or cases.strata is not None:
        drawn = resample(cases.labels, cases.patients, lambda w: ranking.auc(w * cases.weights), draws=draws)
        ends.append(interval(drawn))
    return Rate(cases.n, found, min(low for low, _ in ends), max(high for _, high in ends))


def worth(sensitivity: Mapping[str, Any], specificity: Mapping[str, Any], prevalence: float) -> dict[str, Any] | None:
    """What two shares with their intervals mean at a prevalence: PPV, misses in 1,000 films; None if one is unknown.

    Args:
        sensitivity, specificity: `value`, `low` and `high`, as a `Rate` is written.
        prevalence: above 0 and below 1.
    """
    if sensitivity["value"] is None or specificity["value"] is None:
        return None
    found, spared = (Estimate(each["value"], (each["low"], each["high"])) for each in (sensitivity, specificity))
    predictive, misses = ppv(found, spared, prevalence), missed(found, prevalence)
    return {
        "prevalence": prevalence,
        "ppv": predictive.value,
        "ppv_ci": list(predictive.interval),
        "misses_per_1000": misses.value,
        "misses_per_1000_ci": list(misses.interval),
    }
