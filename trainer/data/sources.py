"""Finds labelled films in folders and says whose they are; it reads names, labels.csv and hashes, not pictures.

A source is a folder with ``NORMAL/`` and ``PNEUMONIA/`` (other class folders are left alone). An optional
``labels.csv`` with a column ``file`` may add ``view``, ``age``, ``sex`` and ``patient``.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.population import Population, population_of_age
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_USAGE: Final = "write DIR[,weight=W][,population=children|adults]"
CLASSES: Final = {"NORMAL": 0, "PNEUMONIA": 1}
ROW_KEYS: Final = frozenset({"patient", "age", "sex", "view"})
_CLASSES: Final = "give a folder with NORMAL/ and PNEUMONIA/"
_LABELS: Final = "correct it: a column `file`, and of view, age (years), sex and patient those that are known"
SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".dcm"})
_OPTIONS: Final = re.compile(r"(?:,[^,=/]+=[^,=/]*)*$")
_KERMANY: Final = re.compile(r"(?:person(?P<person>\d+)_|(?:NORMAL2-)?IM-(?P<normal>\d+)-)")


class Part(StrEnum):
    """Which part of a split a film belongs to."""

    TRAIN = "train"
    VALIDATION = "validation"
    EXCLUDED = "excluded"  # could leak: of a held-out patient's age, or of a patient with films on both sides


@dataclass(frozen=True, slots=True)
class Source:
    """One ``--data`` argument: ``DIR[,weight=W][,population=children|adults]``."""

    folder: Path
    weight: float = 1.0
    population: Population | None = None

    @property
    def name(self) -> str:
        """The folder's own name, which stands in manifests and cards."""
        return self.folder.resolve().name


@dataclass(frozen=True, slots=True)
class Film:
    """One labelled film on disk."""

    path: Path
    sha256: str
    source: str
    label: int
    population: Population | None
    patient: str  # unique within all sources; films that share it never part
    age: float | None = None
    sex: str = ""
    view: str = ""
    weight: float = 1.0
    known_patient: bool = True  # False where only age and sex tell patients apart


def parse_source(text: str) -> Source:
    """Read one ``--data`` argument; a comma in a folder's name is part of it unless ``key=value`` pairs follow it.

    Raises:
        TrainerError: an unknown key, or a value that is no weight or population.
    """
    folder = _OPTIONS.sub("", text)
    options = text[len(folder) :].split(",")[1:]
    weight, population = 1.0, None
    for option in options:
        key, _, value = option.partition("=")
        try:
            if key == "weight":
                weight = float(value)
                if not 0.0 < weight <= 1.0:
                    raise ValueError("a weight lies above 0 and at most at 1")
            elif key == "population":
                population = Population(value)
            else:
                raise ValueError(f"unknown key {key!r}")
        except ValueError as error:
            raise TrainerError("read --data", text, str(error), _USAGE) from error
    if not folder:
        raise TrainerError("read --data", repr(text), "it names no folder", _USAGE)
    return Source(Path(folder), weight, population)


def patient_of(source: str, relative: Path, row: Mapping[str, str]) -> tuple[str, bool]:
    """Whose film it is, and whether that is known or only bounded by age and sex."""
    if row.get("patient"):
        return f"{source}:{row['patient']}", True
    if row.get("age") and row.get("sex"):
        return f"{source}:{row['sex']}:{row['age']}", False
    if match := _KERMANY.match(relative.name):
        # IM-0115 and NORMAL2-IM-0115 may or may not be one child; together is the side that cannot leak.
        return f"kermany:{'person' if match['person'] else 'IM'}{int(match['person'] or match['normal'])}", True
    return f"{source}:{relative.as_posix()}", True


def _labels(folder: Path) -> dict[str, dict[str, str]]:
    """The rows of labels.csv by file; none where there is no such file."""
    path = folder / "labels.csv"
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = {
                row["file"]: {key: (row[key] or "").strip() for key in ROW_KEYS & row.keys()}
                for row in csv.DictReader(stream)
            }
        for row in rows.values():
            if row.get("age") and not 0.0 <= float(row["age"]) <= 150.0:
                raise ValueError(f"{row['age']} is no age in years")
    except KeyError as error:
        raise TrainerError("read labels", path, f"there is no column {error}", _LABELS) from error
    except (OSError, ValueError, csv.Error) as error:
        raise TrainerError("read labels", path, getattr(error, "strerror", None) or str(error), _LABELS) from error
    return rows


def _refuse(path: Path, error: OSError) -> None:
    raise TrainerError("read film", path, error.strerror or str(error), "make it readable, or remove it") from error


def find_films(source: Source, unreadable: Callable[[Path, OSError], None] = _refuse) -> list[Film]:
    """All labelled films of a source, in the order of their names; a class without a folder has none.

    Args:
        source: the folder.
        unreadable: told of each file that cannot be read; without it the first one is an error.

    Raises:
        TrainerError: the folder is missing, or it holds no film of either class.
    """
    if not source.folder.is_dir():
        raise TrainerError("read data", source.folder, "there is no such folder", _CLASSES)
    rows = _labels(source.folder)
    films: list[Film] = []
    count = 0
    for name, label in CLASSES.items():
        folder = source.folder / name
        try:
            paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise TrainerError("read class folder", folder, error.strerror or str(error), _CLASSES) from error
        for path in paths:
            count += 1
            try:
                films.append(_film(source, path, label, rows))
            except OSError as error:
                unreadable(path, error)
    if not count:
        raise TrainerError("read data", source.folder, f"it holds no film ({', '.join(sorted(SUFFIXES))})", _CLASSES)
    return films


def _film(source: Source, path: Path, label: int, rows: Mapping[str, Mapping[str, str]]) -> Film:
    relative = path.relative_to(source.folder)
    row = rows.get(relative.as_posix(), {})
    patient, known = patient_of(source.name, relative, row)
    age = float(row["age"]) if row.get("age") else None
    population = population_of_age(age) if age is not None else source.population
    return Film(
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        source=source.name,
        label=label,
        population=population,
        patient=patient,
        age=age,
        sex=row.get("sex", ""),
        view=row.get("view", ""),
        weight=source.weight,
        known_patient=known,
    )


def find_all(sources: Iterable[Source], unreadable: Callable[[Path, OSError], None] = _refuse) -> list[Film]:
    """The films of several sources.

    Raises:
        TrainerError: as `find_films`, or two folders have one name, which manifests and cards go by.
    """
    listed = list(sources)
    for name, count in Counter(source.name for source in listed).items():
        if count > 1:
            raise TrainerError("read data", name, "two data folders have this name", "rename one")
    return [film for source in listed for film in find_films(source, unreadable)]
