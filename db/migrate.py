"""Brings the schema of a database to this version's; Alembic is imported only when there is something to do."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text

from db import schema
from db.engine import FILE_MODE, sync, writer
from db.errors import StoreError
from db.faults import boundary, store_error

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


@dataclass(frozen=True, slots=True)
class Migrations:
    """Where the steps lie, and the revisions they lead through, oldest first; the last is the one to reach."""

    folder: Path
    revisions: tuple[str, ...]

    @property
    def head(self) -> str:
        """The revision that this version works with."""
        return self.revisions[-1]


SHIPPED: Final = Migrations(Path(__file__).parent / "migrations", schema.REVISIONS)


def revision_of(connection: Connection, file: Path) -> str | None:
    """The revision of an open database; None when it is empty.

    Raises:
        StoreError: it has tables, but not ours.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() if _ours(tables) else []
    if len(found) != 1:
        cause = "it is a database of another program"
        raise StoreError("open the database", file, cause, "give another --db")
    return str(found[0])


def _ours(tables: list[str]) -> bool:
    return {"alembic_version", "arrival", "history"} <= set(tables)


def refuse_future(revision: str | None, file: Path, migrations: Migrations) -> None:
    """See that this version knows the revision.

    Raises:
        StoreError: it does not, so a newer version wrote it.
    """
    if revision is not None and revision not in migrations.revisions:
        cause = f"it was made by a newer version (schema {revision}; this one knows {migrations.head})"
        raise StoreError("open the database", file, cause, "update cxr-triage, or give another --db")


def upgrade(engine: Engine, file: Path, migrations: Migrations) -> None:
    """Take the schema to the head in one transaction, of which all or nothing stays.

    A copy of the file is kept first, beside it, as NAME.before-REVISION, unless it is new.

    Raises:
        StoreError: a step failed, or the copy could not be made; the database is as it was.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    with boundary("read the database", file), engine.connect() as connection:
        before = revision_of(connection, file)
    refuse_future(before, file, migrations)
    if before is not None and before != migrations.head:
        _keep_copy(engine, file, file.with_name(f"{file.name}.before-{migrations.head}"))
    config = Config()
    config.set_main_option("script_location", str(migrations.folder).replace("%", "%%"))
    try:
        with boundary("migrate the database", file), writer(engine).begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, migrations.head)
    except CommandError as error:
        raise StoreError("migrate the database", file, str(error), "install cxr-triage again") from error


def _keep_copy(engine: Engine, file: Path, copy: Path) -> None:
    """A whole copy, also of what still stands in the write-ahead log; it appears under its name when it is complete.

    It is on the disk, and so is its name, before the migration begins: in a simulated power cut right after one, the
    store was migrated and the copy was not there.
    """
    part = copy.with_name(copy.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
        source = engine.raw_connection()
        target = sqlite3.connect(part)
        try:
            assert isinstance(source.driver_connection, sqlite3.Connection)  # noqa: S101
            target.execute("PRAGMA journal_mode = OFF")  # a kill leaves a .part, and no journal beside it
            source.driver_connection.backup(target)
        finally:
            target.close()
            source.close()
        sync(part)
        part.replace(copy)
        sync(copy.parent)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise store_error("copy the database before its migration", file, error) from error
