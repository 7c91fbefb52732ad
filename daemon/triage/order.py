"""The order of the queue: a lazy merge of sorted streams; it knows studies, not where they are kept.

Requested urgency comes first. Within it overdue studies by arrival, taking at most every second place while studies of
the band `first` wait; then band, logit, arrival, and last the study's key, so that the order is total. What has no
score stands in `next`, each study after as many `next` studies as arrived before it. Streams are heaps: the first page
of 100,000 studies costs 0.05 s, the whole order 0.5 s (one busy core), where a sort would pay for all of it each time.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from db.states import State
    from models.population import Policy, Population


class Urgency(StrEnum):
    """How urgently the reading was requested, most urgent first."""

    STAT = "stat"
    URGENT = "urgent"
    ROUTINE = "routine"


class Band(StrEnum):
    """Where a score stands against the operating point, highest first; `unscored` has none."""

    FIRST = "first"
    NEXT = "next"
    IN_TURN = "in_turn"
    UNSCORED = "unscored"


UNTAGGED: Final = "untagged"


@dataclass(frozen=True, slots=True)
class QueueImage:
    """One image of a waiting study.

    Attributes:
        path: absolute; bytes that are not UTF-8 as surrogate escapes.
        root: the absolute path of the watched folder it came through.
        probability: calibrated, 0..1, at `prevalence`; None when unscored.
        prevalence: the share of pneumonia that the probability holds at; None when unscored.
        logit: None when unscored.
        policy: `ordered` where the score may not call the film low or first; None when unscored.
        tier: `tagged` when the file says age, view and modality, else `untagged`.
        attempts: how often it was tried.
        duplicates: absolute paths of other files with the same content.
        removed_at: when the file was seen to be gone, or None.
        marks: codes of what speaks against a film that the site has scored all the same. Its score is shown, and never
            ranked: its band is `unscored`.
        observed: it came through a folder that is only observed: likewise.
        withdrawn_at: when its sender took the image back, or None; then it has no score that counts.
        blind: its score is kept from everybody until there is a verdict; it is not in here either.
        accepted: whether the site accepted the bundle that gave the score for such films; None without a score.
    """

    arrival_id: int
    path: str
    root: str
    sha256: str | None
    state: State
    code: str | None
    message: str | None
    probability: float | None
    prevalence: float | None
    logit: float | None
    band: Band
    policy: Policy | None
    population: Population | None
    tier: str
    view: str | None
    age_years: float | None
    arrived_at: datetime
    attempts: int = 0
    duplicates: tuple[str, ...] = ()
    removed_at: datetime | None = None
    marks: tuple[str, ...] = ()
    observed: bool = False
    withdrawn_at: datetime | None = None
    blind: bool = False
    accepted: bool | None = None


@dataclass(frozen=True, slots=True)
class QueueStudy:
    """One waiting study with the place of its highest image.

    Attributes:
        study: its opaque key, unique; the last tie-break of the order.
        overdue: it has waited longer than the site allows for its urgency.
        backlog: all of it lay in its root at the root's first scan.
        band, tier, population: those of its highest image, ``images[0]``.
        policy, probability, prevalence, logit: those of its highest image, too; None where that one is marked, or
            low beside an image that could not be read.
        arrived_at: of its earliest image, in UTC.
        acquired_at: the modality's local wall clock as the file gives it, or None.
        images: highest first, withdrawn ones last; never empty.
        blind: it is read without its score: for the order it has none, and images stand by arrival.
        accepted: that of the highest image; None where the study has no score that counts.
    """

    study: str
    accession: str | None
    urgency: Urgency
    overdue: bool
    backlog: bool
    band: Band
    policy: Policy | None
    probability: float | None
    prevalence: float | None
    logit: float | None
    tier: str
    population: Population | None
    arrived_at: datetime
    acquired_at: str | None
    images: tuple[QueueImage, ...]
    blind: bool = False
    accepted: bool | None = None

    @property
    def withdrawn(self) -> bool:
        """Whether its sender took every image back: then it has no place in the order, and is listed apart."""
        return all(image.withdrawn_at is not None for image in self.images)


def order(studies: Iterable[QueueStudy], served: Collection[Urgency] = ()) -> Iterator[QueueStudy]:
    """Every study exactly once, in the order in which they should be read; sorts no further than it is asked for.

    Args:
        studies: that wait.
        served: the urgencies of which an overdue study was read last. Of them a `first` study leads: whoever takes the
            head of a list that is made anew after each reading would else never get to one while any is overdue.
    """
    requested: dict[Urgency, list[QueueStudy]] = {urgency: [] for urgency in Urgency}
    for study in studies:
        requested[study.urgency].append(study)
    for urgency in Urgency:
        yield from _of_one_urgency(requested[urgency], first_leads=urgency in served)


def _of_one_urgency(studies: list[QueueStudy], *, first_leads: bool) -> Iterator[QueueStudy]:
    """Overdue studies in front, but one `first` study that is not overdue after each of them, while there is one.

    Overdue studies go by arrival, whatever their score: by score, one of the lowest could wait for ever behind those
    that became overdue after it, on a day on which more comes than is read.
    """
    overdue = _by_arrival([study for study in studies if study.overdue])
    in_time = _bands([study for study in studies if not study.overdue])
    firsts = _by_score(in_time[Band.FIRST])
    if first_leads:
        yield from islice(firsts, 1)
    for first in firsts:
        yield from islice(overdue, 1)
        yield first
    yield from overdue
    yield from _below_first(in_time)


def _below_first(bands: dict[Band, list[QueueStudy]]) -> Iterator[QueueStudy]:
    yield from _middle(bands[Band.NEXT], bands[Band.UNSCORED])
    yield from _by_score(bands[Band.IN_TURN])


def _bands(studies: list[QueueStudy]) -> dict[Band, list[QueueStudy]]:
    bands: dict[Band, list[QueueStudy]] = {band: [] for band in Band}
    for study in studies:
        bands[study.band].append(study)
    return bands


def _middle(scored: list[QueueStudy], unscored: list[QueueStudy]) -> Iterator[QueueStudy]:
    """`next` studies by score, each unscored one after exactly as many of them as arrived before it."""
    by_arrival = list(_by_score(unscored))  # without a logit: by arrival, then key
    arrivals = [study.arrived_at for study in by_arrival]
    arrived_just_before = [0] * (len(arrivals) + 1)
    for study in scored if unscored else ():
        arrived_just_before[bisect_right(arrivals, study.arrived_at)] += 1
    stream = _by_score(scored)
    placed = 0
    for study, arrived_before in zip(by_arrival, accumulate(arrived_just_before), strict=False):
        yield from islice(stream, arrived_before - placed)
        placed = arrived_before
        yield study
    yield from stream


def _by_arrival(studies: list[QueueStudy]) -> Iterator[QueueStudy]:
    """The earlier arrival first, then the key; a heap, too."""
    heap = [(study.arrived_at, study.study, number, study) for number, study in enumerate(studies)]
    heapq.heapify(heap)
    while heap:
        yield heapq.heappop(heap)[-1]


def _by_score(studies: list[QueueStudy]) -> Iterator[QueueStudy]:
    """Highest logit first, then the earlier arrival, then the key; a heap, so that the first ones come cheaply."""
    heap = [
        (0.0 if study.logit is None else -study.logit, study.arrived_at, study.study, number, study)
        for number, study in enumerate(studies)
    ]
    heapq.heapify(heap)
    while heap:
        yield heapq.heappop(heap)[-1]
