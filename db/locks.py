"""Rights that one process has at a time: a lock on a file beside the database, which ends with its process."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from db.engine import FILE_MODE
from db.errors import StoreError
from db.faults import store_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def sole_right(database: Path, suffix: str, operation: str, who: str) -> Iterator[None]:
    """Hold the right. A forked child shares it: one that outlives its parent keeps it.

    Args:
        database: beside which the file lies.
        suffix: what the file's name has more than the database's.
        operation: what it is the right to, in words that follow "cannot".
        who: has it already, as an error says.

    Raises:
        StoreError: another process has it.
    """
    beside = database.with_name(database.name + suffix)
    try:
        lock = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        raise store_error(operation, beside, error) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                raise store_error(operation, beside, error) from error
            holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
            cause = f"{who} (pid {holder}) works on this database"
            raise StoreError(operation, database, cause, "stop it, or give another --db") from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(lock)
