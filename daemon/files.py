"""Files that are written for people: there as a whole or not at all, and never among the films."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from daemon.errors import DaemonError


def replace_file(path: Path, mode: int, write: Callable[[IO[bytes]], object]) -> None:
    """Write beside a file, force it to the disk, then rename: a reader sees the old one or the new one.

    Args:
        path: of the file; one of that name is replaced.
        mode: its permissions, whatever the umask.
        write: writes the content.

    Raises:
        OSError: the disk refused; nothing of it is left.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        temporary = None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def check_unwatched(operation: str, out: Path, real: Path, roots: Iterable[str]) -> None:
    """Refuse a place in a watched folder, where what is written would arrive as a film.

    Args:
        operation: what is written, as the error says it.
        out: as somebody named it.
        real: the place without links, or the folder that it is in.
        roots: watched folders.

    Raises:
        DaemonError: it lies in one of them.
    """
    for root in roots:
        watched = Path(os.path.realpath(root))
        if real == watched or watched in real.parents:
            remedy = "give a place outside of the watched folders"
            raise DaemonError(operation, out, "it lies in a watched folder", remedy)
