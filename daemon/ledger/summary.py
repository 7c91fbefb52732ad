"""Who gained, who lost and by how much, over the studies that were read in one window; pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from daemon.ledger.places import Placed
from daemon.triage.order import Band, Urgency

if TYPE_CHECKING:
    from daemon.triage.order import QueueStudy

BLIND: Final = "blind"
OBSERVED: Final = "observed"
GROUPS: Final = (*(str(band) for band in Band), BLIND, OBSERVED)
PAID: Final = 10  # studies that are shown one by one


@dataclass(frozen=True, slots=True)
class Side:
    """Those who gained, or those who lost; how much, without a sign.

    Attributes:
        studies: at least 1.
        mean, median, p95, largest: in minutes of the clock; p95 by nearest rank.
        places: mean.
        most_places: the largest.
    """

    studies: int
    mean: float
    median: float
    p95: float
    largest: float
    places: float
    most_places: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a group.

    Attributes:
        studies: that were read.
        gained, lost: None where nobody did; the rest kept its place.
        minutes: mean gain of all of them; below 0: they lost. Over all studies of a window it is 0.
    """

    studies: int
    gained: Side | None
    lost: Side | None
    minutes: float


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Studies of the window that are not compared, since nobody knows when they came or could be read.

    Attributes:
        backlog: lay in their folder when it was first looked at.
        early: were read, as the RIS says, before their film came.
        withdrawn: whose films had all been taken back when they were read.
    """

    backlog: int = 0
    early: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """One window, start included, end not.

    Attributes:
        studies: those that are compared, by slot, then arrival.
        passed_over: came before a study that was read, and wait unread at the end of the window.
        expired: left the list in the window though nobody ever said that they were read.
    """

    start: datetime
    end: datetime
    studies: Sequence[Placed] = ()
    left_out: LeftOut = field(default_factory=LeftOut)
    passed_over: int = 0
    expired: int = 0

    @property
    def whole(self) -> Moved:
        """All of them."""
        return moved(self.studies)

    @property
    def by_group(self) -> Mapping[str, Moved]:
        """By `GROUPS`, without those of which nothing was read."""
        return _parted(self.studies, GROUPS, [each.read.group for each in self.studies])

    @property
    def by_urgency(self) -> Mapping[str, Moved]:
        """By requested urgency; what is only observed is left out."""
        ranked = [each for each in self.studies if each.read.group != OBSERVED]
        return _parted(ranked, [str(urgency) for urgency in Urgency], [str(each.read.urgency) for each in ranked])

    @property
    def paid_most(self) -> list[Placed]:
        """The studies that lost most minutes, the most first; none that did not lose."""
        lost = [each for each in self.studies if each.minutes < 0]
        return sorted(lost, key=lambda each: (each.minutes, each.read.arrived_at, each.read.study))[:PAID]


def group_of(study: QueueStudy) -> str:
    """What a study is counted by."""
    if study.blind:
        return BLIND
    return OBSERVED if study.images[0].observed else str(study.band)


def moved(studies: Sequence[Placed]) -> Moved:
    """What became of some studies."""
    minutes = [each.minutes for each in studies]
    return Moved(
        studies=len(studies),
        gained=_side([each for each in studies if each.minutes > 0]),
        lost=_side([each for each in studies if each.minutes < 0]),
        minutes=sum(minutes) / len(minutes) if minutes else 0.0,
    )


def _side(studies: Sequence[Placed]) -> Side | None:
    if not studies:
        return None
    minutes = sorted(abs(each.minutes) for each in studies)
    places = [abs(each.places) for each in studies]
    return Side(
        studies=len(studies),
        mean=statistics.fmean(minutes),
        median=statistics.median(minutes),
        p95=minutes[-(-95 * len(minutes) // 100) - 1],
        largest=minutes[-1],
        places=statistics.fmean(places),
        most_places=max(places),
    )


def _parted(studies: Sequence[Placed], names: Sequence[str], of: Sequence[str]) -> dict[str, Moved]:
    groups: dict[str, list[Placed]] = {name: [] for name in names}
    for each, name in zip(studies, of, strict=True):
        groups[name].append(each)
    return {name: moved(each) for name, each in groups.items() if each}
