"""What a logit means by the bundle that gave it: band, policy, and probability at a stated prevalence; pure."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from daemon.triage.order import Band
from models.bundle import GroupPolicy, OperatingPoint
from models.operating_points import point_of_group
from models.population import AgeGroup, Policy, Population, group_of

Site = Mapping[Population | None, float]
"""The share of pneumonia at the site, as far as it was set; under None: among films of which nobody knows whose."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One logit, judged.

    Attributes:
        probability: 0..1, at `prevalence`.
        prevalence: the site's where it is set, else that of the films which the bundle was calibrated on.
        accepted: whether the site accepted the bundle for such films, and that holds.
    """

    band: Band
    policy: Policy
    probability: float
    prevalence: float
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What the logits of one bundle are judged by.

    Attributes:
        points: of every group, and under None where nobody said who is on the film.
        site: changes what is shown as a probability, never a band or an order.
        accepted: the populations that the site accepted the bundle for; None is among them where that is all of them.
    """

    points: Mapping[AgeGroup | None, OperatingPoint]
    site: Site
    accepted: AbstractSet[Population | None] = frozenset()

    def judged(self, logit: float, population: Population | None, age_years: float | None) -> Judged:
        """A finite logit of a film.

        Args:
            logit: that the bundle gave.
            population: of the film as the store keeps it, which took it from the age where there is one.
            age_years: tells the groups apart that no population is for.
        """
        point = self.points[group_of(age_years if population is None else None, population)]
        curve = point.calibration
        prevalence = self.site.get(population, curve.prevalence)
        probability, accepted = curve.probability(logit, prevalence), population in self.accepted
        return Judged(band_of(logit, point), point.policy, probability, prevalence, accepted)


def rules_of(
    points: Mapping[Population, OperatingPoint],
    policies: Mapping[AgeGroup, GroupPolicy] | None = None,
    site: Site | None = None,
    accepted: AbstractSet[Population | None] = frozenset(),
) -> Rules:
    """The rules of a bundle.

    Args:
        points: its operating points.
        policies: what it says of age groups; None or empty where it says nothing.
        site: the site's prevalences; None or empty: none is set.
        accepted: see `Rules`.
    """
    groups = (None, *AgeGroup)
    return Rules({group: point_of_group(points, policies or {}, group) for group in groups}, site or {}, accepted)


def band_of(logit: float, point: OperatingPoint) -> Band:
    """The band of a logit: both thresholds belong to the band above them, `in_turn` lies below the operating point.

    Where a population is only ordered, that is `next`, whatever the logit.
    """
    if point.policy is not Policy.BANDED:
        return Band.NEXT
    if logit >= point.first_threshold:
        return Band.FIRST
    return Band.NEXT if logit >= point.threshold else Band.IN_TURN
