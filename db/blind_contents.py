"""Which contents are read without their scores, asked of a database that is only looked at: never made, never migrated.

For those who judge films apart from it, and are not to tell what it keeps back.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect

from db import blind_cases, schema
from db.engine import check_file, database_url, open_engine
from db.faults import boundary, store_error


def hidden_contents(url: str) -> frozenset[str]:
    """The SHA-256 of every scored film of a blind case; none where there is no database, or one of an older version.

    Args:
        url: as `db.store.open_store` takes it.

    Raises:
        StoreError: it is there, and cannot be read.
    """
    file = Path(database_url(url).database or "")
    try:
        if not file.exists():
            return frozenset()
        check_file(file)
    except OSError as error:
        raise store_error("look into the database", file, error) from error
    engine = open_engine(file)
    try:
        with boundary("look into the database", file), engine.connect() as connection:
            if not inspect(connection).has_table(schema.blind_case.name):
                return frozenset()
            return blind_cases.contents(connection)
    finally:
        engine.dispose()
