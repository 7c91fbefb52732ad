"""Reads a film's bytes once, and notices when they change while it does; the workers never see a path."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from db.records import FileStamp
from models.radiograph import MAX_BYTES

_SHORTAGES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})


class ReadProblem(StrEnum):
    """Why a file could not be read; the value is the code that the film shows."""

    GONE = "gone"
    CHANGING = "still-changing"
    UNREADABLE = "unreadable"  # no permission
    IO_ERROR = "read-error"  # the disk, the share or this machine gave an error: it may pass
    SHORTAGE = "shortage"  # this machine lacks memory or descriptors: never the file's fault
    NOT_A_FILE = "not-a-regular-file"
    TOO_LARGE = "too-large"


REMEDIES: Final = {
    ReadProblem.GONE: "copy it there again",
    ReadProblem.CHANGING: "find out what writes to it all the time",
    ReadProblem.UNREADABLE: "give the service permission to read it",
    ReadProblem.IO_ERROR: "look after the disk or the share, then copy it there again",
    ReadProblem.SHORTAGE: "free memory or descriptors; it is tried again",
    ReadProblem.NOT_A_FILE: "copy the film itself there",
    ReadProblem.TOO_LARGE: "export one film a file",
}


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file, their sha256 (hex) and what the file looked like while it was read."""

    data: bytes
    sha256: str
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that gave no content."""

    problem: ReadProblem
    cause: str
    stamp: FileStamp | None = None


def largest_bytes(mebibytes: float | None) -> int:
    """Of a file that is still read, where a root says so (None: it does not); never over `MAX_BYTES`."""
    return MAX_BYTES if mebibytes is None else min(MAX_BYTES, int(mebibytes * 2**20))


def read_file(path: Path) -> Content | Unread:
    """Read a regular file of at most `MAX_BYTES`, without following a link, waiting for a pipe or touching a device."""
    try:
        before = path.lstat()
        if not stat.S_ISREG(before.st_mode):  # asked before it is opened: opening some devices does something
            return Unread(ReadProblem.NOT_A_FILE, "it is a link, a pipe, a socket or a device", FileStamp.of(before))
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        return _unread(error)
    try:
        return _read(handle)
    except OSError as error:
        return _unread(error)
    finally:
        os.close(handle)


def _read(handle: int) -> Content | Unread:
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        return Unread(ReadProblem.CHANGING, "other things took its place while it was opened")
    if before.st_size > MAX_BYTES:
        cause = f"it has {before.st_size / 2**20:,.0f} MiB, over the limit of {MAX_BYTES // 2**20}"
        return Unread(ReadProblem.TOO_LARGE, cause, FileStamp.of(before))
    data = os.read(handle, before.st_size + 1)  # in one go: the whole file is in memory once, not twice
    while len(data) <= before.st_size and (more := os.read(handle, before.st_size + 1 - len(data))):
        data += more
    after = FileStamp.of(os.fstat(handle))
    if after != FileStamp.of(before) or len(data) != after.size:
        return Unread(ReadProblem.CHANGING, "it changed while it was read", after)
    return Content(data, hashlib.sha256(data).hexdigest(), after)


def _unread(error: OSError) -> Unread:
    cause = error.strerror or type(error).__name__  # never the text of the error: it holds the path
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Unread(ReadProblem.GONE, "it is not there any more")
    if error.errno == errno.ELOOP:
        return Unread(ReadProblem.CHANGING, "a link took its place while it was opened")
    if error.errno in _SHORTAGES:
        return Unread(ReadProblem.SHORTAGE, cause)
    if isinstance(error, PermissionError):
        return Unread(ReadProblem.UNREADABLE, cause)
    return Unread(ReadProblem.IO_ERROR, cause)
