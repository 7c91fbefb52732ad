"""Writes pictures of films as PNG: whole or not there, readable by the group only, and never among the films."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.errors import DaemonError
from daemon.files import check_unwatched, replace_file

MODE: Final = 0o640  # patient data: who asked writes, the group reads
_WRITE: Final = "write heat map"


def check_place(out: Path, roots: Iterable[str], operation: str = _WRITE) -> None:
    """Say before the work that a picture cannot be put there.

    Raises:
        DaemonError: there is no such folder, or it lies in a watched one, where the picture would arrive as a film.
    """
    folder = Path(os.path.realpath(out.absolute().parent))
    if not folder.is_dir():
        raise DaemonError(operation, out, "there is no such folder", "make it, or give another one")
    check_unwatched(operation, out, folder, roots)


def place_for(out: Path, number: int | None) -> Path:
    """The file of one of several pictures: FILE-1.png; None: the only one."""
    return out if number is None else out.with_name(f"{out.stem}-{number}{out.suffix}")


def write_picture(picture: NDArray[np.uint8], path: Path, operation: str = _WRITE) -> None:
    """Write beside the file, force it to the disk, then rename; a picture of that name is replaced.

    Raises:
        DaemonError: the disk refused.
    """
    try:
        replace_file(path, MODE, lambda file: Image.fromarray(picture).save(file, "PNG"))
    except OSError as error:
        remedy = "give a folder that this user may write to, on a disk with space"
        raise DaemonError(operation, path, error.strerror or str(error), remedy) from error
