"""Writes a collection: beside its place first, forced to the disk, then there as a whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.collect.manifest import FILMS, name_of
from daemon.errors import DaemonError
from daemon.files import check_unwatched

FILE_MODE: Final = 0o640
FOLDER_MODE: Final = 0o750
_WRITE: Final = "collect into"
_DISK: Final = "give a folder that this user may write to, on a disk with space"


def check_place(out: Path, roots: Iterable[str]) -> None:
    """Say before the work that a collection cannot be put there.

    Raises:
        DaemonError: its parent is not there, it holds something already, or it lies in a watched folder.
    """
    if out.name in ("", "..") or not out.parent.is_dir():
        raise DaemonError(_WRITE, out, "there is no such folder to make it in", "make that, or give another one")
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise DaemonError(_WRITE, out, "there is something already", "give a new or an empty folder")
    check_unwatched(_WRITE, out, Path(os.path.realpath(out)), roots)


def check_key(path: Path, out: Path, roots: Iterable[str]) -> None:
    """Refuse a key file inside the collection that it opens, or among the films.

    Raises:
        DaemonError: it lies there, or something of that name is there already.
    """
    real, inside = Path(os.path.realpath(path)), Path(os.path.realpath(out))
    check_unwatched("write key", path, real, roots)
    if real == inside or inside in real.parents:
        raise DaemonError("write key", path, "it would lie in the collection", "keep it apart from what leaves")
    if path.exists() or not path.parent.is_dir():
        cause = "there is something already" if path.exists() else "there is no such folder"
        raise DaemonError("write key", path, cause, "give a new file in a folder that is there")


class Folder:
    """A collection while it is made; leaving the body without `finish` leaves nothing behind."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._beside: Path | None = None

    def __enter__(self) -> Self:
        try:
            self._beside = Path(tempfile.mkdtemp(prefix=f".{self._out.name}.", dir=self._out.parent))  # 0700
            (self._beside / FILMS).mkdir()
            (self._beside / FILMS).chmod(FOLDER_MODE)
        except OSError as error:
            self._drop()
            raise DaemonError(_WRITE, self._out, error.strerror or str(error), _DISK) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None) -> None:
        self._drop()

    def film(self, number: int, picture: NDArray[np.uint16]) -> str:
        """Write a picture as PNG, grey, 16 bits, nothing but the pixels; the sha256 of the file."""
        stream = BytesIO()
        Image.fromarray(picture).save(stream, "PNG")
        data = stream.getvalue()
        self._write(name_of(number), data)
        return hashlib.sha256(data).hexdigest()

    def text(self, name: str, text: str) -> None:
        """Write a list or a page."""
        self._write(name, text.encode())

    def finish(self) -> None:
        """Put the collection in its place.

        Raises:
            DaemonError: the disk refused, or somebody was quicker.
        """
        assert self._beside is not None  # noqa: S101
        try:
            for folder in (self._beside / FILMS, self._beside):
                _force(folder)
            self._beside.chmod(FOLDER_MODE)
            self._beside.rename(self._out)  # an empty folder is replaced, one that was filled meanwhile is an error
            self._beside = None
            _force(self._out.parent)
        except OSError as error:
            raise DaemonError(_WRITE, self._out, error.strerror or str(error), _DISK) from error

    def _write(self, name: str, data: bytes) -> None:
        assert self._beside is not None  # noqa: S101
        try:
            write_file(self._beside / name, data)
        except OSError as error:
            raise DaemonError(_WRITE, self._out, error.strerror or str(error), _DISK) from error

    def _drop(self) -> None:
        if self._beside is not None:
            shutil.rmtree(self._beside, ignore_errors=True)
            self._beside = None


def write_file(path: Path, data: bytes, mode: int = FILE_MODE) -> None:
    """Make a file that was not there, and force it to the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _force(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
