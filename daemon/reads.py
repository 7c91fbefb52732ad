"""Read events from people and from the RIS: whose study it is, and what a CSV of reads says, row by row."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from daemon.errors import DaemonError
from db import studies
from db.records import Study
from db.states import ReadSource

KEYS: Final = ("study", "accession", "file")


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One usable row of a CSV of reads: which study, when it was read (aware), and its line in the file."""

    study: str
    read_at: datetime
    line: int


def study_of(tx: Connection, text: str) -> Study:
    """The study that a person names: its id, an accession, or the path of an image.

    Raises:
        DaemonError: there is none, or an accession is of several.
    """
    several = studies.with_accession(tx, text)
    if len(several) > 1:
        keys = ", ".join(study.key for study in several)
        raise DaemonError("find study", text, f"the accession belongs to {keys}", "name one of them by its id")
    path = Path(text).absolute()
    real = Path(os.path.realpath(path.parent), path.name)  # roots are known by their real folder; a film may be a link
    found = studies.resolve(tx, text) or studies.resolve(tx, str(path)) or studies.resolve(tx, str(real))
    if found is None:
        raise DaemonError("find study", text, "nothing of that name was seen", "give an id from `cxr-triage queue`")
    return found


def parse_reads(path: Path, zone: ZoneInfo) -> Iterator[ReadRow | DaemonError]:
    """Read a CSV with a column `accession`, `study` or `file`, and `read_at` (ISO 8601; no offset: the site's zone).

    Yields:
        A row, or an error that names the line, for each line of the file.

    Raises:
        DaemonError: the file cannot be read, or has no usable columns.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            head = stream.readline()
            stream.seek(0)
            rows = csv.DictReader(stream, delimiter=";" if ";" in head else ",")  # as a German Excel writes it
            rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
            columns = [key for key in KEYS if key in rows.fieldnames]
            if not columns or "read_at" not in rows.fieldnames:
                raise DaemonError(
                    "read reads",
                    path,
                    "its columns are not usable",
                    "name them accession (or study, or file) and read_at",
                )
            for row in rows:
                yield _row(row, columns, path, rows.line_num, zone)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        cause = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DaemonError("read reads", path, cause, "give a CSV in UTF-8") from error


def _row(row: dict[str, str], columns: Sequence[str], path: Path, line: int, zone: ZoneInfo) -> ReadRow | DaemonError:
    study = next((value.strip() for key in columns if (value := row.get(key) or "").strip()), "")
    if not study:
        return DaemonError("read reads", path, f"line {line} names no study", "fill in accession, study or file")
    try:
        moment = datetime.fromisoformat((row.get("read_at") or "").strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day of the calendar have no UTC time everywhere
        return DaemonError(
            "read reads", path, f"line {line} has no usable read_at", "write it as 2026-11-22T07:45:00+01:00"
        )
    return ReadRow(study, moment, line)


def mark_read(tx: Connection, study: Study, read_at: datetime, now: datetime, source: ReadSource) -> None:
    """Take a study out of the queue."""
    studies.add_read(tx, study.id, read_at=read_at, now=now, source=source)
