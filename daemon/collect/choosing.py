"""Which cases are collected, and why; pure: what the store knows in, a choice out, chance by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Final

from daemon.triage.order import Band
from daemon.triage.rules import Judged, Rules
from db.cases import CaseImage
from db.states import State, Verdict
from models.population import Policy, Population

_RANKS: Final = (Band.FIRST, Band.NEXT, Band.IN_TURN)
_READABLE: Final = frozenset({Verdict.PNEUMONIA, Verdict.NOT, Verdict.UNSURE})


class Reason(StrEnum):
    """Why a case was chosen."""

    MISSED = "missed"  # below the operating point, and the reader saw pneumonia
    CALLED = "called"  # at or above it, and the reader saw none
    REFUSED = "refused"  # none of its films was scored, and a reader could read it
    RANDOM = "random"
    NAMED = "named"


@dataclass(frozen=True, slots=True)
class Case:
    """A study, as far as choosing goes.

    Attributes:
        images: that are there, scored or refused.
        band: its highest, None where nothing was scored, where the population of the best film is only ordered, and of
            a blind case.
        blind: its score is not to be shown.
    """

    study_id: int
    key: str
    images: tuple[CaseImage, ...]
    verdict: Verdict | None
    band: Band | None
    blind: bool = False

    @property
    def scored(self) -> tuple[CaseImage, ...]:
        """Its films that have a score."""
        return tuple(image for image in self.images if image.state is State.SCORED)

    @property
    def newest(self) -> datetime:
        """When its last film came."""
        return max(image.arrived_at for image in self.images)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for.

    Attributes:
        random: so many cases of those that were scored.
        named: study ids.
        since, until: when the last film of a case came; named cases are taken whenever theirs did.
    """

    disagreements: bool = False
    refused: bool = False
    random: int = 0
    seed: int = 0
    named: frozenset[int] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A case and every reason for it; its films that go with them."""

    case: Case
    reasons: tuple[Reason, ...]

    @property
    def films(self) -> tuple[CaseImage, ...]:
        """Refused films only where they are what was asked for: a lateral beside a frontal film stays where it is."""
        every = {Reason.NAMED, Reason.REFUSED} & set(self.reasons)
        return self.case.images if every else self.case.scored


@dataclass(frozen=True, slots=True)
class Choice:
    """The cases, by study, and what the random ones were drawn from.

    Attributes:
        drawn: random cases.
        of: cases with a score in the span, each as likely to be drawn as any other.
    """

    cases: tuple[Chosen, ...]
    drawn: int
    of: int

    @property
    def probability(self) -> float:
        """Of a case to be in the random sample; 0 where none was drawn."""
        return self.drawn / self.of if self.of else 0.0


def cases_of(
    images: Iterable[CaseImage],
    verdicts: Mapping[int, Verdict],
    rules: Callable[[int], Rules],
    hidden: Collection[int] = (),
) -> list[Case]:
    """Films put together to cases.

    Args:
        images: by study.
        verdicts: the last one of each study that has one.
        rules: of a bundle by its id.
        hidden: studies whose scores are not to be shown.
    """
    found = []
    for study_id, group in groupby(images, key=lambda image: image.study_id):
        films = tuple(group)
        blind = study_id in hidden
        judged = [] if blind else [each for film in films if (each := _judged(film, rules)) is not None]
        found.append(Case(study_id, films[0].study_key, films, verdicts.get(study_id), _band(judged), blind))
    return found


def choose(cases: Sequence[Case], wish: Wish) -> Choice:
    """The cases that a wish is for; the same cases and the same wish give the same choice."""
    reasons: dict[int, list[Reason]] = {case.study_id: [] for case in cases}
    within = [case for case in cases if _within(case.newest, wish)]
    for case in within:
        if wish.disagreements and (disagreement := _disagreement(case)):
            reasons[case.study_id].append(disagreement)
        if wish.refused and not case.scored and case.verdict in _READABLE:
            reasons[case.study_id].append(Reason.REFUSED)
    pool = sorted(case.study_id for case in within if case.scored)
    drawn = random.Random(wish.seed).sample(pool, min(wish.random, len(pool)))  # noqa: S311 - no secret
    for study_id in drawn:
        reasons[study_id].append(Reason.RANDOM)
    for study_id in wish.named & reasons.keys():
        reasons[study_id].append(Reason.NAMED)
    chosen = tuple(Chosen(case, tuple(reasons[case.study_id])) for case in cases if reasons[case.study_id])
    return Choice(chosen, len(drawn), len(pool))


def _judged(film: CaseImage, rules: Callable[[int], Rules]) -> Judged | None:
    if film.state is not State.SCORED or film.logit is None or film.bundle_id is None:
        return None
    population = Population(film.population) if film.population else None
    return rules(film.bundle_id).judged(film.logit, population, film.age_years)


def _band(judged: Sequence[Judged]) -> Band | None:
    best = min(judged, key=lambda each: _RANKS.index(each.band), default=None)
    return best.band if best is not None and best.policy is Policy.BANDED else None


def _disagreement(case: Case) -> Reason | None:
    if case.verdict is Verdict.PNEUMONIA and case.band is Band.IN_TURN:
        return Reason.MISSED
    if case.verdict is Verdict.NOT and case.band in (Band.FIRST, Band.NEXT):
        return Reason.CALLED
    return None


def _within(time: datetime, wish: Wish) -> bool:
    return (wish.since is None or time >= wish.since) and (wish.until is None or time < wish.until)
