"""Queries about what a department may clear away: films that came to an end long ago and, as a rule, were read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, case, exists, select

from db import schema
from db.queue import newest_image
from db.records import FileStamp
from db.states import ENDED, State

if TYPE_CHECKING:
    from datetime import datetime

a: Final = schema.arrival.c
e: Final = schema.read_event.c
s: Final = schema.study.c


@dataclass(frozen=True, slots=True)
class HandledFile:
    """A file that came to an end; `state` and `study` are those of the film that it repeats, where it is a copy."""

    root_id: int
    path: str  # relative to the root
    stamp: FileStamp
    state: State
    study: str
    arrived_at: datetime
    read: bool  # since the newest image of its study came


def handled(tx: Connection, before: datetime) -> Iterator[HandledFile]:
    """The newest content of every path that arrived before a time, came to an end and is, to the store, still there."""
    original = schema.arrival.alias("original")
    later = schema.arrival.alias("later").c
    image = schema.arrival.alias("image").c
    copy = a.state == State.DUPLICATE
    state = case((copy, original.c.state), else_=a.state)
    study_id = case((copy, original.c.study_id), else_=a.study_id)
    newest = newest_image(image).subquery("newest")
    read = exists().where(e.study_id == newest.c.study_id, e.recorded_at >= newest.c.arrived_at)
    superseded = exists().where(later.root_id == a.root_id, later.path == a.path, later.generation > a.generation)
    stamp = [a[name] for name in FileStamp.__slots__]
    query: Select[Any] = (
        select(a.root_id, a.path, *stamp, state, s.key, a.arrived_at, read)
        .select_from(schema.arrival)
        .outerjoin(original, original.c.id == a.duplicate_of)
        .join(newest, newest.c.study_id == study_id)
        .join(schema.study, s.id == study_id)
        .where(
            a.state.in_(sorted([*ENDED, State.DUPLICATE, State.SUPERSEDED])),
            state.in_(sorted([*ENDED, State.SUPERSEDED])),  # by a newer version of the image, at another path
            a.arrived_at < before,
            a.removed_at.is_(None),
            ~superseded,
        )
    )
    for row in tx.execute(query):
        root_id, path, *rest = row
        figures, (ended, study, arrived_at, was_read) = rest[:5], rest[5:]
        yield HandledFile(root_id, path, FileStamp(*figures), State(ended), study, arrived_at, bool(was_read))
