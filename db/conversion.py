"""Brings what the database keeps in clear to a stricter level of identifiers; a laxer one changes nothing old.

It runs at every start of an intake, before anything is taken in, and finds nothing to do at most of them. What was in
clear is overwritten (`secure_delete`), also in the write-ahead log. Copies of the file are not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Table, and_, bindparam, func, not_, or_, select, update

from db import schema
from db.identity import HASH_LENGTH, Identifiers, Identity, is_hash
from db.states import ExpectedKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from db.store import Store

AT_ONCE: Final = 5_000  # rows in one transaction
UID_GROUP: Final = "uid:"
_UIDS: Final = (schema.arrival.c.study_uid, schema.arrival.c.instance_uid)


def convert(store: Store, identity: Identity) -> int:
    """Turn what the level does not allow in clear into hashes; what is a hash already stays.

    Returns:
        How many rows were changed.

    Raises:
        StoreError: the database did not take it; what was done stays done, and the next start goes on.
    """
    none = identity.level is Identifiers.NONE
    uids = () if identity.level is Identifiers.IDENTIFIERS else _UIDS
    accessions = (schema.arrival.c.accession,) if none else ()
    changed = 0
    while rows := _arrivals(store, identity, (*uids, *accessions)):
        changed += rows
    for table, column, only in _texts(none=none):
        while rows := _converted(store, identity, table, column, only):
            changed += rows
    if changed:
        store.fold_log()
    return changed


def _texts(*, none: bool) -> list[tuple[Table, ColumnElement[Any], ColumnElement[bool] | None]]:
    found: list[tuple[Table, ColumnElement[Any], ColumnElement[bool] | None]] = [
        (schema.study, schema.study.c.group_key, schema.study.c.group_key.like(f"{UID_GROUP}%"))
    ]
    if none:
        film = schema.expected_film
        found += [
            (schema.study, schema.study.c.accession, None),
            (film, film.c.key, film.c.kind == ExpectedKind.ACCESSION),
        ]
    return found


def _clear(column: ColumnElement[Any], prefix: str = "") -> ColumnElement[bool]:
    """What may be in clear; whether it is a hash is looked at more closely afterwards."""
    hashed = and_(column.like(f"{prefix}#%"), func.length(column) == HASH_LENGTH + len(prefix))
    return and_(column.is_not(None), not_(hashed))


def _arrivals(store: Store, identity: Identity, columns: tuple[ColumnElement[Any], ...]) -> int:
    """Convert some rows of arrivals; returns how many."""
    if not columns:
        return 0
    table = schema.arrival
    query = select(table.c.id, *columns).where(or_(*(_clear(column) for column in columns))).limit(AT_ONCE)
    names = [str(column.key) for column in columns]
    with store.write() as tx:
        rows = [
            {"which": row.id} | {f"new_{name}": _hashed(identity, row._mapping[name]) for name in names}
            for row in tx.execute(query)
        ]
        _update(tx, table, {name: bindparam(f"new_{name}") for name in names}, rows)
    return len(rows)


def _converted(
    store: Store, identity: Identity, table: Table, column: ColumnElement[Any], only: ColumnElement[bool] | None
) -> int:
    prefix = UID_GROUP if column is schema.study.c.group_key else ""
    query = select(table.c.id, column).where(_clear(column, prefix)).limit(AT_ONCE)
    if only is not None:
        query = query.where(only)
    name = str(column.key)
    with store.write() as tx:
        rows = [
            {"which": row[0], f"new_{name}": prefix + (_hashed(identity, row[1].removeprefix(prefix)) or "")}
            for row in tx.execute(query)
        ]
        _update(tx, table, {name: bindparam(f"new_{name}")}, rows)
    return len(rows)


def _hashed(identity: Identity, text: str | None) -> str | None:
    return text if text is None or is_hash(text) else identity.hashed(text)


def _update(tx: Connection, table: Table, values: Mapping[str, Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        tx.execute(update(table).where(table.c.id == bindparam("which")).values(values), rows)
