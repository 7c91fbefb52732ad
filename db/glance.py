"""Asks a database that is only looked at: never made, never migrated; for those who work apart from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Table, inspect

from db.engine import check_file, database_url, open_engine
from db.faults import boundary, store_error

Answer = TypeVar("Answer")


def glance(url: str, table: Table, ask: Callable[[Connection], Answer], otherwise: Answer) -> Answer:
    """What a database says; `otherwise` where there is none, or one of a version that had no such table.

    Args:
        url: as `db.store.open_store` takes it.
        table: that is asked.
        ask: the question.
        otherwise: the answer of a database that knows nothing of it.

    Raises:
        StoreError: it is there, and cannot be read.
    """
    file = Path(database_url(url).database or "")
    try:
        if not file.exists():
            return otherwise
        check_file(file)
    except OSError as error:
        raise store_error("look into the database", file, error) from error
    engine = open_engine(file)
    try:
        with boundary("look into the database", file), engine.connect() as connection:
            return ask(connection) if inspect(connection).has_table(table.name) else otherwise
    finally:
        engine.dispose()
