"""The manifest of films: the one place where its columns are defined, read and written; it opens no film.

A row is a film. What other commands add as further columns (`part`) is left alone here.
"""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trainer.data.films import CLASSES, Film, Part
from trainer.data.rows import Row, age_of, number_text, population_said, weight_of
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAME: Final = "manifest.csv"
COLUMNS: Final = {
    "file": "the film, relative to the manifest's folder, or an absolute path; required",
    "label": "NORMAL or PNEUMONIA, or 0 or 1; required",
    "sha256": "of the file's content; where it is given, a file that differs is an error",
    "patient": "films of one patient never part; with a colon (`clinic:17`) the same patient in every source",
    "age": "in years, 0 to 150",
    "sex": "F, M or whatever the files say; with the age it bounds the patient where none is named",
    "view": "PA or AP; batches are balanced by it",
    "subtype": "of the finding, such as virus or bacteria",
    "weight": "of the film in training, above 0 and at most 1; times that of `--data`",
    "population": "children or adults, for a film without an age",
    "source": "the set the film came from; without it the name of the folder",
}
REQUIRED: Final = ("file", "label")
PART: Final = "part"
_NAMES: Final = {label: name for name, label in CLASSES.items()}
_LABELS: Final = {**CLASSES, **{str(label): label for label in _NAMES}}
_REMEDY: Final = "correct it: comma-separated, with columns `file` and `label` (docs/model-builders.md)"


def read_manifest(path: Path) -> list[tuple[Path, int, Row]]:
    """File, label (0 or 1) and the other cells of each row, in the rows' order.

    Raises:
        TrainerError: it cannot be read, lacks a column, names a file twice, or has a cell that makes no sense.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return list(_rows(csv.DictReader(stream), path.parent))
    except (OSError, ValueError, csv.Error) as error:
        raise TrainerError("read manifest", path, getattr(error, "strerror", None) or str(error), _REMEDY) from error


def _rows(reader: csv.DictReader[str], base: Path) -> Iterator[tuple[Path, int, Row]]:
    for column in REQUIRED:
        if column not in (reader.fieldnames or ()):
            raise ValueError(f"there is no column `{column}`")
    seen: dict[str, int] = {}
    for cells in reader:
        line = reader.line_num
        row = {key: (cells.get(key) or "").strip() for key in COLUMNS}
        file = cells["file"] or ""
        if not file or "\0" in file:
            raise ValueError(f"line {line} names no file")
        if row["label"] not in _LABELS:
            names = " nor ".join(CLASSES)
            raise ValueError(f"line {line}: the label {row['label']!r} is neither {names}; leave other films out")
        try:
            age_of(row), weight_of(row), population_said(row)
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from error
        where = base / file
        if (first := seen.setdefault(os.path.abspath(where), line)) != line:  # noqa: PTH100 - no link is followed
            raise ValueError(f"lines {first} and {line} name one file, {file}")
        yield where, _LABELS[row["label"]], row
    if not seen:
        raise ValueError("it names no film")


def manifest_text(films: Sequence[Film], parts: Mapping[str, Part] | None = None, base: Path | None = None) -> str:
    """A manifest as CSV (UTF-8), one line a film, in the films' order.

    Read back it gives the same films. Paths and patients are patient data: keep it where the films may be kept.

    Args:
        films: what to name.
        parts: of a split, by content hash; they are written as a column `part`.
        base: the manifest's folder; films below it are named relative to it, all others by absolute paths.

    Raises:
        TrainerError: a film's name is not UTF-8.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")  # RFC 4180; with "\n" Python leaves a "\r" in a name unquoted
    writer.writerow((*COLUMNS, *(() if parts is None else (PART,))))
    for film in films:
        cells = (*_cells(film, base), *(() if parts is None else (parts[film.sha256],)))
        writer.writerow(cells)
    return stream.getvalue()


def _cells(film: Film, base: Path | None) -> tuple[str, ...]:
    absolute = Path(os.path.abspath(film.path))  # noqa: PTH100 - resolve() would follow links
    root = None if base is None else Path(os.path.abspath(base))  # noqa: PTH100
    file = str(absolute.relative_to(root) if root is not None and absolute.is_relative_to(root) else absolute)
    try:
        file.encode()
    except UnicodeEncodeError as error:
        raise TrainerError("write manifest", repr(file), "the film's name is not UTF-8", "rename the film") from error
    return (
        file,
        _NAMES[film.label],
        film.sha256,
        film.patient if film.known_patient else "",  # otherwise age and sex say it again
        "" if film.age is None else number_text(film.age),
        film.sex,
        film.view,
        film.subtype,
        number_text(film.weight),
        "" if film.population is None or film.age is not None else film.population,
        film.source,
    )
