"""Reads the same studies by two sets of rules, and says what each group waits, who moved, and who was overdue; pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from daemon.rehearsal.replay import limit_of, replay
from daemon.triage.order import Band, QueueStudy, Urgency
from daemon.triage.ranks import p95

if TYPE_CHECKING:
    from daemon.triage.waits import Waits

MINUTE: Final = timedelta(minutes=1)
BLIND: Final = "blind"
OBSERVED: Final = "observed"
GROUPS: Final = (*map(str, Band), BLIND, OBSERVED)


class Way(StrEnum):
    """How the studies were read."""

    READ = "as_read"  # as it happened
    RULED = "as_ruled"  # the head of the list each time, by the rules as they are
    OTHERWISE = "otherwise"  # the same by the other rules


@dataclass(frozen=True, slots=True)
class Waited:
    """How long a group waited, in minutes of the clock; p95 by nearest rank."""

    mean: float
    p95: float
    longest: float


@dataclass(frozen=True, slots=True)
class Moves:
    """How far studies moved from one way to another.

    Attributes:
        studies: that are read at another moment.
        places, minutes: mean over those, without a sign; 0 where there are none.
        most_places, most_minutes: the largest.
    """

    studies: int
    places: float
    minutes: float
    most_places: int
    most_minutes: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it.

    Attributes:
        studies: that were read anew, by group; groups are those of the rules as they are.
        waits: by group, then way; `all` is all of them.
        moves: from the rules as they are to the other ones.
        bands: how many studies changed from one band to another.
        urgencies: how many changed their urgency.
        overdue: the keys of those that were overdue when read, by the limits as they are.
    """

    studies: Mapping[str, int]
    waits: Mapping[str, Mapping[Way, Waited]]
    moves: Moves
    bands: Mapping[tuple[str, str], int]
    urgencies: int
    overdue: Mapping[Way, Sequence[str]]


def compared(
    ruled: Sequence[QueueStudy],
    otherwise: Sequence[QueueStudy],
    read_at: Mapping[str, datetime],
    pneumonia: Mapping[str, bool],
    waits: tuple[Waits, Waits],
    tell: Callable[[int, int], None],
) -> Comparison:
    """Read them anew, both ways.

    Args:
        ruled, otherwise: the same studies, by the rules as they are and by the other ones.
        read_at: when each was read.
        pneumonia: what the verdict on it says, where there is one.
        waits: how long each may wait, as it is and otherwise.
        tell: is called with how many of how many are read.
    """
    slots = [read_at[study.study] for study in ruled]
    total = 2 * len(slots)
    moments = {
        Way.READ: {study.study: read_at[study.study] for study in ruled},
        Way.RULED: replay(ruled, slots, waits[0], lambda done, _: tell(done, total)),
        Way.OTHERWISE: replay(otherwise, slots, waits[1], lambda done, _: tell(len(slots) + done, total)),
    }
    groups = _groups(ruled, pneumonia)
    other = {study.study: study for study in otherwise}
    pairs = [(study, other[study.study]) for study in ruled]
    changes = Counter((group_of(one), group_of(two)) for one, two in pairs)
    return Comparison(
        studies={name: len(members) for name, members in groups.items()},
        waits={
            name: {way: _waited(members, moments[way]) for way in Way} for name, members in groups.items() if members
        },
        moves=_moves(moments[Way.RULED], moments[Way.OTHERWISE]),
        bands={pair: number for pair, number in sorted(changes.items()) if pair[0] != pair[1]},
        urgencies=sum(one.urgency is not two.urgency for one, two in pairs),
        overdue={way: _overdue(ruled, moments[way], waits[0]) for way in Way},
    )


def group_of(study: QueueStudy) -> str:
    """What a study is counted by: its band, but for one that is blind, or that is only listed by arrival."""
    if study.blind:
        return BLIND
    return OBSERVED if study.images[0].observed else str(study.band)


def _groups(studies: Sequence[QueueStudy], pneumonia: Mapping[str, bool]) -> dict[str, list[QueueStudy]]:
    """All, then those by band, urgency and verdict of which there are any."""
    names = (*GROUPS, *Urgency, "pneumonia", "not")
    groups: dict[str, list[QueueStudy]] = {"all": list(studies), **{str(name): [] for name in names}}
    for study in studies:
        groups[group_of(study)].append(study)
        groups[str(study.urgency)].append(study)
        if study.study in pneumonia:
            groups["pneumonia" if pneumonia[study.study] else "not"].append(study)
    return {name: members for name, members in groups.items() if members or name == "all"}


def _waited(studies: Sequence[QueueStudy], moments: Mapping[str, datetime]) -> Waited:
    minutes = sorted((moments[study.study] - study.arrived_at) / MINUTE for study in studies)
    return Waited(statistics.fmean(minutes), p95(minutes), minutes[-1])


def _moves(one: Mapping[str, datetime], two: Mapping[str, datetime]) -> Moves:
    """Studies that are read at one moment share a place."""
    places: dict[datetime, int] = {}
    for number, moment in enumerate(sorted(one.values())):
        places.setdefault(moment, number)
    moved = [study for study in one if one[study] != two[study]]
    if not moved:
        return Moves(0, 0.0, 0.0, 0, 0.0)
    far = [abs(places[one[study]] - places[two[study]]) for study in moved]
    long = [abs(one[study] - two[study]) / MINUTE for study in moved]
    return Moves(len(moved), statistics.fmean(far), statistics.fmean(long), max(far), max(long))


def _overdue(studies: Sequence[QueueStudy], moments: Mapping[str, datetime], waits: Waits) -> list[str]:
    """Those that had waited for longer than they may when they were read, by key."""
    if not studies:
        return []
    reading = waits.reading_time(min(study.arrived_at for study in studies), max(moments.values()))
    return sorted(
        study.study
        for study in studies
        if reading.between(study.arrived_at, moments[study.study]) > limit_of(study, waits)
    )
