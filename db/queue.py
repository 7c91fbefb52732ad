"""The waiting images, in one query, and the account; how they are ordered is decided elsewhere.

A study waits until it has a read event recorded at or after the arrival of its newest image. Only images that came to
an end count (scored, refused, failed): what is still on its way joins its study when it ends, and reopens it if it
arrived after the last read. A rejection note is no image, and what one took back is not to be read.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, and_, case, exists, func, or_, select

from db import blind_cases, schema
from db.identity import in_clear
from db.records import LastRead, WaitingImage
from db.states import ENDED, REJECTION_NOTE, UNREAD, State

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement, Subquery
    from sqlalchemy.sql.base import ReadOnlyColumnCollection

a: Final = schema.arrival.c
e: Final = schema.read_event.c
s: Final = schema.study.c


def waiting(tx: Connection, among: Select[tuple[int]] | None = None) -> list[WaitingImage]:
    """Every image of every waiting study, by study, then arrival; refused and failed images too.

    An image whose file was removed is left out where the study has the same content at another place that ended too.

    Args:
        tx: the transaction.
        among: gives ids of studies; only these are looked at.
    """
    return _images(tx, ENDED, _unread(among))


def images_of(tx: Connection, chosen: Select[tuple[int]]) -> list[WaitingImage]:
    """Likewise every image of the studies whose ids `chosen` gives, whether or not they wait."""
    return _images(tx, ENDED, chosen.subquery("chosen"))


def not_scored(tx: Connection) -> list[WaitingImage]:
    """The refused and failed images among `waiting`."""
    return _images(tx, ENDED - {State.SCORED}, _unread(None))


def is_film(arrival: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    """Whether what came to an end is an image, and not a note about images."""
    film: ColumnElement[bool] = arrival.code.is_distinct_from(REJECTION_NOTE)
    return film


def newest_image(image: ReadOnlyColumnCollection[str, Any]) -> Select[Any]:
    """(study_id, arrived_at) of the newest image that is to be read of each study.

    What its sender took back is not to be read, so it reopens nothing; a study of which all was taken back goes by all.
    """
    live = case((image.withdrawn_at.is_(None), image.arrived_at))
    newest = func.coalesce(func.max(live), func.max(image.arrived_at), type_=image.arrived_at.type)
    return (
        select(image.study_id, newest.label("arrived_at"))
        .where(image.state.in_(sorted(ENDED)), image.study_id.is_not(None), is_film(image))
        .group_by(image.study_id)
    )


def unread() -> Select[Any]:
    """(study_id, arrived_at) of the newest image of each study that waits: no read was recorded since that came."""
    newest = newest_image(schema.arrival.c).subquery("newest")
    read = exists().where(e.study_id == newest.c.study_id, e.recorded_at >= newest.c.arrived_at)
    return select(newest.c.study_id, newest.c.arrived_at).where(~read)


def _unread(among: Select[tuple[int]] | None) -> Subquery:
    waits = unread().subquery("waits")
    if among is None:
        return waits
    return select(waits.c.study_id).where(waits.c.study_id.in_(among)).subquery("chosen")


def _images(tx: Connection, states: Collection[State], chosen: Subquery) -> list[WaitingImage]:
    ended = sorted(ENDED)
    twin = schema.arrival.alias("twin").c
    replaced = exists().where(
        twin.study_id == a.study_id,
        twin.id != a.id,
        twin.sha256 == a.sha256,
        twin.removed_at.is_(None),
        twin.state.in_(ended),
    )
    query: Select[Any] = (
        select(
            s.id,
            s.key,
            s.accession,
            s.requested_urgency,
            schema.root.c.path,
            a.path,
            a.id,
            a.sha256,
            a.state,
            a.code,
            a.message,
            schema.result.c.logit,
            schema.result.c.bundle_id,
            a.population,
            a.tier,
            a.age_years,
            a.view,
            a.arrived_at,
            a.acquired_at,
            a.backlog,
            a.removed_at,
            a.attempts,
            a.marks,
            a.withdrawn_at,
        )
        .select_from(chosen)
        .join(schema.study, s.id == chosen.c.study_id)
        .join(schema.arrival, and_(a.study_id == s.id, a.state.in_(sorted(states)), is_film(a)))
        .join(schema.root, schema.root.c.id == a.root_id)
        .outerjoin(schema.result, schema.result.c.id == a.result_id)
        .where(or_(a.removed_at.is_(None), ~replaced))
        .order_by(s.id, a.arrived_at, a.id)
    )
    copies, hidden = _copies(tx), blind_cases.hidden(tx)
    return [
        WaitingImage(*(*row[:2], in_clear(row[2]), *row[3:], copies.get(row[6], ()), row[0] in hidden))
        for row in tx.execute(query)
    ]


def _copies(tx: Connection) -> dict[int, tuple[str, ...]]:
    """Where the same content lies as well: absolute paths by the id of the arrival that was handled."""
    query: Select[Any] = (
        select(a.duplicate_of, schema.root.c.path, a.path)
        .join(schema.root, schema.root.c.id == a.root_id)
        .where(a.state == State.DUPLICATE, a.duplicate_of.is_not(None), a.removed_at.is_(None))
        .order_by(a.id)
    )
    copies: defaultdict[int, list[str]] = defaultdict(list)
    for original, folder, path in tx.execute(query):
        copies[original].append(os.path.join(folder, path))  # noqa: PTH118
    return {original: tuple(paths) for original, paths in copies.items()}


def last_reads(tx: Connection, folders: Collection[str] = ()) -> list[LastRead]:
    """Of each requested urgency the study that somebody read last.

    Args:
        tx: the transaction.
        folders: also the one that was read last of those with an image from each of these roots (absolute paths).
    """
    found = {read.event: read for folder in (None, *folders) for read in _last_reads(tx, folder)}
    return [found[event] for event in sorted(found)]


def _last_reads(tx: Connection, folder: str | None) -> list[LastRead]:
    newest: Select[Any] = (
        select(s.requested_urgency, func.max(e.id).label("id"))
        .join_from(schema.read_event, schema.study, s.id == e.study_id)
        .where(e.source.not_in(sorted(UNREAD)))
        .group_by(s.requested_urgency)
    )
    if folder is not None:
        root = select(schema.root.c.id).where(schema.root.c.path == folder).scalar_subquery()
        newest = newest.where(exists().where(a.study_id == e.study_id, a.root_id == root))
    last = newest.subquery("newest")
    query: Select[Any] = (
        select(last.c.id, last.c.requested_urgency, e.recorded_at, a.arrived_at, a.backlog, schema.root.c.path)
        .join_from(last, schema.read_event, e.id == last.c.id)
        .join(schema.arrival, and_(a.study_id == e.study_id, a.state.in_(sorted(ENDED))))
        .join(schema.root, schema.root.c.id == a.root_id)
        .order_by(last.c.id, a.arrived_at, a.id)
    )
    found: dict[int, LastRead] = {}
    for event, urgency, read_at, arrived_at, backlog, path in tx.execute(query):
        # its earliest image: a study waits from then on
        known = found.setdefault(event, LastRead(event, urgency, read_at, arrived_at, backlog, ()))
        if path not in known.root_paths:
            found[event] = replace(known, root_paths=(*known.root_paths, path))
    return list(found.values())


def account(tx: Connection) -> dict[State, int]:
    """How many arrivals stand in each state; every state is named."""
    counts = dict.fromkeys(State, 0)
    for state, count in tx.execute(select(a.state, func.count()).group_by(a.state)):
        counts[state] = count
    return counts
