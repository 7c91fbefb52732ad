"""What was asked of a run, the films that it is trained and judged on, and what ``run.json`` says of both."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from models.version import VERSION
from trainer.data.batches import load_film
from trainer.data.folds import check_split
from trainer.data.sources import Film, Part, Source, find_all, need_both_classes
from trainer.data.splits import Shares, Unit, read_split, split
from trainer.errors import TrainerError
from trainer.networks.starting_weights import Weights
from trainer.runs import read_run, weights_sha256

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from trainer.recipes.recipe import Recipe

CHECKPOINT_EVERY: Final = 50  # steps; about a minute of work to lose
MOST_LEFT_OUT: Final = 0.01  # of the films; above it the folder is at fault, not a film
_LIBRARIES: Final = ("numpy", "pillow", "keras", "tensorflow", "torch", "ai-edge-litert")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What was asked of a run.

    Attributes:
        folder: of the run; made where it is missing.
        shares: of the films that are not trained on, where no split is given.
        split: a manifest that decides instead.
        teachers: run folders whose networks say what films should be called; see `trainer.training.teachers`.
        checkpoint_every: steps.
    """

    folder: Path
    recipe: Recipe
    sources: tuple[Source, ...]
    hold_out: tuple[Source, ...] = ()
    shares: Shares = Shares()  # noqa: RUF009 - frozen
    unit: Unit = Unit.PATIENT
    split: Path | None = None
    seed: int = 1
    weights: Weights = Weights()  # noqa: RUF009 - frozen
    teachers: tuple[Path, ...] = ()
    checkpoint_every: int = CHECKPOINT_EVERY


@dataclass(frozen=True, slots=True)
class Films:
    """The films of a run.

    Attributes:
        films: all that can be read.
        parts: by content hash.
        pixels: uint8 (224, 224) by content hash, of those that are trained or validated on.
        left_out: files that cannot be read, with the reason.
    """

    films: tuple[Film, ...]
    parts: dict[str, Part]
    pixels: dict[str, NDArray[np.uint8]]
    left_out: tuple[str, ...] = ()

    def of(self, part: Part) -> list[Film]:
        """The films of a part, in their order."""
        return [film for film in self.films if self.parts[film.sha256] is part]


def find_and_split(run: Run) -> tuple[list[Film], dict[str, Part]]:
    """The films of a run and the part of each content; no pixel is read.

    Raises:
        TrainerError: a folder, or the manifest that decides, is at fault, or patients lie in two parts of a split.
    """
    found = find_all(run.sources)
    need_both_classes(found, *run.sources)
    outside = find_all(run.hold_out)
    if run.split is not None:
        given = read_split(run.split)
        check_split(found, given, run.unit)
        return found, {film.sha256: given.get(film.sha256, Part.EXCLUDED) for film in found}
    held = {film.patient for film in outside} | {film.sha256 for film in outside}
    return found, split(found, run.shares, seed=run.seed, hold_out=held, unit=run.unit)


def gather(run: Run, say: Say) -> Films:
    """Find, split and read the films.

    One film that cannot be read is said and left out; of thousands it would be the wrong reason to stop.

    Raises:
        TrainerError: a folder is at fault, more than one film in a hundred cannot be read, or the split leaves nothing
            to train on.
    """
    found, parts = find_and_split(run)
    pixels, left_out = _read([film for film in found if parts[film.sha256] in (Part.TRAIN, Part.VALIDATION)])
    for text in left_out.values():
        say(f"left out: {text}")
    if len(left_out) > MOST_LEFT_OUT * len(found):
        first = next(iter(left_out.values()))
        cause = f"{len(left_out)} of {len(found)} films cannot be read, the first: {first}"
        raise TrainerError("read data", run.sources[0].folder, cause, "remove those, or export them again")
    films = tuple(film for film in found if film.sha256 not in left_out)
    left = {film.label for film in films if parts[film.sha256] is Part.TRAIN}
    if left != {0, 1}:
        cause = "the split leaves no film to train on" if not left else "the split leaves films of one class only"
        raise TrainerError(
            "split", run.sources[0].folder, cause, "give more patients, a smaller --fraction or another --seed"
        )
    return Films(films, {film.sha256: parts[film.sha256] for film in films}, pixels, tuple(left_out.values()))


def _read(films: Sequence[Film]) -> tuple[dict[str, NDArray[np.uint8]], dict[str, str]]:
    """The pixels of films, and of those that cannot be read the error, both by content hash."""
    pixels: dict[str, NDArray[np.uint8]] = {}
    errors: dict[str, str] = {}

    def one(film: Film) -> NDArray[np.uint8] | TrainerError:
        try:
            return load_film(film)
        except TrainerError as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding releases the GIL
        waiting = iter(films)
        while some := list(islice(waiting, 256)):
            for film, result in zip(some, pool.map(one, some), strict=True):
                if isinstance(result, TrainerError):
                    errors[film.sha256] = f"{film.path}: {result.cause}"
                else:
                    pixels[film.sha256] = result
    return pixels, errors


def document(run: Run, origin: str, films: Films, backend: str) -> dict[str, Any]:
    """What ``run.json`` is to say.

    Args:
        run: what was asked.
        origin: what the starting weights are.
        films: that were found.
        backend: Keras's.
    """
    return {
        "recipe": run.recipe.name,
        "seed": run.seed,
        "fraction": run.shares.validation,
        "test": run.shares.test,
        "unit": run.unit.value,
        "stages": [[stage.steps, stage.side, stage.frozen] for stage in run.recipe.stages],
        "configuration": configuration(run.recipe),
        "starting_weights": origin,
        "teachers": [_teacher(folder) for folder in run.teachers],
        "backend": backend,
        "versions": {"cxr-triage": VERSION, "python": platform.python_version(), **_versions()},
        "sources": [{"name": s.name, "weight": s.weight, "population": s.population} for s in run.sources],
        "hold_out": [s.name for s in run.hold_out],
        "left_out": list(films.left_out),
    }


def _teacher(folder: Path) -> dict[str, Any]:
    record = read_run(folder)
    return {"recipe": record.recipe, "seed": record.seed, "weights_sha256": weights_sha256(folder)}


def configuration(recipe: Recipe) -> dict[str, Any]:
    """The numbers and words of a recipe; its stages stand beside them."""
    values = {field.name: getattr(recipe, field.name) for field in fields(recipe)}
    return {
        name: value.value if isinstance(value, StrEnum) else value
        for name, value in values.items()
        if name != "name" and (value is None or isinstance(value, (bool, int, float, str)))
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
