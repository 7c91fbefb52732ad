"""Takes down what the workers make of labelled films, and sorts that into cases; it opens no file and no store.

One content counts once, whatever its names; under both labels it counts not at all. A film of a blind case is left out:
a figure that moves with it would tell of its score.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from daemon.acceptance.cases import Cases
from daemon.acceptance.gathered import Gathered, Left
from daemon.intake.worker import Verdict
from daemon.review.rates import Rate
from models.population import Population
from models.statistics.metrics import wilson

if TYPE_CHECKING:
    from daemon.acceptance.sources import Labelled
    from daemon.explain.insight import Surveyed


@dataclass(frozen=True, slots=True)
class _Seen:
    """One content: what it is called, and what became of it."""

    path: str
    sha256: str
    population: Population | None
    aged: bool
    logit: float | None = None
    left: Left | None = None
    code: str | None = None


@dataclass(slots=True)
class Assay:
    """The notes; a `daemon.explain.survey.Counts`."""

    hidden: frozenset[str] = frozenset()
    seen: int = 0
    vanished: int = 0
    found: list[_Seen] = field(default_factory=list)
    copies: list[tuple[str, str]] = field(default_factory=list)  # path, SHA-256

    @property
    def counted(self) -> int:
        """Files that came out in some way."""
        return len(self.found) + len(self.copies)

    def film(self, path: str, found: Surveyed, declared: Population | None, sha256: str) -> None:
        """Note a film that the workers judged."""
        outcome, facts = found.outcome, found.outcome.facts
        population = Population(facts.population) if facts.population else None
        left, code = None, None
        if outcome.verdict is not Verdict.SCORED or outcome.logit is None or not math.isfinite(outcome.logit):
            left = Left.REFUSED if outcome.verdict is Verdict.REFUSED else Left.FAILED
            code = outcome.code or "unknown"
            if population is None and facts.age_years is None:
                population = declared
        elif sha256 in self.hidden:
            left = Left.BLIND
        elif facts.marks:
            left = Left.MARKED
        logit = None if left else outcome.logit
        self.found.append(_Seen(path, sha256, population, facts.age_years is not None, logit, left, code))

    def failed(self, path: str, code: str) -> None:
        """Note a file that nobody could judge."""
        self.found.append(_Seen(path, "", None, aged=False, left=Left.FAILED, code=code))

    def duplicate(self, path: str, sha256: str) -> None:
        """Note a file whose content came before."""
        self.copies.append((path, sha256))

    def gathered(self, source: str, films: Labelled, only: Population | None) -> Gathered:
        """Everything, sorted.

        Args:
            source: what the films are called.
            films: with the labels of all paths.
            only: the population that is to be judged; None: each that there is.
        """
        labels = {path: label.pneumonia for path, label in films.labels.items()}
        left, codes = Counter[Left](), Counter[str]()
        left[Left.GONE], left[Left.OTHER_AGE], left[Left.DUPLICATE] = self.vanished, films.other_ages, len(self.copies)
        both = _both_ways([*((each.path, each.sha256) for each in self.found), *self.copies], labels)
        scored, lost = defaultdict[Population, list[_Seen]](list), Counter[Population | None]()
        for each in self.found:
            why = _left_out(each, both, only)
            if why is None and each.population is not None:
                scored[each.population].append(each)
                continue
            left[why or Left.UNKNOWN] += 1
            if why in (Left.REFUSED, Left.FAILED):
                codes[each.code or "unknown"] += 1
                lost[each.population] += labels[each.path]
        return Gathered(
            source=source,
            cases={who: _cases(scored[who], films) for who in Population if who in scored},
            left_out={why: count for why, count in left.items() if count},
            codes=dict(codes.most_common()),
            unscored={who: _unscored(scored[who], labels, lost[who] + lost[None]) for who in scored},
            patients_known=films.patients_known,
        )


def _both_ways(names: Iterable[tuple[str, str]], labels: Mapping[str, bool]) -> set[str]:
    """Contents that stand under both labels."""
    said = defaultdict[str, set[bool]](set)
    for path, sha256 in names:
        said[sha256].add(labels[path])
    return {sha256 for sha256, given in said.items() if sha256 and len(given) > 1}


def _left_out(each: _Seen, both: set[str], only: Population | None) -> Left | None:
    if each.sha256 in both:
        return Left.BOTH_WAYS
    if only is not None and each.population not in (None, only):
        return Left.OTHER
    if each.left is not None:
        return each.left
    if each.population is None:
        return Left.OTHER_AGE if each.aged else Left.UNKNOWN
    return None


def _cases(found: Iterable[_Seen], films: Labelled) -> Cases:
    some = sorted(found, key=lambda each: each.path)  # workers answer in any order, and figures are the same each time
    labels = [films.labels[each.path] for each in some]
    return Cases(
        np.array([each.logit for each in some], np.float64),
        np.array([label.pneumonia for label in labels], bool),
        tuple(label.patient or f"\0{each.path}" for label, each in zip(labels, some, strict=True)),
        np.ones(len(some)),
    )


def _unscored(found: Iterable[_Seen], labels: Mapping[str, bool], lost: int) -> Rate:
    """Of the films with pneumonia; those that nobody knows the population of count for every one."""
    total = lost + sum(labels[each.path] for each in found)
    low, high = wilson(lost, total)
    return Rate(total, lost / total if total else None, low, high)
