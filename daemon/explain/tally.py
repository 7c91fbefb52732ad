"""Counts what became of films, as a survey shows it; pure. It keeps no bytes, and paths only as far as it is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from daemon.explain.insight import Surveyed
from daemon.intake.codes import MODALITIES, VIEWS
from daemon.intake.worker import Verdict
from daemon.triage.rules import Rules
from db.records import FilmFacts
from models.population import Population, group_of

MOST_VALUES: Final = 64  # of one question; a header may say anything, and a million of them a million things
OTHERS: Final = "(others)"
NOT_SAID: Final = "not said"
UNKNOWN: Final = "unknown"
NO_CODE: Final = "another word"
_LONGEST: Final = 32  # characters of a value


class Kind(StrEnum):
    """What became of a file; each is in exactly one of these."""

    SCORED = "scored"
    MARKED = "marked"  # scored as well, and never ranked by that
    REFUSED = "refused"
    FAILED = "failed"
    DUPLICATE = "duplicate"


class By(StrEnum):
    """By what films are told apart; of a film that was decided before that was known it is not said."""

    GROUP = "group"
    TIER = "tier"
    MODALITY = "modality"
    VIEW = "view"
    SYNTAX = "transfer_syntax"


@dataclass(slots=True)
class Tally:
    """The counts.

    Attributes:
        rules: what a logit means.
        examples: how many paths are kept of each code.
        hidden: the SHA-256 of films whose scores are not to be shown: they are counted in no band.
        blind: how many of these were scored.
        seen: files that were taken up, but for those that were gone by then.
        vanished: files that were listed and gone before they were read.
    """

    rules: Rules
    examples: int = 0
    hidden: frozenset[str] = frozenset()
    blind: int = 0
    seen: int = 0
    vanished: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    codes: dict[Kind, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    bands: Counter[str] = field(default_factory=Counter)
    by: dict[By, dict[str, Counter[Kind]]] = field(default_factory=lambda: {by: {} for by in By})
    paths: dict[str, list[str]] = field(default_factory=dict)

    def film(self, path: str, found: Surveyed, declared: Population | None, sha256: str = "") -> None:
        """Count a film that the workers judged."""
        outcome, facts = found.outcome, found.outcome.facts
        kind, codes = _kind(outcome.verdict, outcome.code, facts)
        self._count(kind, path, codes)
        if kind is Kind.SCORED and sha256 in self.hidden:
            self.blind += 1
        elif kind is Kind.SCORED and outcome.logit is not None:
            population = Population(facts.population) if facts.population else None
            self.bands[str(self.rules.judged(outcome.logit, population, facts.age_years).band)] += 1
        group = group_of(facts.age_years, declared)
        values = {
            By.GROUP: str(group) if group else UNKNOWN,
            By.TIER: facts.tier,
            By.MODALITY: _coded(facts.modality, MODALITIES),
            By.VIEW: _coded(facts.view, VIEWS),
            By.SYNTAX: found.syntax,
        }
        for by, value in values.items():
            self._of(by, value)[kind] += 1

    def failed(self, path: str, code: str) -> None:
        """Count a file that nobody could judge."""
        self._count(Kind.FAILED, path, [code])
        for by in By:
            self._of(by, None)[Kind.FAILED] += 1

    def duplicate(self, path: str, sha256: str) -> None:  # noqa: ARG002  (as `daemon.explain.survey.Counts` has it)
        """Count a file whose content came before."""
        self.kinds[Kind.DUPLICATE] += 1

    @property
    def counted(self) -> int:
        """Files that came out in some way."""
        return sum(self.kinds.values())

    @property
    def balanced(self) -> bool:
        """Whether every file that was seen came out in one way."""
        return self.seen == self.counted

    def _count(self, kind: Kind, path: str, codes: Iterable[str]) -> None:
        self.kinds[kind] += 1
        counted = self.codes[kind]
        for code in codes:
            known = code if code in counted or len(counted) < MOST_VALUES else OTHERS
            counted[known] += 1
            kept = self.paths.setdefault(known, [])
            if len(kept) < self.examples:
                kept.append(path)

    def _of(self, by: By, value: str | None) -> Counter[Kind]:
        values = self.by[by]
        name = (value or NOT_SAID)[:_LONGEST] if by is not By.SYNTAX else value or NOT_SAID
        return values.setdefault(name if name in values or len(values) < MOST_VALUES else OTHERS, Counter())


def _kind(verdict: Verdict, code: str | None, facts: FilmFacts) -> tuple[Kind, list[str]]:
    marks = (facts.marks or "").split()
    match verdict:
        case Verdict.SCORED:
            return (Kind.MARKED, marks) if marks else (Kind.SCORED, [])
        case Verdict.REFUSED:
            return Kind.REFUSED, [code or UNKNOWN]
        case Verdict.FAILED:
            return Kind.FAILED, [code or UNKNOWN]


def _coded(word: str | None, known: frozenset[str]) -> str | None:
    """A word of a header where it is a code: any other may be a name, and a survey is sent to others."""
    return word if word is None or word in known else NO_CODE


def counts_of(kinds: Mapping[Kind, int]) -> dict[str, Any]:
    """How many came out in which way, every way present."""
    return {str(kind): kinds.get(kind, 0) for kind in Kind}
