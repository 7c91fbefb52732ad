"""What a site's judgements of bundles mean now: accepted or not, since when, until when, by which points; pure.

A judgement holds for one bundle (by the hashes of its model and its document) and one population. The newest that was
not revoked decides; it lapses after a year, or when another bundle comes into use. What lapsed changes nothing any
more: bands and probabilities are the bundle's own again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from models.bundle import points_from_document
from models.errors import ModelsError
from models.operating_points import OperatingPoint
from models.population import Policy, Population

if TYPE_CHECKING:
    from db.acceptances import AcceptanceRow
    from db.records import BundleRow

HOLDS_FOR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a bundle from every other: the SHA-256 of its model, and of its document as the store keeps it."""

    model_sha256: str
    document_sha256: str

    @classmethod
    def of(cls, row: BundleRow | AcceptanceRow) -> Identity:
        """That of a row."""
        return cls(row.model_sha256, row.document_sha256)


class Ground(StrEnum):
    """Why a population is accepted, or is not."""

    ACCEPTED = "accepted"
    NEVER = "never-judged"
    FAILED = "judged-and-not-accepted"
    REVOKED = "revoked"
    LAPSED = "lapsed"
    OTHER_BUNDLE = "other-bundle"
    DAMAGED = "damaged"  # its refitted point cannot be read
    UNKNOWN = "unknown"  # the store could not be asked


@dataclass(frozen=True, slots=True)
class Standing:
    """How one population stands: `row` is the judgement that it rests on, `point` what was refitted and is applied."""

    ground: Ground = Ground.NEVER
    row: AcceptanceRow | None = None
    point: OperatingPoint | None = None

    @property
    def accepted(self) -> bool:
        """Whether the site accepted the bundle for it, and that holds."""
        return self.ground is Ground.ACCEPTED

    @property
    def lapses_at(self) -> datetime | None:
        """When an acceptance ends, or ended, by time alone."""
        return None if self.row is None else self.row.at + HOLDS_FOR

    @property
    def dropped(self) -> bool:
        """Whether points were refitted that are not applied any more, without anybody having taken them back."""
        ended = self.ground in (Ground.LAPSED, Ground.OTHER_BUNDLE, Ground.DAMAGED)
        return ended and self.row is not None and self.row.points is not None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How the bundle in use stands at this site, by population of the bundle; read once for all that is shown."""

    identity: Identity | None = None
    standings: Mapping[Population, Standing] = field(default_factory=dict)

    @property
    def accepted(self) -> tuple[Population, ...]:
        """The populations that it is accepted for."""
        return tuple(who for who, standing in self.standings.items() if standing.accepted)

    @property
    def whole(self) -> bool:
        """Whether it is accepted for every population that it has points for."""
        return bool(self.standings) and len(self.accepted) == len(self.standings)

    def holds_for(self, population: Population | None) -> bool:
        """Whether a film of a population is judged by what was accepted; one of an unknown population by all of it."""
        return self.whole if population is None else population in self.accepted

    def applied(
        self, points: Mapping[Population, OperatingPoint], identity: Identity
    ) -> Mapping[Population, OperatingPoint]:
        """The points of a bundle, those that the site refitted in their place; a policy is never changed by that."""
        if identity != self.identity:
            return points
        refitted = {who: standing.point for who, standing in self.standings.items() if standing.point is not None}
        return {who: merged(point, refitted.get(who)) for who, point in points.items()}


NOBODY: Final = Acceptance()
"""Nothing is known to be accepted."""


def merged(point: OperatingPoint, refitted: OperatingPoint | None) -> OperatingPoint:
    """A bundle's point with what a site refitted; where it is only ordered, no threshold makes it more than that."""
    if refitted is None:
        return point
    if point.policy is not Policy.BANDED:
        return replace(point, calibration=refitted.calibration)
    return refitted


def acceptance_of(
    rows: Iterable[AcceptanceRow],
    identity: Identity | None,
    populations: Iterable[Population],
    now: datetime,
) -> Acceptance:
    """How a bundle stands.

    Args:
        rows: every judgement of the site, the earliest first.
        identity: of the bundle in use; None where none is.
        populations: that the bundle has points for.
        now: aware.
    """
    known = list(rows)
    return Acceptance(identity, {who: standing_of(known, identity, who, now) for who in populations})


def standing_of(
    rows: Iterable[AcceptanceRow], identity: Identity | None, population: Population, now: datetime
) -> Standing:
    """How one population of a bundle stands; see `acceptance_of`."""
    of_population = [row for row in rows if row.population == population]
    if not of_population:
        return Standing()
    of_bundle = [row for row in of_population if Identity.of(row) == identity]
    if not of_bundle:
        left = [row for row in of_population if row.accepted and row.revoked_at is None]
        return Standing(Ground.OTHER_BUNDLE, left[-1]) if left else Standing()
    valid = [row for row in of_bundle if row.revoked_at is None]
    if not valid:
        return Standing(Ground.REVOKED, of_bundle[-1])
    newest = valid[-1]
    if not newest.accepted:
        return Standing(Ground.FAILED, newest)
    if now >= newest.at + HOLDS_FOR:
        return Standing(Ground.LAPSED, newest)
    if newest.points is None:
        return Standing(Ground.ACCEPTED, newest)
    try:
        return Standing(Ground.ACCEPTED, newest, point_from(newest.points, population))
    except ValueError:
        return Standing(Ground.DAMAGED, newest)


def point_from(text: str, population: Population) -> OperatingPoint:
    """A point as the store keeps it.

    Raises:
        ValueError: it is damaged.
    """
    document: Any = {"format": 1, "populations": {str(population): json.loads(text)}}
    try:
        return points_from_document(document)[population]
    except ModelsError as error:
        raise ValueError(str(error)) from error
