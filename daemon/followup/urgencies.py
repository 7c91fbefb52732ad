"""A table of urgencies that the RIS exported, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daemon.errors import DaemonError
from daemon.followup.study_rows import study_rows
from db.studies import URGENCIES

OPERATION: Final = "read urgencies"
URGENCY: Final = "urgency"


def parse_urgencies(path: Path) -> Iterator[tuple[str, str] | DaemonError]:
    """Read a CSV with a column `accession`, `study` or `file`, and `urgency`: stat, urgent or routine.

    Yields:
        The study's name and its urgency, or an error that names the line, for each row.

    Raises:
        DaemonError: the file cannot be read, or has no usable columns.
    """
    for row in study_rows(path, OPERATION, URGENCY):
        if isinstance(row, DaemonError):
            yield row
        elif (urgency := row.cells[URGENCY].lower()) in URGENCIES:
            yield row.study, urgency
        else:
            yield DaemonError(OPERATION, path, f"{row.lines} has no usable urgency", "write stat, urgent or routine")
