"""What a `--bundle` or `--run` argument names: a network, the label of its group, and its split; it opens no model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from models.bundle import DOCUMENT
from trainer.errors import TrainerError

SPLIT: Final = "split.csv"  # in a bundle as in a run folder
_OPTIONS: Final = re.compile(r"(?:,(?:label|split|preprocessing)=[^,]*)*$")
_USAGE: Final = "write FOLDER[,label=TEXT][,split=FILE][,preprocessing=VERSION]"


class Kind(StrEnum):
    """What a folder holds."""

    BUNDLE = "bundle"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Entry:
    """One network of the benchmark.

    Attributes:
        kind: what the folder holds.
        folder: of the bundle or run.
        label: networks that share it are a group, such as the folds of one recipe.
        split: who was held out, of this network alone; its own split.csv where nothing else is given.
        preprocessing: of a run whose record does not say it.
    """

    kind: Kind
    folder: Path
    label: str
    split: Path
    preprocessing: int | None = None


def parse_entry(text: str, kind: Kind | None = None, split: Path | None = None) -> Entry:
    """Read one argument; commas in a folder's name are part of it.

    Args:
        text: ``FOLDER[,label=TEXT][,split=FILE][,preprocessing=VERSION]``.
        kind: what the folder holds; without it whatever lies there.
        split: of all networks that name none.

    Raises:
        TrainerError: no folder, or a version that is no number, or one of a bundle, which names its own.
    """
    folder = _OPTIONS.sub("", text)
    options = dict(option.split("=", 1) for option in text[len(folder) :].split(",")[1:])
    version = options.get("preprocessing")
    if not folder:
        raise TrainerError("read argument", repr(text), "it names no folder", _USAGE)
    path = Path(folder)
    if kind is None:
        kind = Kind.BUNDLE if (path / DOCUMENT).exists() else Kind.RUN
    if version is not None and (kind is Kind.BUNDLE or not version.isdecimal()):
        cause = "a bundle names its own preprocessing" if kind is Kind.BUNDLE else f"{version!r} is no version"
        raise TrainerError("read argument", text, cause, _USAGE)
    return Entry(
        kind,
        path,
        options.get("label") or path.resolve().name,
        Path(options["split"]) if options.get("split") else split or path / SPLIT,
        int(version) if version is not None else None,
    )
