"""The run folder: what was asked, who is held out, and weights as plain arrays; it trains nothing and needs no Keras.

A run folder holds ``run.json`` (what was asked), ``manifest.csv`` (the films), ``split.csv`` (who is held out),
``log.csv`` (loss and accuracy by step), ``judged.csv`` (looks at the validation part), ``events/`` (for TensorBoard),
``checkpoint.npz`` (everything that a killed run needs to go on) and, at the end, ``weights-original.npz`` (before what
was frozen learned too), ``weights.npz``, ``curves.svg`` and ``validation.json``.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from models.population import Population
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

RUN: Final = "run.json"
SPLIT: Final = "split.csv"
MANIFEST: Final = "manifest.csv"
LOG: Final = "log.csv"
JUDGED: Final = "judged.csv"
EVENTS: Final = "events"
CURVES: Final = "curves.svg"
CHECKPOINT: Final = "checkpoint.npz"
ORIGINAL: Final = "weights-original.npz"
WEIGHTS: Final = "weights.npz"
VALIDATION: Final = "validation.json"

# What a run cannot go on without; versions and the text about the starting weights may differ between two starts.
# The backend is among them: its optimiser keeps its variables, and its dropout its seeds, in its own way.
DECIDING: Final = (
    *("recipe", "seed", "fraction", "test", "unit", "stages", "configuration", "teachers"),
    *("backend", "sources", "hold_out"),
)

Arrays = list[NDArray[Any]]


@dataclass(frozen=True, slots=True)
class RunSource:
    """A source as a run used it: the folder's name, its weight, and the population of its films without an age."""

    name: str
    weight: float
    population: Population | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What ``run.json`` says, as far as anything after the training needs it."""

    recipe: str
    seed: int
    fraction: float
    starting_weights: str
    sources: tuple[RunSource, ...]
    hold_out: tuple[str, ...]
    backend: str
    steps: int | None = None  # of all stages; None in a run of before 0.1, whose recipe says it
    shrink: int = 1  # see `Recipe.shrink`
    preprocessing: int = 1  # the contract's version; before 0.4 there was one
    configuration: Mapping[str, Any] = field(default_factory=dict)  # of the recipe as it was run
    teachers: tuple[Mapping[str, Any], ...] = ()  # recipe, seed and hash of the weights of each
    averaged: tuple[Mapping[str, Any], ...] = ()  # seed and hash of the weights of each run, where it is their mean


def _write(path: Path, operation: str, fill: Callable[[BinaryIO], None]) -> None:
    """Write a file as a whole or not at all, and have it on the disk before its name is."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        with temporary.open("wb") as stream:
            fill(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise TrainerError(
            operation, path, error.strerror or str(error), "give a folder on a disk with space; what was saved stands"
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write a small file, atomically.

    Raises:
        TrainerError: the disk refused.
    """
    _write(path, "write", lambda stream: _put(stream, text.encode()))


def _put(stream: BinaryIO, data: bytes) -> None:
    stream.write(data)


def save_arrays(path: Path, arrays: Sequence[NDArray[Any]], **extra: NDArray[Any]) -> None:
    """Write arrays to one file, atomically.

    Raises:
        TrainerError: the disk refused; what stood there before stands.
    """
    named: dict[str, Any] = {**{f"a{i:04d}": array for i, array in enumerate(arrays)}, **extra}
    _write(path, "save weights", lambda stream: np.savez(stream, **named))


def load_arrays(path: Path) -> tuple[Arrays, dict[str, NDArray[Any]]]:
    """Read what `save_arrays` wrote: the numbered arrays in their order, and the named ones.

    Raises:
        TrainerError: the file is missing, cut short or no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            names = sorted(name for name in file.files if name[0] == "a" and name[1:].isdigit())
            return [file[name] for name in names], {n: file[n] for n in file.files if n not in names}
    except FileNotFoundError as error:
        raise TrainerError("read weights", path, "there is no such file", "let cxr-trainer fit end first") from error
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        cause = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise TrainerError("read weights", path, cause, "train the run again, or give another run folder") from error


def weights_sha256(folder: Path) -> str:
    """The content hash of a run's weights.

    Raises:
        TrainerError: they are not there.
    """
    path = folder / WEIGHTS
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise TrainerError("read", path, error.strerror or str(error), "give a run that has ended") from error


def claim(folder: Path, document: Mapping[str, Any], split: str) -> None:
    """Make a run folder one's own, or make sure that it is this very run's.

    Args:
        folder: made where it is missing.
        document: of ``run.json``.
        split: of ``split.csv``.

    Raises:
        TrainerError: the folder holds a run of another recipe, seed or data, or the disk refused.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainerError("make run folder", folder, error.strerror or str(error), "give another --run") from error
    remedy = "give a new folder, or what that run was given"
    if (folder / RUN).exists():
        before = run_document(folder)
        differing = [key for key in DECIDING if key in before and before[key] != document[key]]
        if differing:
            key = differing[0]
            cause = f"it holds a run with another {key.replace('_', ' ')}"
            if key in ("recipe", "seed", "fraction", "backend"):
                cause += f" ({before[key]}, not {document[key]})"
            raise TrainerError("train in", folder, cause, remedy)
        if (folder / SPLIT).exists() and _text(folder / SPLIT) != split:
            raise TrainerError("train in", folder, "it holds a run on other films: split.csv differs", remedy)
    elif (folder / CHECKPOINT).exists() or (folder / WEIGHTS).exists():
        raise TrainerError("train in", folder, f"it holds weights but no {RUN}", "give a new folder")
    write_text(folder / SPLIT, split)
    write_text(folder / RUN, json.dumps(document, indent=2) + "\n")


def read_run(folder: Path) -> RunRecord:
    """What a run folder's run was asked.

    Raises:
        TrainerError: there is no run, or its ``run.json`` lacks something.
    """
    document = run_document(folder)
    try:
        return RunRecord(
            recipe=str(document["recipe"]),
            seed=int(document["seed"]),
            fraction=float(document["fraction"]),
            starting_weights=str(document["starting_weights"]),
            sources=tuple(
                RunSource(
                    str(source["name"]),
                    float(source["weight"]),
                    Population(source["population"]) if source["population"] else None,
                )
                for source in document["sources"]
            ),
            hold_out=tuple(map(str, document["hold_out"])),
            backend=str(document["backend"]),
            steps=sum(int(stage[0]) for stage in document["stages"]) if "stages" in document else None,
            shrink=int(document.get("configuration", {}).get("shrink", 1)),
            preprocessing=int(document.get("configuration", {}).get("preprocessing", 1)),
            configuration=dict(document.get("configuration", {})),
            teachers=tuple(document.get("teachers", ())),
            averaged=tuple(document.get("averaged", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TrainerError(
            "read run", folder / RUN, f"{error} is missing or wrong", "give another run folder"
        ) from error


def run_document(folder: Path) -> dict[str, Any]:
    """``run.json`` whole.

    Raises:
        TrainerError: there is none.
    """
    path = folder / RUN
    try:
        document = json.loads(_text(path))
    except ValueError as error:
        raise TrainerError("read run", path, f"it is no JSON ({error})", "give another run folder") from error
    if not isinstance(document, dict):
        raise TrainerError("read run", path, "it is no JSON object", "give another run folder")
    return document


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise TrainerError("read run", path, cause, "give a folder that cxr-trainer fit wrote") from error
