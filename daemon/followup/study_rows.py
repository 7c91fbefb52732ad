"""Tables whose rows are each about one study: finds the columns, names the rows that are malformed, does the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from daemon.errors import DaemonError
from daemon.followup.tables import UTF_8, read_table

KEYS: Final = ("study", "accession", "file")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One row: what it calls its study, its cells by our names of the columns, and where it stands, for people."""

    study: str
    cells: Mapping[str, str]
    lines: str


def study_rows(
    path: Path, operation: str, needed: str, *more: str, called: Mapping[str, str] | None = None
) -> Iterator[StudyRow | DaemonError]:
    """Read a CSV with a column `accession`, `study` or `file` and one that is needed.

    Args:
        path: of the file.
        operation: what it is read for, as errors say it.
        needed: the column that it must have besides.
        more: columns that it may have.
        called: how the file names columns, where it does so otherwise.

    Yields:
        A row, or an error that names the line and never what stands in it, for each line of the file.

    Raises:
        DaemonError: the file cannot be read, or has no usable columns.
    """
    table = read_table(path, operation, UTF_8)
    names = {name.lower(): name for name in reversed(table.columns)}
    theirs = {ours: (called or {}).get(ours, ours).lower() for ours in (*KEYS, needed, *more)}
    found = {ours: names[name] for ours, name in theirs.items() if name in names}
    if needed not in found or not any(key in found for key in KEYS):
        perhaps = f", and perhaps {', '.join(more[:-1])} and {more[-1]}" if more else ""
        remedy = f"name them {theirs['accession']} (or {theirs['study']}, or {theirs['file']}) and {theirs[needed]}"
        raise DaemonError(operation, path, "its columns are not usable", remedy + perhaps)
    for row in table.rows:
        if isinstance(row, DaemonError):
            yield row
            continue
        cells = {ours: row.cells.get(name, "") for ours, name in found.items()}
        study = next((value for key in KEYS if (value := cells.get(key, ""))), "")
        if study:
            yield StudyRow(study, cells, row.lines)
        else:
            yield DaemonError(operation, path, f"{row.lines} names no study", "fill in accession, study or file")


def through(items: Iterable[Item | DaemonError], do: Callable[[Item], bool]) -> tuple[Counter[bool], list[DaemonError]]:
    """Do each item that is one; a fault of one of them stops no other.

    Args:
        items: with an error in the place of each that is malformed.
        do: says whether there was anything to do; raises a DaemonError where it cannot be done.

    Returns:
        How many were done (True) and had been before (False), and the faults.
    """
    done, faults = Counter[bool](), list[DaemonError]()
    for item in items:
        if isinstance(item, DaemonError):
            faults.append(item)
            continue
        try:
            done[do(item)] += 1
        except DaemonError as error:
            faults.append(error)
    return done, faults
