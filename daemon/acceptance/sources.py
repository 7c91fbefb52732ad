"""Finds the site's own films with their labels: class folders or a manifest, in the trainer's format; it opens no film.

`daemon` may not import `trainer`: its names of classes and columns are said here again; a test holds both together.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daemon.errors import DaemonError
from daemon.explain.survey import Folder
from daemon.followup.tables import UTF_8, Row, read_table
from daemon.intake.listing import Listing, list_root
from db.records import FileStamp
from models.population import Population, population_of_age

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES: Final = {"NORMAL": False, "PNEUMONIA": True}
MANIFEST: Final = "manifest.csv"
OLDEST: Final = 150.0  # years
_LABELS: Final = {**CLASSES, "0": False, "1": True}
_OPERATION: Final = "read the site's films"
_REMEDY: Final = f"give a folder with the subfolders {' and '.join(CLASSES)}, or a CSV with the columns file and label"


@dataclass(frozen=True, slots=True)
class Label:
    """What a film shows, and whose it is; None where nobody says."""

    pneumonia: bool
    patient: str | None = None


@dataclass(slots=True)
class Labelled:
    """Films with their labels.

    Attributes:
        folders: what is to be scored; films of one population stand together.
        labels: by path.
        other_ages: rows whose age no operating point is for; their films are not looked at.
    """

    folders: list[Folder] = field(default_factory=list)
    labels: dict[str, Label] = field(default_factory=dict)
    other_ages: int = 0

    @property
    def patients_known(self) -> bool:
        """Whether every film says whose it is."""
        return bool(self.labels) and all(label.patient is not None for label in self.labels.values())


def labelled(path: Path, declared: Population | None) -> Labelled:
    """The films of a folder or of a manifest.

    Args:
        path: a folder with class folders, or with a manifest.csv, which then decides; or a manifest.
        declared: who is on films that state no age.

    Raises:
        DaemonError: there is neither, a folder cannot be listed, or a row of the manifest makes no sense.
    """
    if path.is_file():
        return _of_manifest(path, declared)
    if (path / MANIFEST).is_file():
        return _of_manifest(path / MANIFEST, declared)
    found = Labelled()
    for name, pneumonia in CLASSES.items():
        folder = path / name
        if not folder.is_dir():
            raise DaemonError(_OPERATION, folder, "there is no such class folder", _REMEDY)
        listing = list_root(folder)
        if listing.unseen or listing.too_deep:
            cause = "some of the folders in it cannot be listed, or lie too deep"
            raise DaemonError(_OPERATION, folder, cause, "give permission to read all of it, and keep it flat")
        found.folders.append(Folder(folder, listing, declared))
        found.labels |= {os.fspath(folder / relative): Label(pneumonia) for relative in listing.files}
    return found


def _of_manifest(path: Path, declared: Population | None) -> Labelled:
    table = read_table(path, _OPERATION, UTF_8)
    for column in ("file", "label"):
        if column not in table.columns:
            raise DaemonError(_OPERATION, path, f"it has no column {column}", _REMEDY)
    found, listings, seen = Labelled(), dict[Population | None, Listing](), Counter[str]()
    for row in _usable(table.rows):
        where = path.parent / _cell(row, "file", path)
        label = row.cells.get("label", "")
        if label not in _LABELS:
            remedy = f"write {' or '.join(CLASSES)}; leave other films out"
            raise DaemonError(_OPERATION, path, f"{row.lines} has no usable label", remedy)
        seen[os.path.normpath(where)] += 1
        if seen[os.path.normpath(where)] > 1:
            raise DaemonError(_OPERATION, path, f"{row.lines} names a film that stands above", "name each film once")
        age = _age(row, path)
        who = _population(row, path) or declared if age is None else population_of_age(age)
        if age is not None and who is None:
            found.other_ages += 1
            continue
        found.labels[os.fspath(where)] = Label(_LABELS[label], row.cells.get("patient") or None)
        listings.setdefault(who, Listing()).files[row.cells["file"]] = _stamp(where)
    found.folders = [Folder(path.parent, listing, who) for who, listing in listings.items()]
    return found


def _usable(rows: Iterator[Row | DaemonError]) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, DaemonError):
            raise row
        yield row


def _cell(row: Row, column: str, path: Path) -> str:
    text = row.cells.get(column, "")
    if not text or "\0" in text:
        raise DaemonError(_OPERATION, path, f"{row.lines} names no {column}", "fill it in, or take the row out")
    return text


def _age(row: Row, path: Path) -> float | None:
    text = row.cells.get("age", "")
    if not text:
        return None
    try:
        age = float(text)
    except ValueError:
        age = -1.0
    if not 0 <= age <= OLDEST:
        raise DaemonError(_OPERATION, path, f"{row.lines} has no usable age", "write it in years, or leave it empty")
    return age


def _population(row: Row, path: Path) -> Population | None:
    text = row.cells.get("population", "")
    if text and text not in tuple(Population):
        raise DaemonError(_OPERATION, path, f"{row.lines} has no usable population", f"write {', '.join(Population)}")
    return Population(text) if text else None


def _stamp(path: Path) -> FileStamp:
    """What is seen of a file from outside; of one that is not there, nothing: reading says what is wrong with it."""
    try:
        return FileStamp.of(path.lstat())
    except OSError:
        return FileStamp(0, 0, 0, 0, 0)
