"""Writes the schema of a database as SQL text, so that a change of it shows in a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from db.store import Store


def dump_schema(store: Store) -> str:
    """The revision, then the statements that make the tables and indexes of an open SQLite database, by table."""
    query = text(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY tbl_name, type DESC, name"
    )
    with store.read() as tx:
        revision = tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        statements = tx.execute(query).scalars().all()
    lines = ["\n".join(line.rstrip() for line in str(sql).splitlines()) + ";" for sql in statements]
    return f"-- schema {revision}\n\n" + "\n\n".join(lines) + "\n"
