"""Turns what SQLAlchemy, SQLite and the file system raise into a `StoreError`; only this module knows their codes."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from db.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRIMARY: Final = 0xFF  # the low byte of an extended result code, https://www.sqlite.org/rescode.html

DAMAGED: Final = ("it is damaged", "keep a copy of it as it is, then restore a backup")

_KNOWN: Final = {
    sqlite3.SQLITE_BUSY: (
        "another program has held it for more than half a minute",
        "find out what works on it, or try again later",
    ),
    sqlite3.SQLITE_LOCKED: ("another part of this program holds it", "try again"),
    sqlite3.SQLITE_FULL: ("the disk is full", "make room, then start again: nothing acknowledged was lost"),
    sqlite3.SQLITE_READONLY: ("it may only be read", "give this user write permission on the file and on its folder"),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_PERM: ("permission denied", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_NOTADB: ("it is not a database", "give another --db, or move that file away"),
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "look at the system's log, then restore a backup if need be"),
}


def store_error(operation: str, path: Path | None, error: Exception) -> StoreError:
    """What a caught error means to the person who runs the program.

    Args:
        operation: what was tried, in words that follow "cannot".
        path: of the database.
        error: from SQLAlchemy, sqlite3 or the operating system.
    """
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = getattr(origin, "sqlite_errorcode", None)
    if code is not None and (known := _KNOWN.get(code & _PRIMARY)):
        return StoreError(operation, path, *known)
    if isinstance(origin, OSError):
        cause = origin.strerror or type(origin).__name__
        cause = cause[:1].lower() + cause[1:]
        return StoreError(operation, path, cause, "check the path, its permissions and the disk")
    # the first line only: what follows it may quote values, and those are patient data
    cause = (str(origin).splitlines() or [""])[0] or type(origin).__name__
    return StoreError(operation, path, cause, "report this with the version and the command")


@contextmanager
def boundary(operation: str, path: Path | None) -> Iterator[None]:
    """Let nothing of SQLAlchemy or sqlite3 out but as a `StoreError`; errors of other origin pass as they are."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise store_error(operation, path, error) from error
