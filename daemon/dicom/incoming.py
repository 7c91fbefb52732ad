"""The folder that objects are written into: whole and on the disk under their names, or not there at all.

An object's name is the sha256 of its file. It says nothing of a patient, the same object sent again takes the place of
itself instead of standing beside it, and two who send it at once do not meet. While it is being written it has a hidden
name, which the daemon passes over.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, Final, Self

from daemon.errors import DaemonError

SUFFIX: Final = ".dcm"
_LOCK: Final = ".cxr-triage-receive.lock"
_LEFT_OVER: Final = re.compile(r"\.cxr-triage-receive-[0-9a-f]{32}\.part")
_MODE: Final = 0o640  # the group may read: the daemon, where it is another user
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_LOOK: Final = 2**22  # bytes written between two looks at the free space


class Answer(IntEnum):
    """What the sender is told (DICOM PS3.4, table B.2-1)."""

    STORED = 0x0000
    NO_SPACE = 0xA700  # out of resources: the disk is full, or could not be written
    MISMATCH = 0xA900  # not of the class that was agreed to, or of a name that is none
    EMPTY = 0xC000  # cannot be understood
    TOO_LARGE = 0xC010  # the same, so that it is not sent again and again

    @property
    def word(self) -> str:
        """For the log."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken, in bytes.

    Attributes:
        largest: of one object's dataset.
        reserve: of the disk, that stays free.
    """

    largest: int
    reserve: int


class IncomingFolder:
    """One folder, held by one receiver at a time."""

    def __init__(self, path: Path, limits: Limits, identity: tuple[int, int]) -> None:
        self.path: Final = path
        self.limits: Final = limits
        self._identity: Final = identity

    @classmethod
    @contextmanager
    def held(cls, path: Path, limits: Limits) -> Iterator[tuple[Self, int]]:
        """Take the folder for this process, and remove what one that was killed left half written.

        Yields:
            The folder, and how many such files there were.

        Raises:
            DaemonError: another receiver writes into it, or it cannot be written.
        """
        try:
            folder = os.open(path, _FOLDER)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            lock = _lock(path, folder)
            try:
                # Whoever holds the lock is alone: every half of a file is of somebody who is gone.
                removed = _remove_left_over(folder)
                yield cls(path, limits, _identity(folder)), removed
            finally:
                os.close(lock)
        finally:
            os.close(folder)

    def begin(self, head: bytes) -> Incoming:
        """Begin with an object, whose file begins with these bytes; what is wrong is kept until it is asked for."""
        return Incoming(self, head)

    def open(self) -> int:
        """The folder, as a descriptor to be closed.

        Raises:
            OSError: it is gone, or another one lies there now (something was mounted over it): what is written into
                that would not be where the daemon looks, as far as anybody knows.
        """
        folder = os.open(self.path, _FOLDER)
        if _identity(folder) != self._identity:
            os.close(folder)
            raise FileNotFoundError("another folder lies there now")
        return folder

    def has_room(self, folder: int) -> bool:
        """Whether more than the reserve is free."""
        status = os.fstatvfs(folder)
        return status.f_bavail * status.f_frsize > self.limits.reserve


class Incoming:
    """One object on its way in; a failure is noted, the rest taken and dropped, and the sender told at the end."""

    def __init__(self, into: IncomingFolder, head: bytes) -> None:
        self.size = 0  # bytes of the dataset
        self.failed: Answer | None = None
        self.cause: str | None = None  # the kind of error; its text may hold a path
        self._into: Final = into
        self._digest: Final = hashlib.sha256()
        self._name: Final = f".cxr-triage-receive-{secrets.token_hex(16)}.part"
        self._folder: int | None = None
        self._stream: BinaryIO | None = None
        self._until_look = 0
        try:
            self._folder = into.open()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            handle = os.open(self._name, flags, _MODE, dir_fd=self._folder)
            self._stream = open(handle, "wb", buffering=2**20)  # noqa: SIM115, PTH123  (a descriptor; closed by drop)
            self._put(head)
        except OSError as error:
            self._fail(Answer.NO_SPACE, error)

    def write(self, data: bytes) -> None:
        """Take some more bytes of the dataset."""
        self.size += len(data)
        if self.failed is not None:
            return
        if self.size > self._into.limits.largest:
            self._fail(Answer.TOO_LARGE)
            return
        try:
            self._put(data)
        except OSError as error:
            self._fail(Answer.NO_SPACE, error)

    def refuse(self, answer: Answer) -> None:
        """Decide that it is not kept."""
        if self.failed is None:
            self._fail(answer)

    def keep(self) -> Answer:
        """Put it on the disk under its name. Only what was answered with STORED is sure to be there for good."""
        if self.failed is None and self.size == 0:
            self._fail(Answer.EMPTY)
        if self.failed is not None or self._stream is None or self._folder is None:
            self.drop()
            return self.failed or Answer.NO_SPACE
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            name = f"{self._digest.hexdigest()}{SUFFIX}"
            os.rename(self._name, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            os.fsync(self._folder)
        except OSError as error:
            self._fail(Answer.NO_SPACE, error)
            return Answer.NO_SPACE
        self._close()
        return Answer.STORED

    def drop(self) -> None:
        """Leave nothing of it behind; also what was kept stays."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._name, dir_fd=self._folder)
        self._close()

    def _put(self, data: bytes) -> None:
        if self._stream is None or self._folder is None:
            return
        self._until_look -= len(data)
        if self._until_look <= 0:
            self._until_look = _LOOK
            if not self._into.has_room(self._folder):
                self._fail(Answer.NO_SPACE)
                return
        self._digest.update(data)
        self._stream.write(data)

    def _fail(self, answer: Answer, error: OSError | None = None) -> None:
        self.failed = answer
        self.cause = type(error).__name__ if error else None
        self.drop()

    def _close(self) -> None:
        stream, folder, self._stream, self._folder = self._stream, self._folder, None, None
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()  # may try to write what is left, to a disk that is full
        if folder is not None:
            os.close(folder)


def _identity(folder: int) -> tuple[int, int]:
    status = os.fstat(folder)
    return status.st_dev, status.st_ino


def _lock(path: Path, folder: int) -> int:
    try:
        lock = os.open(_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if isinstance(error, BlockingIOError):
            cause, remedy = "another receiver writes into it", "give each receiver a folder of its own"
            raise DaemonError("write into", path, cause, remedy) from error
        raise _unusable(path, error) from error
    return lock


def _remove_left_over(folder: int) -> int:
    removed = 0
    for name in os.listdir(folder):
        if _LEFT_OVER.fullmatch(name) and stat.S_ISREG(os.lstat(name, dir_fd=folder).st_mode):
            os.unlink(name, dir_fd=folder)
            removed += 1
    return removed


def _unusable(path: Path, error: OSError) -> DaemonError:
    cause = error.strerror or str(error)
    return DaemonError("write into", path, cause, "make the folder, and give this account write permission in it")
