"""Starting weights that somebody gives, or none: where they come from, what is said of them, and how a file is laid in.

A file may hold a whole network or its backbone alone (all but the layer that makes the map), so weights that were
learned on radiographs without labels, or for another task, fit as well as those of an earlier run.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile

from trainer.errors import TrainerError
from trainer.recipes.recipe import HEAD
from trainer.runs import RUN, load_arrays

if TYPE_CHECKING:
    import keras

RANDOM: Final = "drawn at random (seed of the run); no licence is needed"
STATEMENTS: Final = ("WEIGHTS.txt", "TERMS.txt")  # beside the file: one line that is put into the bundle and its card
UNSTATED: Final = "source and licence not stated: ask whoever gave the weights before you pass the model on"
SUFFIXES: Final = (".npz", ".h5", ".keras")
_FILE: Final = "the file "
_REMEDY: Final = "name the recipe that the weights were made with, or give --weights none"


class Origin(StrEnum):
    """Where starting weights come from."""

    RECIPE = "recipe"  # what the recipe names, for most of them ImageNet
    NONE = "none"  # drawn at random by the run's seed
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Weights:
    """The starting weights that were asked for."""

    origin: Origin = Origin.RECIPE
    file: Path | None = None  # where the origin is a file


def start_given(model: keras.Model, weights: Weights) -> str:
    """Lay a given file into a network, or leave it as it was drawn; see `trainer.recipes.recipe.Start`.

    As it stands it is the `Start` of a network that has no weights of its own: `Origin.RECIPE` is random as well.

    Raises:
        TrainerError: the file cannot be read, or its weights are of another shape.
    """
    if weights.origin is not Origin.FILE:
        return RANDOM
    file = weights.file
    if file is None or not file.is_file():
        raise TrainerError("read starting weights", file, "there is no such file", "give --weights FILE")
    if file.suffix == ".npz":
        _lay_arrays(model, file)
    elif file.suffix in SUFFIXES:
        _lay_keras(model, file)
    else:
        cause = f"{file.suffix or 'a file without an ending'} is no kind of weights that this recipe reads"
        raise TrainerError("read starting weights", file, cause, f"give one of {', '.join(SUFFIXES)}")
    return described(file)


def backbone(model: keras.Model) -> keras.Model:
    """The network as far as the features that its head sees."""
    import keras

    return keras.Model(model.input, model.get_layer(HEAD).input)


def described(file: Path) -> str:
    """What a bundle says of a file: name, hash, and what its giver states of source and licence.

    That is the first line of a ``WEIGHTS.txt`` or ``TERMS.txt`` beside it; for the weights of a run, what the run says.
    """
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return f"{_FILE}{file.name} (sha256 {sha256[:16]}): {_statement(file.parent)}"


def asked_for(text: str) -> str | None:
    """What was given as ``--weights``, by the text in a bundle; None where it was what the recipe names."""
    if text == RANDOM:
        return Origin.NONE.value
    return text.removeprefix(_FILE).partition(" (sha256 ")[0] if text.startswith(_FILE) else None


def of_another_network(file: Path, cause: str) -> TrainerError:
    """The error where weights do not fit."""
    return TrainerError("load starting weights", file, cause, _REMEDY)


def _statement(folder: Path) -> str:
    for name in STATEMENTS:
        try:
            lines = (folder / name).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        if lines and lines[0].strip():
            return lines[0].strip()
    return _run_statement(folder) or UNSTATED


def _run_statement(folder: Path) -> str | None:
    """Of a run's folder: its recipe, its data, and what it started from in turn."""
    try:
        document = json.loads((folder / RUN).read_text(encoding="utf-8"))
        names = ", ".join(str(source["name"]) for source in document["sources"])
        return (
            f"an earlier run of {document['recipe']} on {names}, whose terms it carries; that run started from "
            f"{document['starting_weights']}"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lay_arrays(model: keras.Model, file: Path) -> None:
    """The arrays of a run: all of them, or all but the head's, which come last."""
    arrays, _ = load_arrays(file)
    parts = (model, backbone(model))
    for part in parts:
        wanted = [tuple(weight.shape) for weight in part.weights]
        found = [array.shape for array in arrays]
        if found == wanted or (part is not model and found[: len(wanted)] == wanted):
            part.set_weights(arrays[: len(wanted)])
            return
    raise of_another_network(file, _difference(found, wanted))


def _difference(found: list[Any], wanted: list[Any]) -> str:
    for number, (one, other) in enumerate(zip(found, wanted, strict=False)):
        if one != other:
            return f"array {number} has the shape {one}, not {other}: they are of another recipe"
    return f"it holds {len(found)} arrays, and the network takes at least {len(wanted)}: they are of another recipe"


def _lay_keras(model: keras.Model, file: Path) -> None:
    """A file that Keras wrote, of the whole network or of the backbone (as keras.applications gives them)."""
    before = model.get_weights()
    causes = []
    for part in (model, backbone(model)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of layers that Keras looks for under two names; none is left out
                part.load_weights(file)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, BadZipFile) as error:
            model.set_weights(before)
            causes.append((str(error).strip() or type(error).__name__).splitlines()[0])
        else:
            return
    raise of_another_network(file, causes[0])
