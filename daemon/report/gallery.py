"""The gallery of disagreements: studies of which a reader said otherwise than the order, on a page of its own; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from daemon.report.since import Found, found_of, outcome_of
from daemon.triage.order import Band

if TYPE_CHECKING:
    from daemon.report.inputs import ReportInputs

FILE: Final = "disagreements.html"
BACK: Final = timedelta(days=30)
SHOWN: Final = 300


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One study: what the order called it, and what the reader found."""

    found: Found
    band: Band
    verdict: str


@dataclass(frozen=True, slots=True)
class Gallery:
    """All disagreements of some weeks, by the time of the last verdict, the newest first.

    Attributes:
        since: the day that it reaches back to.
        total: how many there are; `shown` holds the newest.
    """

    since: date
    total: int
    shown: Sequence[Disagreement]


def gallery_of(inputs: ReportInputs, names: Mapping[str, str]) -> Gallery:
    """Decide which studies are in it; `names` are the short names of folders."""
    told = inputs.judged
    closed = {study.study: study for study in told.closed}
    words = [word for key, word in told.words.items() if key in closed and word.recorded_at is not None]
    apart = [word for word in words if outcome_of(closed[word.study], word.verdict) in ("miss", "false alarm")]
    apart.sort(key=lambda word: (word.at, word.study), reverse=True)
    shown = [
        Disagreement(found_of(closed[word.study], names, inputs, word), closed[word.study].band, str(word.verdict))
        for word in apart[:SHOWN]
    ]
    return Gallery((inputs.window_end - BACK).astimezone(inputs.zone).date(), len(apart), shown)
