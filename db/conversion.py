"""Brings what the database keeps in clear to a stricter level of identifiers; a laxer one changes nothing old.

It runs at every start of an intake, before anything is taken in, and finds nothing to do at most of them. What was in
clear is overwritten (`secure_delete`), also in the write-ahead log. Copies of the file are not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Table, and_, bindparam, func, not_, or_, select, true, update

from db import schema
from db.identity import HASH_LENGTH, Identifiers, Identity, is_hash
from db.states import ExpectedKind

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from db.store import Store

AT_ONCE: Final = 5_000  # rows in one transaction
UID_GROUP: Final = "uid:"

Columns = tuple[ColumnElement[Any], ...]
Part = tuple[Table, Columns, str, ColumnElement[bool]]
"""Columns of a table, what stands in front of the value in them, and the rows that count."""


def convert(store: Store, identity: Identity) -> int:
    """Turn what the level does not allow in clear into hashes; what is a hash already stays.

    Returns:
        How many rows were changed.

    Raises:
        StoreError: the database did not take it; what was done stays done, and the next start goes on.
    """
    changed = 0
    for part in _parts(identity.level):
        last: int | None = 0
        while last is not None:
            with store.write() as tx:
                last, rows = _piece(tx, identity, part, last)
            changed += rows
    if changed:
        store.fold_log()
    return changed


def _parts(level: Identifiers) -> list[Part]:
    a, s, film = schema.arrival.c, schema.study.c, schema.expected_film.c
    parts: list[Part] = [(schema.study, (s.group_key,), UID_GROUP, s.group_key.like(f"{UID_GROUP}%"))]
    if level is not Identifiers.IDENTIFIERS:
        parts.append((schema.arrival, (a.study_uid, a.instance_uid), "", true()))
    if level is Identifiers.NONE:
        parts.append((schema.arrival, (a.accession,), "", true()))
        parts.append((schema.study, (s.accession,), "", true()))
        parts.append((schema.expected_film, (film.key,), "", film.kind == ExpectedKind.ACCESSION))
    return parts


def _piece(tx: Connection, identity: Identity, part: Part, after: int) -> tuple[int | None, int]:
    """Convert the next rows after an id; returns the last id that was looked at (None: no more), and how many."""
    table, columns, prefix, counts = part
    names = [str(column.key) for column in columns]
    clear = or_(*(_is_clear(column, prefix) for column in columns))
    query = select(table.c.id, *columns).where(table.c.id > after, clear, counts).order_by(table.c.id).limit(AT_ONCE)
    rows = [
        {"which": row.id} | {f"new_{name}": _hashed(identity, row._mapping[name], prefix) for name in names}
        for row in tx.execute(query)
    ]
    if not rows:
        return None, 0
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    tx.execute(update(table).where(table.c.id == bindparam("which")).values(values), rows)
    return (int(str(rows[-1]["which"])) if len(rows) == AT_ONCE else None), len(rows)


def _is_clear(column: ColumnElement[Any], prefix: str) -> ColumnElement[bool]:
    hashed = and_(column.like(f"{prefix}#%"), func.length(column) == HASH_LENGTH + len(prefix))
    return and_(column.is_not(None), not_(hashed))


def _hashed(identity: Identity, kept: str | None, prefix: str) -> str | None:
    if kept is None:
        return None
    text = kept.removeprefix(prefix)
    return kept if is_hash(text) else prefix + identity.hashed(text)
