"""Puts a plot on the disk, whole or not at all; the one module of this room that touches it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from daemon.errors import DaemonError

MODE: Final = 0o644  # no patient is in it


def write_plot(text: str, path: Path) -> None:
    """Write beside the file, force it to the disk, then rename; a file of that name is replaced.

    Raises:
        DaemonError: the disk refused.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), MODE)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        remedy = "give a folder that this user may write to, on a disk with space"
        raise DaemonError("draw the waits", path, error.strerror or str(error), remedy) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
