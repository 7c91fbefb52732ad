"""The store: a database file, opened, checked and brought to this version's schema; its transactions and its lock."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from db.engine import FILE_MODE, check_file, create_file, database_url, open_engine, set_up_file, writer
from db.errors import StoreError
from db.faults import DAMAGED, boundary, store_error
from db.migrate import SHIPPED, Migrations, refuse_future, revision_of, upgrade
from db.mounts import MOUNTINFO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine


class Store:
    """An open database; `open_store` makes one. Transactions of one thread do not nest."""

    def __init__(self, engine: Engine, file: Path) -> None:
        self._engine: Final = engine
        self._writer: Final = writer(engine)
        self.file: Final[Path | None] = file
        self.url: Final = f"sqlite:///{file}"  # by hand: SQLAlchemy cannot write a name that is not UTF-8

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write: it alone, from its beginning; all of it stays, or nothing after any exception.

        Raises:
            StoreError: the database did not take it.
        """
        with boundary("write to the database", self.file), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment, however long it takes, and holds nobody up.

        Raises:
            StoreError: the database could not be read.
        """
        with boundary("read the database", self.file), self._engine.connect() as connection:
            yield connection

    def quick_check(self) -> None:
        """Read every page and see that it is whole; for after an unclean stop, since it takes as long as that reading.

        Raises:
            StoreError: the database is damaged, or could not be read.
        """
        operation = "check the database"
        with boundary(operation, self.file), self._engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalars().all()
        if found != ["ok"]:  # what it says instead names tables and pages, which helps nobody who has to act
            raise StoreError(operation, self.file, *DAMAGED)

    def fold_log(self) -> None:
        """Fold the write-ahead log into the file and empty it, as far as nobody reads what stands in it.

        Raises:
            StoreError: the database could not be written.
        """
        with boundary("write to the database", self.file):
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                connection.close()

    @contextmanager
    def intake_lock(self) -> Iterator[None]:
        """Hold the right to take films in, which a database has one of; it ends with the process at the latest.

        A forked child shares it: one that outlives its parent keeps it.

        Raises:
            StoreError: another process has it.
        """
        assert self.file is not None  # noqa: S101
        beside = self.file.with_name(self.file.name + ".lock")
        try:
            lock = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        except OSError as error:
            raise store_error("start intake", beside, error) from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                    raise store_error("start intake", beside, error) from error
                holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
                cause = f"another scan or watch (pid {holder}) works on this database"
                raise StoreError("start intake", self.file, cause, "stop it, or give another --db") from error
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
            yield
        finally:
            os.close(lock)

    def close(self) -> None:
        """Close every connection; the last one out of the file folds the write-ahead log into it."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(url: str, *, create: bool, migrations: Migrations = SHIPPED, mountinfo: Path = MOUNTINFO) -> Store:
    """Open the database that a person names, and migrate it when an older version made it.

    Args:
        url: a plain file name or a SQLAlchemy URL.
        create: make the file when it is not there (never its folder).
        migrations: where the schema comes from.
        mountinfo: the kernel's list of mounts, to refuse network mounts by.

    Raises:
        StoreError: it is not there, not ours, not usable, or of a newer version.
    """
    file = Path(database_url(url).database or "")
    try:
        check_file(file, mountinfo)
        present = file.exists() and (create or file.stat().st_size > 0)
    except OSError as error:
        raise store_error("open the database", file, error) from error
    if not present and not create:
        raise StoreError("open the database", file, "there is no database", "run scan or watch first, or give --db")
    if not present:
        create_file(file)
    engine = open_engine(file)
    try:
        _bring_up_to_date(engine, file, migrations)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, file)


def _bring_up_to_date(engine: Engine, file: Path, migrations: Migrations) -> None:
    """Do nothing to a current schema; else let one process at a time bring it there."""
    with boundary("open the database", file), engine.connect() as connection:
        revision = revision_of(connection, file)
    refuse_future(revision, file, migrations)
    if revision == migrations.head:
        return
    with _alone_in(file.parent):
        set_up_file(engine, file)
        upgrade(engine, file, migrations)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process sets up or migrates a database in this folder.

    The folder itself is locked: a lock on the database file would take SQLite's own locks with it when it is closed.
    """
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise store_error("lock the folder of the database", folder, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
