"""Reads tables that other programs export as CSV, row by row; what is malformed is named by its lines."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.errors import DaemonError

LARGEST: Final = 64 << 20  # bytes: a year of a large hospital's films; more is another file, or has no end
DELIMITERS: Final = (",", ";", "\t")  # a German Excel writes semicolons
UTF_8: Final = ("utf-8-sig",)
ANY_TEXT: Final = ("utf-8-sig", "latin-1")  # the second reads whatever it is given: for names that are only compared


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands in the file, for people, and its cells, stripped, by the names of the columns."""

    lines: str  # "line 7", "lines 7 to 9"
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV that could be read; `columns` are named as the first row names them, without white space around."""

    path: Path
    operation: str
    columns: Sequence[str]
    rows: Iterator[Row | DaemonError]


def plain(name: str) -> str:
    """A column's name without what its writing may add: `Accession_Number` and `accession number` are one."""
    return re.sub(r"[\W_]+", "", name.casefold())


def read_table(path: Path, operation: str, encodings: Sequence[str]) -> Table:
    """Read a CSV whose first row names the columns.

    Args:
        path: a file, or a pipe.
        operation: what it is read for, as errors say it.
        encodings: tried in this order; UTF-16 is taken where the file says so itself.

    Raises:
        DaemonError: it cannot be read, or is no text in these encodings.
    """
    text = _decoded(path, operation, _bytes(path, operation), encodings)
    stream = io.StringIO(text, newline="")
    head = stream.readline()
    delimiter = max(DELIMITERS, key=lambda each: len(_cells(head, each)))  # the first, where no column is parted
    stream.seek(0)
    # strict: a stray quotation mark would silently take the rows after it for its own cell
    reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        columns = tuple(name.strip() for name in next(reader, []))
    except csv.Error as error:
        raise DaemonError(operation, path, f"line 1: {error}", "mend the names of its columns") from error
    return Table(path, operation, columns, _rows(reader, lambda: reader.line_num, columns, path, operation))


def _bytes(path: Path, operation: str) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        cause = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DaemonError(operation, path, cause, "give a CSV that can be read") from error
    if len(data) > LARGEST:
        raise DaemonError(operation, path, f"it is larger than {LARGEST >> 20} MiB", "export a shorter time")
    return data


def _decoded(path: Path, operation: str, data: bytes, encodings: Sequence[str]) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # Excel's "Unicode text"
        encodings = ("utf-16", *encodings)
    fault: Exception | None = None
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            fault = error
    raise DaemonError(operation, path, str(fault), "give a CSV in UTF-8") from fault


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _rows(
    reader: Iterator[list[str]], line: Callable[[], int], columns: Sequence[str], path: Path, operation: str
) -> Iterator[Row | DaemonError]:
    """Every row after the first; a malformed one as an error, after which the next line begins a new one."""
    while True:
        first = line() + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield DaemonError(operation, path, f"{_lines(first, line())}: {error}", "mend the row")
            continue
        if any(cell.strip() for cell in cells):
            named: dict[str, str] = {}
            for name, cell in zip(columns, cells, strict=False):  # too many and too few cells: so programs export them
                named.setdefault(name, cell.strip())
            yield Row(_lines(first, line()), named)


def _lines(first: int, last: int) -> str:
    return f"line {first}" if last <= first else f"lines {first} to {last}"
