"""What the bundle gave on the site's own films, and what its point is worth at the site's prevalence; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from daemon.acceptance.figures import worth
from daemon.acceptance.standing import Identity
from daemon.acceptance.words import films_of

if TYPE_CHECKING:
    from daemon.acceptance.standing import Acceptance, Standing
    from daemon.triage.rules import Site
    from models.operating_points import OperatingPoint
    from models.population import Population


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One population, as the site's newest judgement found it.

    Attributes:
        ground: why it is accepted or not.
        films: that were judged.
        sensitivity, specificity, auc: each with `value`, `low`, `high`; of the point that is in force since then.
        worth: what follows at `prevalence`; None where there is no threshold.
        prevalence_of: whose it is: the site's, or that of the films that the point was calibrated on.
    """

    population: str
    accepted: bool
    ground: str
    at: datetime
    films: int
    refitted: bool
    sensitivity: Mapping[str, Any]
    specificity: Mapping[str, Any]
    auc: Mapping[str, Any]
    worth: Mapping[str, Any] | None
    prevalence: float
    prevalence_of: str


def site_rows(acceptance: Acceptance, points: Mapping[Population, OperatingPoint], site: Site) -> tuple[SiteRow, ...]:
    """A row for each population that was judged under the bundle in use."""
    found = [_row(who, standing, acceptance, points.get(who), site) for who, standing in acceptance.standings.items()]
    return tuple(row for row in found if row is not None)


def _row(
    who: Population, standing: Standing, acceptance: Acceptance, point: OperatingPoint | None, site: Site
) -> SiteRow | None:
    row = standing.row
    if row is None or point is None or Identity.of(row) != acceptance.identity:
        return None
    prevalence = site.get(who, point.calibration.prevalence)
    try:
        judged = json.loads(row.figures)["judged"]
        sensitivity, specificity, auc = judged["sensitivity"], judged["specificity"], judged["auc"]
        return SiteRow(
            population=str(who),
            accepted=standing.accepted,
            ground=str(standing.ground),
            at=row.at,
            films=films_of(row.counts),
            refitted=row.points is not None,
            sensitivity=sensitivity,
            specificity=specificity,
            auc=auc,
            worth=worth(sensitivity, specificity, prevalence),
            prevalence=prevalence,
            prevalence_of="this site" if who in site else "the bundle's films",
        )
    except (ValueError, KeyError, TypeError):
        return None  # what a hand has changed in the database is not shown; the standing says what holds


def worth_of(point: OperatingPoint, prevalence: float) -> dict[str, Any] | None:
    """What a point's own evidence means at a prevalence; None where the bundle states no figures or no interval."""
    rates = []
    for name in ("sensitivity", "specificity"):
        value, between = point.evidence.get(name), point.evidence.get(f"{name}_ci")
        numbers = [value, *between] if isinstance(between, list | tuple) and len(between) == 2 else [None]
        if not all(isinstance(each, int | float) and 0 <= each <= 1 for each in numbers):
            return None
        rates.append(dict(zip(("value", "low", "high"), numbers, strict=True)))
    return worth(rates[0], rates[1], prevalence)
