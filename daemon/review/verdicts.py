"""Verdicts from a table: what each row says, and whether it was said before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from daemon.errors import DaemonError
from daemon.followup.reads import KEYS, study_of
from daemon.followup.spans import moment_of
from daemon.followup.tables import UTF_8, Row, read_table
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
    table = read_table(path, OPERATION, UTF_8)
    names = {name.lower(): name for name in reversed(table.columns)}
    if "verdict" not in names or not any(key in names for key in KEYS):
        remedy = "name them accession (or study, or file) and verdict, and perhaps by, note and at"
        raise DaemonError(OPERATION, path, "its columns are not usable", remedy)
    for row in table.rows:
        yield row if isinstance(row, DaemonError) else _row(row, names, path, zone, now)


def _row(row: Row, names: Mapping[str, str], path: Path, zone: ZoneInfo, now: datetime) -> VerdictRow | DaemonError:
    cells = {name: row.cells.get(written, "") for name, written in names.items()}
    study = next((value for key in KEYS if (value := cells.get(key, ""))), "")
    if not study:
        return DaemonError(OPERATION, path, f"{row.lines} names no study", "fill in accession, study or file")
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
    return VerdictRow(study, verdict, cells.get("by") or None, cells.get("note") or None, at, row.lines)


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
