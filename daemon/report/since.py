"""What readers found since the last report, how often the list alarmed, and which low films are to be checked; pure."""

from __future__ import annotations

import os.path
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b
from heapq import nsmallest
from typing import TYPE_CHECKING, Final

from daemon.triage.order import Band, QueueStudy
from db.states import Verdict
from models.population import Policy

if TYPE_CHECKING:
    from daemon.report.inputs import ReportInputs
    from db.lately import Expired, Word

SAMPLE: Final = 5
LISTED: Final = 50  # misses on the page; report.json has all
ALARMS: Final = frozenset({Band.FIRST, Band.NEXT})


@dataclass(frozen=True, slots=True)
class Lately:
    """What a report is told of studies that left the queue.

    Attributes:
        closed: studies that were read or expired since the window began, also those that wait again; a band is in
            none whose score is still kept from readers.
        words: the last verdict on a study, by its key.
        expired: some of those that nobody ever marked as read, the oldest first.
        reading: how much of the window was reading time.
        sample: how many low films are to be checked.
    """

    closed: Sequence[QueueStudy] = ()
    words: Mapping[str, Word] = field(default_factory=dict)
    expired: Sequence[Expired] = ()
    reading: timedelta = timedelta(days=1)
    sample: int = SAMPLE


@dataclass(frozen=True, slots=True)
class Found:
    """A study and what a reader said of it; without a word, one that is to be checked. Times in the site's zone."""

    study: str
    accession: str | None
    film: str
    source: str
    arrived_at: datetime
    probability: float | None
    by: str | None = None
    note: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """A study that nobody marked as read, in the site's zone."""

    study: str
    accession: str | None
    arrived_at: datetime
    expired_at: datetime


@dataclass(frozen=True, slots=True)
class Alarms:
    """The `first` studies that arrived in the window, and what readers said of them so far.

    Attributes:
        per_hour: of reading time; None where the window had none.
    """

    studies: int
    pneumonia: int
    other: int
    not_said: int
    reading: timedelta
    per_hour: float | None


@dataclass(frozen=True, slots=True)
class Since:
    """Section E.

    Attributes:
        judged: studies on which a verdict was kept within the window; each is counted once below, by its last word.
        agreed: pneumonia at or above the operating point, or none below it.
        misses: pneumonia that the order called low, the newest word first.
        false_alarms: no pneumonia, at or above the operating point.
        no_band: the order called them neither: no score, marked, only ordered, or a score that is still kept back.
        undecided: unsure or unusable.
        sample: films below the operating point to be checked, drawn from `drawn_from` without a verdict.
    """

    judged: int
    agreed: int
    misses: tuple[Found, ...]
    false_alarms: int
    no_band: int
    undecided: int
    sample: tuple[Found, ...]
    drawn_from: int
    alarms: Alarms
    expired: tuple[Gone, ...]

    @property
    def disagreed(self) -> int:
        """Misses and false alarms."""
        return len(self.misses) + self.false_alarms


def since_of(inputs: ReportInputs, names: Mapping[str, str]) -> Since:
    """Decide section E; `names` are the short names of folders."""
    lately, zone = inputs.lately, inputs.zone
    closed = {study.study: study for study in lately.closed}
    outcomes = Counter[str]()
    misses = []
    for key, word in lately.words.items():
        if word.recorded_at is None or key not in closed:
            continue
        outcome = outcome_of(closed[key], word.verdict)
        outcomes[outcome] += 1
        if outcome == "miss":
            misses.append((word, found_of(closed[key], names, inputs, word)))
    misses.sort(key=lambda each: (each[0].at, each[0].study), reverse=True)
    waiting = (study for study in inputs.studies if study.study not in closed)
    came = [
        study
        for part in (waiting, lately.closed)
        for study in part
        if inputs.window_start <= study.arrived_at < inputs.window_end
    ]
    low = [study for study in came if _is_low(study) and study.study not in lately.words]
    return Since(
        judged=sum(outcomes.values()),
        agreed=outcomes["agreed"],
        misses=tuple(found for _, found in misses),
        false_alarms=outcomes["false alarm"],
        no_band=outcomes["no band"],
        undecided=outcomes["undecided"],
        sample=tuple(
            found_of(study, names, inputs) for study in drawn(low, lately.sample, inputs.site, inputs.report_date)
        ),
        drawn_from=len(low),
        alarms=_alarms(came, lately),
        expired=tuple(
            Gone(gone.study, gone.accession, gone.arrived_at.astimezone(zone), gone.expired_at.astimezone(zone))
            for gone in lately.expired
        ),
    )


def drawn(studies: Iterable[QueueStudy], number: int, site: str, day: date) -> list[QueueStudy]:
    """A random sample that is the same whenever it is drawn for a site and date.

    Each study has a lot of its own, so that no other study, blind or not, decides whether it is drawn before a third.
    """

    def lot(study: QueueStudy) -> bytes:
        return blake2b("\0".join((site, day.isoformat(), study.study)).encode(), digest_size=8).digest()

    return nsmallest(number, studies, key=lot)


def outcome_of(study: QueueStudy, verdict: Verdict) -> str:
    """What a verdict makes of the band: agreed, miss, false alarm; no band, undecided."""
    if verdict not in (Verdict.PNEUMONIA, Verdict.NOT):
        return "undecided"
    if study.blind or study.band is Band.UNSCORED or study.policy is not Policy.BANDED:
        return "no band"
    if (verdict is Verdict.PNEUMONIA) is (study.band in ALARMS):
        return "agreed"
    return "miss" if verdict is Verdict.PNEUMONIA else "false alarm"


def _is_low(study: QueueStudy) -> bool:
    return study.band is Band.IN_TURN and not study.blind and not study.withdrawn


def _alarms(came: Iterable[QueueStudy], lately: Lately) -> Alarms:
    first = [study for study in came if study.band is Band.FIRST and not study.blind and not study.withdrawn]
    said = Counter(lately.words[study.study].verdict for study in first if study.study in lately.words)
    hours = lately.reading / timedelta(hours=1)
    return Alarms(
        studies=len(first),
        pneumonia=said[Verdict.PNEUMONIA],
        other=said.total() - said[Verdict.PNEUMONIA],
        not_said=len(first) - said.total(),
        reading=lately.reading,
        per_hour=len(first) / hours if hours else None,
    )


def found_of(study: QueueStudy, names: Mapping[str, str], inputs: ReportInputs, word: Word | None = None) -> Found:
    """A study for a row; `names` are the short names of folders, `word` what a reader said of it."""
    highest = study.images[0]
    return Found(
        study=study.study,
        accession=study.accession,
        film=os.path.basename(highest.path),  # noqa: PTH119 - text, not a file
        source=names.get(highest.root, highest.root),
        arrived_at=study.arrived_at.astimezone(inputs.zone),
        probability=study.probability,
        by=word.by if word else None,
        note=word.note if word else None,
        at=word.at.astimezone(inputs.zone) if word else None,
    )
