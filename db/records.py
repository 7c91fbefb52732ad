"""What the queries give back: frozen values, times aware and in UTC, paths as `str` with surrogate escapes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self

from db.states import ReadSource, RootState, RunKind, State, Verdict

INT64: Final = 1 << 63


def signed64(number: int) -> int:
    """The number in 64 signed bits: inodes from 2**63 up wrap (CIFS and FUSE give such), all else is clamped."""
    if INT64 <= number < 2 * INT64:
        return number - 2 * INT64
    return max(-INT64, min(number, INT64 - 1))


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What the file system says of a file without reading it; a change only triggers a fresh hash."""

    size: int  # bytes
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int

    @property
    def mark(self) -> str:
        """What a file that is rewritten on purpose is told by: the words that a canary's row keeps."""
        return f"{self.mtime_ns} {self.size} {self.inode}"

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """The stamp of a stat result, in numbers that every database keeps exactly."""
        return cls(
            size=signed64(status.st_size),
            mtime_ns=signed64(status.st_mtime_ns),
            ctime_ns=signed64(status.st_ctime_ns),
            inode=signed64(status.st_ino),
            device=signed64(status.st_dev),
        )


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What a file says of itself and what was concluded from it; None where it says nothing."""

    format: str | None = None
    population: str | None = None
    tier: str | None = None
    age_years: float | None = None
    view: str | None = None
    body_part: str | None = None
    modality: str | None = None
    accession: str | None = None
    study_uid: str | None = None
    instance_uid: str | None = None
    acquired_at: str | None = None  # local wall clock, as the file gives it
    believed: str | None = None  # which of age, view and modality the file says, separated by blanks
    marks: str | None = None  # codes of findings that the site lets pass with a mark, separated by blanks
    urgency: str | None = None  # that the request asks for: stat, urgent or routine
    measures: str | None = None  # of the picture as a whole, see `models.film_statistics`; they name nobody


@dataclass(frozen=True, slots=True)
class Root:
    """A watched folder."""

    id: int
    path: str  # absolute
    added_at: datetime
    first_scanned_at: datetime | None  # end of the first complete rescan; what lay there before is backlog
    rescan_started_at: datetime | None
    rescan_ended_at: datetime | None
    state: RootState
    message: str | None
    selection: str | None = None  # JSON
    place: str | None = None
    newest_ctime_ns: int | None = None
    events: bool | None = None
    canary_stamp: str | None = None
    canary_seen_at: datetime | None = None
    retired_at: datetime | None = None
    drift: str | None = None  # JSON


@dataclass(frozen=True, slots=True)
class BlindSpan:
    """A time in which a root could not be seen; `ended_at` is None while it cannot."""

    id: int
    root_id: int
    began_at: datetime
    ended_at: datetime | None
    cause: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a rescan needs to know of an arrival; the rest of its columns costs three times as much."""

    id: int
    root_id: int
    path: str  # relative to the root
    generation: int
    state: State
    removed_at: datetime | None
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class Arrival:
    """One content generation of one path in one root."""

    id: int
    root_id: int
    path: str  # relative to the root
    generation: int
    state: State
    code: str | None
    message: str | None
    stamp: FileStamp
    sha256: str | None
    study_id: int | None
    result_id: int | None
    duplicate_of: int | None
    superseded_by: int | None
    facts: FilmFacts
    attempts: int
    not_before: datetime | None
    backlog: bool
    steps: int  # lines in its history
    arrived_at: datetime
    changed_at: datetime
    removed_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_by: int | None  # the arrival of the note that took it back


@dataclass(frozen=True, slots=True)
class Study:
    """What is read together; `key` is the opaque name that commands take."""

    id: int
    key: str
    group_key: str
    accession: str | None
    created_at: datetime
    requested_urgency: str


@dataclass(frozen=True, slots=True)
class Result:
    """One score: of one content, by one model, through one preprocessing.

    `unlikeness` is how unlike the films that the bundle was made of this one is, as log odds; None of a bundle without
    a gate, and of what was scored before version 0.4.
    """

    id: int
    content_sha256: str
    model_sha256: str
    preprocessing: int
    logit: float
    map: bytes | None
    bundle_id: int
    scored_at: datetime
    milliseconds: float
    unlikeness: float | None = None


@dataclass(frozen=True, slots=True)
class BundleRow:
    """A bundle that scored something; its document (JSON text) stays, so that old scores keep their thresholds."""

    id: int
    model_sha256: str
    name: str
    preprocessing: int
    document: str
    document_sha256: str
    first_used_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingImage:
    """One image of a study that nobody has read yet."""

    study_id: int
    study_key: str
    accession: str | None
    urgency: str
    root_path: str
    path: str  # relative to the root
    arrival_id: int
    sha256: str | None
    state: State
    code: str | None
    message: str | None
    logit: float | None
    bundle_id: int | None
    population: str | None
    tier: str | None
    age_years: float | None
    view: str | None
    arrived_at: datetime
    acquired_at: str | None
    backlog: bool
    removed_at: datetime | None
    attempts: int
    marks: str | None  # codes of findings, separated by blanks
    withdrawn_at: datetime | None
    duplicates: tuple[str, ...]  # absolute paths of the same content that are still there
    blind: bool = False  # its score is kept from everybody until there is a verdict on its study

    @property
    def absolute_path(self) -> str:
        """Where the image lies, or lay."""
        return os.path.join(self.root_path, self.path)  # noqa: PTH118  (pathlib would cost a second at 100,000 rows)


@dataclass(frozen=True, slots=True)
class LastRead:
    """The study of an urgency that was read last: when that became known, and when and through which roots it came."""

    event: int  # number of the read; a later one has a higher one
    urgency: str
    recorded_at: datetime
    arrived_at: datetime
    backlog: bool
    root_paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One transition of an arrival."""

    id: int
    arrival_id: int
    sequence: int  # 1, 2, ... for each arrival
    at: datetime
    from_state: State | None  # None in the first line only
    to_state: State
    reason: str


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """Somebody read a study."""

    id: int
    study_id: int
    read_at: datetime
    recorded_at: datetime
    source: ReadSource
    by: str | None


@dataclass(frozen=True, slots=True)
class Review:
    """A reader's verdict on a study."""

    id: int
    study_id: int
    verdict: Verdict
    by: str | None
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report of one site and date; `id` is None before the store has it."""

    site: str
    report_date: date
    window_start: datetime
    window_end: datetime
    scheduled_at: datetime | None
    written_at: datetime
    folder: str | None
    formats: str  # "html,csv,json"
    figures: str | None = None  # JSON
    id: int | None = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a command that takes films in; unclean when it is the newest and has no `stopped_at`."""

    id: int
    kind: RunKind
    pid: int
    host: str
    started_at: datetime
    heartbeat_at: datetime
    stopped_at: datetime | None
    bundle_id: int | None


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something in the store that does not hold together."""

    kind: str
    subject: str  # the file's absolute path where known, else e.g. "arrival 7"
    text: str
