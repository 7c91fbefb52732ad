"""What a film, a part of a split and a `--data` argument are: values, which know no disk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from models.population import Population
from trainer.errors import TrainerError

CLASSES: Final = {"NORMAL": 0, "PNEUMONIA": 1}
_USAGE: Final = "write DIR[,weight=W][,population=children|adults]"
_OPTIONS: Final = re.compile(r"(?:,[^,=/]+=[^,=/]*)*$")


class Part(StrEnum):
    """Which part of a split a film belongs to."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"  # looked at once, by `evaluate` and `compare`; nothing is chosen on it
    EXCLUDED = "excluded"  # could leak: of a held-out patient's age, or of a patient with films on both sides


@dataclass(frozen=True, slots=True)
class Source:
    """One ``--data`` argument: ``DIR[,weight=W][,population=children|adults]``, where DIR may also be a manifest."""

    folder: Path  # or a manifest, whose name ends in .csv
    weight: float = 1.0
    population: Population | None = None

    @property
    def base(self) -> Path:
        """The folder that file names are relative to, and that TERMS.txt lies in."""
        is_manifest = self.folder.suffix.lower() == ".csv" and not self.folder.is_dir()
        return self.folder.parent if is_manifest else self.folder

    @property
    def name(self) -> str:
        """What manifests and cards call it: the folder's own name, or that of a manifest not called manifest.csv."""
        if self.base != self.folder and self.folder.stem.lower() != "manifest":
            return self.folder.stem
        return self.base.resolve().name

    def argument(self, folder: str) -> str:
        """The ``--data`` argument that `parse_source` reads back, with the folder as it is to be written."""
        weight = "" if self.weight == 1.0 else f",weight={self.weight:g}"
        population = "" if self.population is None else f",population={self.population}"
        return f"{folder}{weight}{population}"


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
    subtype: str = ""  # of the finding, such as `virus` or `bacteria`; empty where nobody said


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
