"""Whether a bundle is accepted for a population on a site's own cases: the rule, written down; pure.

All of these must hold (``docs/decisions/2026-11-25-site-acceptance.md`` says why):

1. the lower limit of the sensitivity at the operating point reaches the site's limit (a population that is only ordered
   has no operating point, and this does not count);
2. the lower limit of the AUC reaches its limit: a threshold that finds everything calls everything, and orders nothing;
3. of the films with pneumonia at most so large a share got no score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.population import Policy, Population

if TYPE_CHECKING:
    from daemon.acceptance.figures import Figures
    from daemon.review.rates import Rate


@dataclass(frozen=True, slots=True)
class Limits:
    """The site's limits, 0..1.

    Attributes:
        sensitivity: that the lower limit of the interval must reach, by population.
        auc: likewise.
        refused: the largest share of films with pneumonia that got no score.
    """

    sensitivity: Mapping[Population, float]
    auc: float
    refused: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Accepted or not; `reasons` are sentences: what was not kept, or what was."""

    accepted: bool
    reasons: tuple[str, ...]


def decide(population: Population, policy: Policy, figures: Figures, unscored: Rate | None, limits: Limits) -> Decision:
    """Apply the rule.

    Args:
        population, policy: of the point that was judged.
        figures: of that point, cross-validated where it was fitted on these cases.
        unscored: the share of films with pneumonia that were refused or failed; None where nobody can tell.
        limits: the site's.
    """
    kept, broken = list[str](), list[str]()

    def check(name: str, rate: Rate, least: float) -> None:
        if rate.low is None:
            broken.append(f"the {name} is unknown: {rate.why}")
            return
        reached = rate.low >= least
        words = f"the lower limit of the {name} is {rate.low:.3f}, and at least {least:g} is needed"
        (kept if reached else broken).append(words)

    if policy is Policy.BANDED:
        check("sensitivity", figures.sensitivity, limits.sensitivity[population])
    check("AUC", figures.auc, limits.auc)
    if unscored is not None and unscored.value is not None:
        words = f"{unscored.value:.3f} of the films with pneumonia got no score, and at most {limits.refused:g} may"
        (kept if unscored.value <= limits.refused else broken).append(words)
    return Decision(not broken, tuple(broken or kept))
