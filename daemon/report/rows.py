"""Studies -> the rows that the report's page lists: the queue, what has no score, and what was scored and marked."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from daemon.report.inputs import ReportInputs
from daemon.triage.hours import ReadingTime
from daemon.triage.order import Band, QueueImage, QueueStudy, Urgency
from db.states import State
from models.population import Policy


@dataclass(frozen=True, slots=True)
class Line:
    """One waiting study, as the page lists it; `film` is a file name, `reason` the code of one without a score."""

    rank: int
    study: str
    accession: str | None
    film: str
    images: int
    copies: int
    withdrawn: int
    removed: bool
    band: Band
    policy: Policy | None
    urgency: Urgency
    overdue: bool
    backlog: bool
    acquired_at: str | None  # as the film says it, by the modality's clock
    arrived_at: datetime  # in the site's zone
    waiting: timedelta
    source: str
    view: str | None
    age_years: float | None
    tier: str
    population: str | None
    probability: float | None
    reason: str | None
    blind: bool


@dataclass(frozen=True, slots=True)
class OverdueLine:
    """A study that waited too long: its reading time, as the order counts it, and how much is allowed."""

    line: Line
    counted: timedelta
    allowed: timedelta


@dataclass(frozen=True, slots=True)
class Unscored:
    """One film without a score: where it stands in the queue, why, and what to do."""

    rank: int
    accession: str | None
    film: str
    source: str
    state: State
    code: str
    sentence: str
    remedy: str
    attempts: int


@dataclass(frozen=True, slots=True)
class WithdrawnLine:
    """One waiting study of which every image was taken back; `films` are file names."""

    study: str
    accession: str | None
    films: tuple[str, ...]
    source: str
    withdrawn_at: datetime  # in the site's zone, the newest


@dataclass(frozen=True, slots=True)
class Marked:
    """One film that the site has scored although something speaks against it; its score ranks it nowhere."""

    rank: int
    accession: str | None
    film: str
    source: str
    codes: tuple[str, ...]
    probability: float | None


def line_of(rank: int, study: QueueStudy, names: Mapping[str, str], inputs: ReportInputs) -> Line:
    """The row of a study; `names` are the short names of folders."""
    highest = study.images[0]
    return Line(
        rank=rank,
        study=study.study,
        accession=study.accession,
        film=os.path.basename(highest.path),  # noqa: PTH119 - text, not a file
        images=len(study.images),
        copies=sum(len(image.duplicates) for image in study.images),
        withdrawn=sum(image.withdrawn_at is not None for image in study.images),
        removed=all(image.removed_at is not None for image in study.images),
        band=study.band,
        policy=study.policy,
        urgency=study.urgency,
        overdue=study.overdue,
        backlog=study.backlog,
        acquired_at=study.acquired_at,
        arrived_at=study.arrived_at.astimezone(inputs.zone),
        waiting=max(inputs.written_at - study.arrived_at, timedelta()),
        source=names[highest.root],
        view=highest.view,
        age_years=highest.age_years,
        tier=study.tier,
        population=study.population,
        probability=study.probability,
        reason=None if study.band is not Band.UNSCORED or study.blind else _reason(highest),
        blind=study.blind,
    )


def _reason(image: QueueImage) -> str:
    return image.code or ", ".join(("marked", *image.marks))


def overdue_of(
    rank: int, study: QueueStudy, names: Mapping[str, str], inputs: ReportInputs, reading: ReadingTime
) -> OverdueLine:
    """The row of a study that is overdue; `reading` reaches from the earliest arrival to when the report is written."""
    allowed = inputs.waits.limit(study.urgency, (image.root for image in study.images))
    counted = reading.between(study.arrived_at, inputs.written_at)
    return OverdueLine(line_of(rank, study, names, inputs), counted, allowed)


def unscored_of(rank: int, study: QueueStudy, image: QueueImage, names: Mapping[str, str]) -> Unscored:
    """The row of a film without a score."""
    sentence, remedy = _told(image.message)
    return Unscored(
        rank=rank,
        accession=study.accession,
        film=os.path.basename(image.path),  # noqa: PTH119 - text, not a file
        source=names[image.root],
        state=image.state,
        code=image.code or "unknown",
        sentence=sentence,
        remedy=remedy,
        attempts=image.attempts,
    )


def _told(message: str | None) -> tuple[str, str]:
    """What happened and what to do, as two sentences; intake keeps them as one text, "cause; remedy"."""
    if not message:
        return "No reason was kept.", ""
    cause, _, remedy = message.rpartition("; ") if "; " in message else (message, "", "")
    return _sentence(cause), _sentence(remedy)


def _sentence(text: str) -> str:
    stop = "" if not text or text.endswith((".", "!", "?")) else "."
    return f"{text[:1].upper()}{text[1:]}{stop}"


def marked_of(rank: int, study: QueueStudy, image: QueueImage, names: Mapping[str, str]) -> Marked:
    """The row of a marked film; `names` as for the others."""
    return Marked(
        rank=rank,
        accession=study.accession,
        film=os.path.basename(image.path),  # noqa: PTH119 - text, not a file
        source=names[image.root],
        codes=image.marks,
        probability=image.probability,
    )


def withdrawn_of(study: QueueStudy, names: Mapping[str, str], zone: ZoneInfo) -> WithdrawnLine:
    """The row of a study that was taken back whole."""
    return WithdrawnLine(
        study=study.study,
        accession=study.accession,
        films=tuple(os.path.basename(image.path) for image in study.images),  # noqa: PTH119 - text, not a file
        source=names[study.images[0].root],
        withdrawn_at=max(image.withdrawn_at for image in study.images if image.withdrawn_at).astimezone(zone),
    )
