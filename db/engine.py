"""Connections to the database file: how it is named, created and opened, and how transactions begin."""

from __future__ import annotations

import errno
import os
import sqlite3
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from db.errors import StoreError
from db.faults import boundary, store_error
from db.mounts import MOUNTINFO, network_kind

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

BUSY_SECONDS: Final = 30.0
FILE_MODE: Final = 0o640  # paths and accessions are patient data
OLDEST_SQLITE: Final = (3, 35)  # RETURNING; window functions came earlier

_BEGIN: Final = "store_begin"  # the execution option that says how a transaction begins


def database_url(text: str) -> URL:
    """The database that a person names: a plain file name, or a SQLAlchemy URL.

    Raises:
        StoreError: it names none, or a kind that this version does not keep its store in.
    """
    try:
        url = make_url(text) if "://" in text else URL.create("sqlite", database=text)
    except (ArgumentError, ValueError) as error:
        raise StoreError("understand --db", text, "it is not a database URL", "give a file name") from error
    if url.get_backend_name() != "sqlite":
        # without the rest: a URL may hold a password
        cause = f"this version keeps its store in SQLite, not in {url.get_backend_name()}"
        raise StoreError("open the database", None, cause, "give a file name, or sqlite:////absolute/path")
    name = url.database or ""
    if url.host or url.query or not name or name == ":memory:" or name.startswith("file:") or "\0" in name:
        raise StoreError(
            "open the database", None, "it needs a plain file", "give a file name, e.g. --db cxr-triage.db"
        )
    return URL.create("sqlite", database=os.path.abspath(name))  # noqa: PTH100  (pathlib keeps "..")


def create_file(file: Path) -> None:
    """Make an empty database file that only its owner may write, only its group may read; one that is there stays."""
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
        sync(file.parent)
    except FileExistsError:
        pass
    except FileNotFoundError as error:
        raise StoreError("create the database", file, "its folder is not there", "make the folder first") from error
    except OSError as error:
        raise store_error("create the database", file, error) from error


def sync(path: Path) -> None:
    """Return when a power cut leaves a file's content, or a folder's names, as they are now.

    Raises:
        OSError: the disk could not do it.
    """
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems have no such sync of a folder
            raise
    finally:
        os.close(opened)


def check_file(file: Path, mountinfo: Path = MOUNTINFO) -> None:
    """See that a database may live at this path.

    Raises:
        StoreError: it is a directory or another thing that is no file, or it lies on a network mount.
    """
    if file.is_dir():
        raise StoreError("open the database", file, "it is a directory", "give a file name, e.g. --db cxr-triage.db")
    if file.exists() and not file.is_file():
        raise StoreError("open the database", file, "it is not a file", "give another --db")
    if kind := network_kind(file, mountinfo):
        cause = f"it lies on a network mount ({kind}), where SQLite's locks cannot be trusted"
        raise StoreError("open the database", file, cause, "give a --db on a local disk")
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        cause = f"Python brings SQLite {sqlite3.sqlite_version}, and 3.35 is needed"
        raise StoreError("open the database", file, cause, "use a newer Python")


def open_engine(file: Path) -> Engine:
    """An engine on an existing file: it never creates one, and its transactions begin where SQLAlchemy's do.

    pysqlite would begin late and by its own rules; so it is told not to begin at all (`isolation_level=None`), and each
    begin is said out loud: deferred for readers, IMMEDIATE for writers, whose read-modify-writes are lost otherwise.
    """
    address = f"file:{quote(os.fsencode(file))}?mode=rw"  # a file of a read-only user is still opened, for reading

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    engine = create_engine(URL.create("sqlite", database=str(file)), creator=connect, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def writer(engine: Engine) -> Engine:
    """The same connections, their transactions holding the write lock from the start."""
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")  # NORMAL lost acknowledged rows in a simulated power cut
    connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def set_up_file(engine: Engine, file: Path) -> None:
    """Give a new file what can only be set before its first table: freed pages that return, and the write-ahead log."""
    with boundary("set up the database", file):
        connection = engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
            cursor.execute("PRAGMA journal_mode = WAL")
            (mode,) = cursor.fetchall()[0]
        finally:
            connection.close()
    if mode != "wal":
        cause = f"its disk allows no write-ahead log ({mode})"
        raise StoreError("set up the database", file, cause, "give a --db on a local disk")
