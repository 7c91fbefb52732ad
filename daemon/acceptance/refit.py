"""Thresholds and calibration from a site's own cases, and what such a fit does to cases that it has not seen; pure.

The network stays as it is. The lower threshold keeps what is promised to the population, `first` begins where .95 of
the cases called normal lie below (.99 where that lies under the lower threshold, and with it where even that does),
and the probability is Platt's curve at a stated prevalence: as the trainer chooses a bundle's own points, from films as
they came. Figures of a refit are cross-validated: each case is called by a point that no case of its patient chose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.acceptance.figures import Called
from daemon.errors import DaemonError
from models.promises import SENSITIVITY, threshold_for_sensitivity
from models.statistics.logistic import fit_logistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.acceptance.cases import Cases
    from daemon.review.rates import Rate
    from models.operating_points import Calibration, OperatingPoint

FOLDS: Final = 5
DRAWS: Final = 20_000
TAILS: Final = (2.5, 97.5)  # percent
SPECIFICITIES: Final = (0.95, 0.99)  # of `first`; the first of them that lies above the lower threshold


@dataclass(frozen=True, slots=True)
class Fit:
    """Where the bands begin on a site's cases, and what a logit means there.

    Attributes:
        promise: the sensitivity that the lower threshold keeps on the cases that chose it.
        first_promise: the specificity of `first` on them; None where both bands begin together.
    """

    threshold: float
    first_threshold: float
    calibration: Calibration
    promise: float
    first_promise: float | None

    @property
    def bounds(self) -> dict[str, float]:
        """Both thresholds, under their names."""
        return {"threshold": self.threshold, "first_threshold": self.first_threshold}


def promise_of(point: OperatingPoint) -> float:
    """The sensitivity that a point was made for: what the bundle states, else what is promised to the population."""
    stated = point.evidence.get("promise")
    usable = isinstance(stated, int | float) and not isinstance(stated, bool) and 0 < stated <= 1
    return float(stated) if usable and stated is not None else SENSITIVITY[point.population]


def fit(cases: Cases, promise: float, prevalence: float) -> Fit:
    """Both thresholds and the curve, stated at a prevalence.

    Raises:
        ModelsError: a class is absent, or the logits do not rise with the label.
    """
    x, y, w = cases.logits, cases.labels, cases.weights
    calibration = fit_logistic(x, y, w, prevalence)
    threshold = threshold_for_sensitivity(x, y, promise, w)
    for specificity in SPECIFICITIES:
        # With classes and logits turned round, what finds the one class spares the other; no case lies on the edge.
        cut = -threshold_for_sensitivity(-x, ~y, specificity, w)
        if cut > threshold:
            return Fit(threshold, cut, calibration, promise, specificity)
    return Fit(threshold, threshold, calibration, promise, None)


def held_out(
    cases: Cases, promise: float, prevalence: float, *, shown_at: float, banded: bool = True, number: int = FOLDS
) -> Called:
    """Every case, called by a point that no case of its patient has chosen.

    Args:
        cases: of one population.
        promise, prevalence: as for `fit`.
        shown_at: the prevalence that probabilities are shown at.
        banded: False where the population is only ordered.
        number: of parts.

    Raises:
        ModelsError: as `fit`; also where a part of the cases lacks a class.
    """
    parts = folds(cases, number)
    ahead, first, found = np.zeros(cases.n, bool), np.zeros(cases.n, bool), np.zeros(cases.n)
    for part in range(number):
        these = parts == part
        if not these.any():
            continue
        fitted = fit(cases.of(~these), promise, prevalence)
        logits = cases.logits[these]
        ahead[these], first[these] = logits >= fitted.threshold, logits >= fitted.first_threshold
        found[these] = [fitted.calibration.probability(float(logit), shown_at) for logit in logits]
    return Called(ahead, first, found, banded)


def with_own_luck(rate: Rate, chosen: NDArray[np.bool_]) -> Rate:
    """A cross-validated share with the luck of the threshold that is applied, which none of the parts had.

    A threshold that stands at the k-th of n values keeps a share of all values to come that is distributed as Beta(k,
    n - k + 1) (Wilks 1941). The wider end counts. Over 600 made sites of 100 and 300 films each, with promises of .95
    and .98, 97 to 98 % of such intervals hold the sensitivity of the threshold; of Wilson's alone 90.5 to 92 % do, and
    what they miss lies mostly above.

    Args:
        rate: as figures give it; of weighted cases it stays as it is.
        chosen: of the cases that chose the threshold, whether it keeps them.
    """
    if rate.low is None or rate.high is None or not chosen.size:
        return rate
    kept, rng = int(chosen.sum()), np.random.default_rng(0)
    low = np.percentile(rng.beta(max(kept, 0.5), chosen.size - kept + 1, DRAWS), TAILS[0])
    high = np.percentile(rng.beta(kept + 1, max(chosen.size - kept, 0.5), DRAWS), TAILS[1])
    return replace(rate, low=min(rate.low, float(low)), high=max(rate.high, float(high)))


def folds(cases: Cases, number: int = FOLDS, seed: int = 0) -> NDArray[np.intp]:
    """The part of each case, (n,): a patient's are together, and every part has its share of the sick.

    Raises:
        DaemonError: fewer patients with or without pneumonia than parts.
    """
    names, owner = np.unique(np.asarray(cases.patients), return_inverse=True)
    sick = np.bincount(owner, cases.labels, names.size) > 0
    part = np.empty(names.size, np.intp)
    rng = np.random.default_rng(seed)
    for those in (np.flatnonzero(sick), np.flatnonzero(~sick)):
        if those.size < number:
            cause = f"the cases of one class are of {those.size} patients, and {number} parts are needed"
            raise DaemonError("refit", None, cause, "add cases of other patients")
        part[rng.permutation(those)] = np.arange(those.size) % number
    return part[owner]
