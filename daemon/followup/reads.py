"""Read events from people and from the RIS: whose study it is, and what a CSV of reads says, row by row."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from daemon.errors import DaemonError
from daemon.followup.spans import moment_of
from daemon.followup.study_rows import StudyRow, study_rows
from db import studies
from db.identity import Identity
from db.records import Study
from db.states import ReadSource

OPERATION: Final = "read reads"
TIME: Final = "read_at"


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One usable row of a CSV of reads: which study, when it was read (UTC), and where it stands in the file."""

    study: str
    read_at: datetime
    lines: str


def study_of(tx: Connection, text: str, identity: Identity) -> Study:
    """The study that a person names: its id, an accession, or the path of an image.

    Raises:
        DaemonError: there is none, or an accession is of several.
    """
    names = identity.names(text)
    several = studies.with_accession(tx, *names)
    if len(several) > 1:
        keys = ", ".join(study.key for study in several)
        raise DaemonError("find study", text, f"the accession belongs to {keys}", "name one of them by its id")
    path = Path(text).absolute()
    real = Path(os.path.realpath(path.parent), path.name)  # roots are known by their real folder; a film may be a link
    found = studies.resolve(tx, text, *names) or studies.resolve(tx, str(path)) or studies.resolve(tx, str(real))
    if found is None:
        raise DaemonError("find study", text, "nothing of that name was seen", "give an id from `cxr-triage queue`")
    return found


def parse_reads(
    path: Path, zone: ZoneInfo, columns: Mapping[str, str] | None = None
) -> Iterator[ReadRow | DaemonError]:
    """Read a CSV with a column `accession`, `study` or `file`, and `read_at` (ISO 8601; no offset: the site's zone).

    Args:
        path: of the file.
        zone: the site's.
        columns: how the file names them, where it does so otherwise.

    Yields:
        A row, or an error that names the line, for each line of the file.

    Raises:
        DaemonError: the file cannot be read, or has no usable columns.
    """
    for row in study_rows(path, OPERATION, TIME, called=columns):
        yield row if isinstance(row, DaemonError) else _row(row, path, zone)


def _row(row: StudyRow, path: Path, zone: ZoneInfo) -> ReadRow | DaemonError:
    try:
        return ReadRow(row.study, moment_of(row.cells[TIME], zone), row.lines)
    except ValueError:
        remedy = "write it as 2026-11-22T07:45:00+01:00"
        return DaemonError(OPERATION, path, f"{row.lines} has no usable read_at", remedy)


def mark_read(tx: Connection, study: Study, read_at: datetime, now: datetime, source: ReadSource) -> None:
    """Take a study out of the queue."""
    studies.add_read(tx, study.id, read_at=read_at, now=now, source=source)
