"""Verdicts from a table: what each row says, and whether it was said before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from daemon.errors import DaemonError
from daemon.followup.reads import study_of
from daemon.followup.spans import moment_of
from daemon.followup.study_rows import StudyRow, study_rows
from db import studies
from db.identity import Identity
from db.states import Verdict

OPERATION: Final = "read verdicts"
AHEAD: Final = timedelta(hours=1)  # that another clock may be; what is later would stay the last word for long


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One usable row; `at` is None where the table does not say when."""

    study: str
    verdict: Verdict
    by: str | None
    note: str | None
    at: datetime | None
    lines: str


def parse_verdicts(path: Path, zone: ZoneInfo, now: datetime) -> Iterator[VerdictRow | DaemonError]:
    """Read a CSV with a column `study`, `accession` or `file`, one `verdict`, and perhaps `by`, `note` and `at`.

    Args:
        path: of the file.
        zone: the site's, for times without an offset.
        now: aware; a verdict from the future is malformed.

    Yields:
        A row, or an error that names the line and never what stands in it, for each line of the file.

    Raises:
        DaemonError: the file cannot be read, or has no usable columns.
    """
    for row in study_rows(path, OPERATION, "verdict", "by", "note", "at"):
        yield row if isinstance(row, DaemonError) else _row(row, path, zone, now)


def _row(row: StudyRow, path: Path, zone: ZoneInfo, now: datetime) -> VerdictRow | DaemonError:
    cells = row.cells
    try:
        verdict = Verdict(cells["verdict"].lower())
    except ValueError:
        return DaemonError(OPERATION, path, f"{row.lines} has no usable verdict", f"write {', '.join(Verdict)}")
    text = cells.get("at", "")
    try:
        at = moment_of(text, zone) if text else None
    except ValueError:
        return DaemonError(OPERATION, path, f"{row.lines} has no usable at", "write it as 2026-11-22T07:45:00+01:00")
    if at is not None and at > now + AHEAD:
        return DaemonError(OPERATION, path, f"{row.lines} lies in the future", "mend the time in at, or the clock")
    return VerdictRow(row.study, verdict, cells.get("by") or None, cells.get("note") or None, at, row.lines)


def take_in(tx: Connection, row: VerdictRow, identity: Identity, now: datetime) -> bool:
    """Keep the verdict of a row; False where it is kept already, so that a table may be given again.

    A row without a time says the same as any earlier one with its words.

    Raises:
        DaemonError: it names no study, or several.
    """
    study = study_of(tx, row.study, identity)
    for known in studies.reviews(tx, study.id):
        same = (known.verdict, known.by, known.note) == (row.verdict, row.by, row.note)
        if same and row.at in (None, known.at):
            return False
    studies.add_review(tx, study.id, row.verdict, now, by=row.by, note=row.note, at=row.at)
    return True
