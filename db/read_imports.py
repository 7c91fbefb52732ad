"""Queries about tables of reads: what each import did, and what an earlier one said already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select

from db import schema
from db.states import ReadSource

if TYPE_CHECKING:
    from datetime import datetime

e: Final = schema.read_event.c
i: Final = schema.read_import.c


@dataclass(frozen=True, slots=True)
class ReadImport:
    """One table of reads as it was taken in; `faults` says of each malformed row where it stands and what is wrong."""

    at: datetime
    source: str
    rows: int
    marked: int
    unknown: int
    faults: str
    id: int | None = None


def add(tx: Connection, found: ReadImport) -> None:
    """Keep what came of an import."""
    values = {name: getattr(found, name) for name in ReadImport.__slots__ if name != "id"}
    tx.execute(insert(schema.read_import).values(values))


def newest(tx: Connection) -> ReadImport | None:
    """The last one."""
    columns = [schema.read_import.c[name] for name in ReadImport.__slots__]
    row = tx.execute(select(*columns).order_by(i.at.desc(), i.id.desc()).limit(1)).one_or_none()
    return None if row is None else ReadImport(*row)


def is_known(tx: Connection, study_id: int, read_at: datetime) -> bool:
    """Whether a table said before that a study was read at this moment."""
    query = select(e.id).where(e.study_id == study_id, e.read_at == read_at, e.source == ReadSource.CSV)
    return tx.execute(query.limit(1)).first() is not None
