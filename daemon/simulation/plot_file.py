"""Puts a plot on the disk, whole or not at all; the one module of this room that touches it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from daemon.errors import DaemonError
from daemon.files import replace_file

MODE: Final = 0o644  # no patient is in it


def write_plot(text: str, path: Path) -> None:
    """Write beside the file, force it to the disk, then rename; a file of that name is replaced.

    Raises:
        DaemonError: the disk refused.
    """
    try:
        replace_file(path, MODE, lambda file: file.write(text.encode()))
    except OSError as error:
        remedy = "give a folder that this user may write to, on a disk with space"
        raise DaemonError("draw the waits", path, error.strerror or str(error), remedy) from error
