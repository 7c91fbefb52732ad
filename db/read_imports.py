"""Queries about tables of reads: what each import did, and studies whose reading follows from their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, and_, exists, func, insert, select

from db import schema
from db.states import ENDED, ReadSource

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

a: Final = schema.arrival.c
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


def _waiting() -> Select[Any]:
    """Studies with an image that came to an end, and no read since the newest came, with when that was."""
    newest_image = func.max(a.arrived_at).label("newest")
    studies = (
        select(a.study_id, newest_image)
        .where(a.state.in_(sorted(ENDED)), a.study_id.is_not(None))
        .group_by(a.study_id)
        .subquery("ended")
    )
    read = exists().where(e.study_id == studies.c.study_id, e.recorded_at >= studies.c.newest)
    return select(studies.c.study_id, studies.c.newest).where(~read)


def never_read(tx: Connection, before: datetime) -> list[int]:
    """Waiting studies whose newest image came before a moment."""
    found = _waiting().subquery("waiting")
    query = select(found.c.study_id).where(found.c.newest < before).order_by(found.c.study_id)
    return list(tx.execute(query).scalars())


def taken_away(tx: Connection, root_ids: Collection[int], before: datetime) -> list[int]:
    """Waiting studies of which every image lay below these roots, and was gone before a moment."""
    if not root_ids:
        return []
    found = _waiting().subquery("waiting")
    kept = exists().where(
        and_(
            a.study_id == found.c.study_id,
            a.state.in_(sorted(ENDED)),
            a.root_id.not_in(sorted(root_ids)) | a.removed_at.is_(None) | (a.removed_at >= before),
        )
    )
    return list(tx.execute(select(found.c.study_id).where(~kept).order_by(found.c.study_id)).scalars())


def expired(tx: Connection, start: datetime, end: datetime) -> int:
    """How many studies left the queue within a span without anybody having said that they were read."""
    query = select(func.count(e.study_id.distinct())).where(
        e.source == ReadSource.EXPIRED, e.recorded_at >= start, e.recorded_at < end
    )
    return int(tx.execute(query).scalar_one())
