"""A table of urgencies that the RIS exported, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daemon.errors import DaemonError
from daemon.followup.reads import KEYS
from daemon.followup.tables import UTF_8, read_table
from db.studies import URGENCIES

OPERATION: Final = "read urgencies"


def parse_urgencies(path: Path) -> Iterator[tuple[str, str] | DaemonError]:
    """Read a CSV with a column `accession`, `study` or `file`, and `urgency`: stat, urgent or routine.

    Yields:
        The study's name and its urgency, or an error that names the line, for each row.

    Raises:
        DaemonError: the file cannot be read, or has no usable columns.
    """
    table = read_table(path, OPERATION, UTF_8)
    names = {name.lower(): name for name in reversed(table.columns)}
    keys = [names[key] for key in KEYS if key in names]
    if not keys or "urgency" not in names:
        remedy = "name them accession (or study, or file) and urgency"
        raise DaemonError(OPERATION, path, "its columns are not usable", remedy)
    for row in table.rows:
        if isinstance(row, DaemonError):
            yield row
            continue
        study = next((value for key in keys if (value := row.cells.get(key, ""))), "")
        urgency = row.cells.get(names["urgency"], "").lower()
        if not study:
            yield DaemonError(OPERATION, path, f"{row.lines} names no study", "fill in accession, study or file")
        elif urgency not in URGENCIES:
            yield DaemonError(OPERATION, path, f"{row.lines} has no usable urgency", "write stat, urgent or routine")
        else:
            yield study, urgency
