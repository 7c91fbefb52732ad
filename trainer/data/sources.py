"""Finds labelled films and says whose they are; it reads names, tables, hashes and DICOM headers, not pictures.

A source is a folder with ``NORMAL/`` and ``PNEUMONIA/`` (other class folders are left alone), with an optional
``labels.csv`` of a column ``file`` and any of `LABELS_KEYS`; or a folder with a ``manifest.csv``, or such a file.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.population import population_of_age
from trainer.data.films import CLASSES, Film, Part, Source, parse_source
from trainer.data.headers import MAGIC, MAGIC_AT, header_row
from trainer.data.manifest import NAME, read_manifest
from trainer.data.rows import LABELS_KEYS, Row, age_of, patient_of, population_said, subtype_of, weight_of
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["CLASSES", "Film", "Part", "Source", "find_all", "find_films", "parse_source", "patient_of"]

LABELS: Final = "labels.csv"
SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".dcm", ".dicom"})
_CLASSES: Final = "give a folder with NORMAL/ and PNEUMONIA/, or a manifest.csv"
_LABELS: Final = "correct it: a column `file`, and of view, age (years), sex, patient and subtype those that are known"


def read_labels(folder: Path) -> dict[str, dict[str, str]]:
    """All cells of labels.csv by file, stripped; none where there is no such file.

    Raises:
        TrainerError: it cannot be read, has no column `file`, or an age that is none.
    """
    path = folder / LABELS
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = {
                cells["file"]: {key: (value or "").strip() for key, value in cells.items() if isinstance(key, str)}
                for cells in csv.DictReader(stream, restval="")
            }
        for row in rows.values():
            age_of(row)
    except KeyError as error:
        raise TrainerError("read labels", path, f"there is no column {error}", _LABELS) from error
    except (OSError, ValueError, csv.Error) as error:
        raise TrainerError("read labels", path, getattr(error, "strerror", None) or str(error), _LABELS) from error
    return rows


def manifest_of(source: Source) -> Path | None:
    """The manifest that decides what a source's films are, or None where class folders do."""
    if source.base != source.folder:
        return source.folder
    path = source.folder / NAME
    return path if path.is_file() else None


def class_folders(source: Source) -> list[str]:
    """The names of a source's class folders, of whatever class, in order; none where a manifest decides."""
    if manifest_of(source) is not None:
        return []
    try:
        return sorted(p.name for p in source.folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError as error:
        raise TrainerError("read data", source.folder, error.strerror or str(error), _CLASSES) from error


def _refuse(path: Path, error: OSError) -> None:
    raise TrainerError("read film", path, error.strerror or str(error), "make it readable, or remove it") from error


def find_films(source: Source, unreadable: Callable[[Path, OSError], None] = _refuse) -> list[Film]:
    """All labelled films of a source, in the order of their names or of the manifest; a class may have none.

    Args:
        source: the folder or manifest.
        unreadable: told of each file that cannot be read; without it the first one is an error.

    Raises:
        TrainerError: the folder is missing, it holds no film of either class, its tables are wrong, or a file is not
            the one that the manifest was made of.
    """
    films, count = find_classes(source, CLASSES, unreadable)
    if not count:
        raise TrainerError("read data", source.folder, f"it holds no film ({', '.join(sorted(SUFFIXES))})", _CLASSES)
    return films


def find_classes(
    source: Source, classes: Mapping[str, int], unreadable: Callable[[Path, OSError], None] = _refuse
) -> tuple[list[Film], int]:
    """As `find_films`, of class folders of any names with the labels given; and how many files there were.

    A manifest knows the two classes only.
    """
    if not source.base.is_dir() or (source.base != source.folder and not source.folder.exists()):
        what = "folder" if source.base == source.folder else "manifest"
        raise TrainerError("read data", source.folder, f"there is no such {what}", _CLASSES)
    films: list[Film] = []
    count = 0
    for path, label, row in _listed(source, classes):
        count += 1
        try:
            films.append(_film(source, path, label, row))
        except OSError as error:
            unreadable(path, error)
    return films, count


def _listed(source: Source, classes: Mapping[str, int]) -> Iterator[tuple[Path, int, Row]]:
    """Each film's file, label and row, before it is opened."""
    manifest = manifest_of(source)
    if manifest is not None:
        yield from read_manifest(manifest)
        return
    rows = read_labels(source.folder)
    for name, label in classes.items():
        folder = source.folder / name
        try:
            paths = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and _is_film(path))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise TrainerError("read class folder", folder, error.strerror or str(error), _CLASSES) from error
        for path in paths:
            row = rows.get(f"{name}/{path.name}", {})
            yield path, label, {key: row[key] for key in LABELS_KEYS if key in row}


def _is_film(path: Path) -> bool:
    """By its ending, or, as a PACS writes files, no ending (or a UID's last number) and DICOM's magic."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return True
    if suffix and not suffix[1:].isdigit():
        return False
    try:
        with path.open("rb") as stream:
            stream.seek(MAGIC_AT)
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False  # a folder, mostly


def _film(source: Source, path: Path, label: int, row: Row) -> Film:
    """Open a film's file and put together what is said of it: the row first, then the header, then the name."""
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    stated = row.get("sha256", "").lower()
    if stated and stated != sha256:
        cause = f"its content is not what the manifest names (sha256 {sha256[:12]}…, not {stated[:12]}…)"
        remedy = "bring the film back, or make the manifest again"
        raise TrainerError("read film", path, cause, remedy)
    said = {**header_row(data), **{key: value for key, value in row.items() if value}}
    name = said.get("source") or source.name
    relative = path.relative_to(source.base) if path.is_relative_to(source.base) else path
    patient, known = patient_of(name, relative, said)
    age = age_of(said)
    return Film(
        path=path,
        sha256=sha256,
        source=name,
        label=label,
        population=population_of_age(age) if age is not None else population_said(said) or source.population,
        patient=patient,
        age=age,
        sex=said.get("sex", ""),
        view=said.get("view", ""),
        weight=source.weight * weight_of(said),
        known_patient=known,
        subtype=subtype_of(relative, said),
    )


def find_all(sources: Iterable[Source], unreadable: Callable[[Path, OSError], None] = _refuse) -> list[Film]:
    """The films of several sources.

    Raises:
        TrainerError: as `find_films`, or two folders have one name, which manifests and cards go by.
    """
    listed = list(sources)
    check_names(listed)
    return [film for source in listed for film in find_films(source, unreadable)]


def check_names(sources: Iterable[Source]) -> None:
    """Refuse two sources of one name.

    Raises:
        TrainerError: there are two.
    """
    for name, count in Counter(source.name for source in sources).items():
        if count > 1:
            raise TrainerError("read data", name, "two data folders have this name", "rename one")


def need_both_classes(films: Sequence[Film], *sources: Source) -> None:
    """Make sure that there is something to train on: films of both classes.

    Args:
        films: all that was found.
        sources: where; the first one without films of the missing class is named.

    Raises:
        TrainerError: a class has no film; the class folder that is missing or empty is named.
    """
    for name, label in CLASSES.items():
        if any(film.label == label for film in films):
            continue
        other = next(each for each in CLASSES if each != name)
        remedy = f"training needs films of {name} beside those of {other}: add them, or another --data"
        source = sources[0]
        manifest = manifest_of(source)
        if manifest is not None:
            raise TrainerError("train on", manifest, f"it names no film of {name}", remedy)
        folder = source.folder / name
        cause = "the class folder holds no film" if folder.is_dir() else "there is no such class folder"
        raise TrainerError("train on", folder, cause, remedy)
