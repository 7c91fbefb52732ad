"""Queries about roots, arrivals and their history; `move` is the only way from one state to another.

Every function takes the connection of a transaction first. History is append-only by convention: nothing here changes
or deletes a line of it. Lists that name no other order come oldest first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from db import schema
from db.errors import StoreError
from db.records import Arrival, FileStamp, FilmFacts, HistoryLine
from db.states import ENDED, PENDING, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

a: Final = schema.arrival.c
h: Final = schema.history.c


class Changes(TypedDict, total=False):
    """What a transition may set besides the state; what is not given stays as it was."""

    code: str | None
    message: str | None
    sha256: str | None
    study_id: int | None
    result_id: int | None
    duplicate_of: int | None
    superseded_by: int | None
    attempts: int
    not_before: datetime | None
    backlog: bool
    arrived_at: datetime  # of a film that came under another name before
    removed_at: datetime | None
    stamp: FileStamp
    facts: FilmFacts


LONGEST_WAIT: Final = timedelta(minutes=10)

# Statements that run once for each film are built once: SQLAlchemy takes longer to build one than SQLite to run it.
_HERE: Final = select(a.state, a.steps).where(a.id == bindparam("which")).with_for_update()
_MOVE: Final = update(schema.arrival).where(a.id == bindparam("which")).returning(schema.arrival)
_APPEND: Final = insert(schema.history)


def _arrival(row: Row[Any]) -> Arrival:
    """By position (names cost five times as much): the table and the records share one order."""
    cells = tuple(row)
    arranged: Any = (*cells[:7], FileStamp(*cells[7:12]), *cells[12:17], FilmFacts(*cells[17:32]), *cells[32:])
    return Arrival(*arranged)


def _missing(arrival_id: int) -> StoreError:
    cause = f"the store has no arrival {arrival_id}"
    return StoreError("find an arrival", None, cause, "run cxr-triage account --verify to see what else is missing")


def _stamp_columns(stamp: FileStamp) -> dict[str, int]:
    return {name: getattr(stamp, name) for name in FileStamp.__slots__}


def _columns(changes: Changes) -> dict[str, Any]:
    columns: dict[str, Any] = dict(changes)
    if stamp := columns.pop("stamp", None):
        columns |= _stamp_columns(stamp)
    if facts := columns.pop("facts", None):
        columns |= {name: getattr(facts, name) for name in FilmFacts.__slots__}
    return columns


def _listed(tx: Connection, query: Select[Any]) -> list[Arrival]:
    return [_arrival(row) for row in tx.execute(query)]


def _under(root_ids: Collection[int] | None) -> ColumnElement[bool]:
    return true() if root_ids is None else a.root_id.in_(sorted(root_ids))


def _oldest_first() -> Select[Any]:
    return select(schema.arrival).order_by(a.arrived_at, a.id)


def current(tx: Connection, root_id: int) -> dict[str, Arrival]:
    """The newest generation of every path of a root, by relative path; vanished and removed ones too."""
    query = select(schema.arrival).where(a.root_id == root_id).order_by(a.path, a.generation)
    newest = {row.path: row for row in tx.execute(query)}
    return {path: _arrival(row) for path, row in newest.items()}


def of_ids(tx: Connection, arrival_ids: Collection[int], state: State) -> list[Arrival]:
    """Those of these arrivals that are in a state, oldest first."""
    return _listed(tx, _oldest_first().where(a.id.in_(sorted(arrival_ids)), a.state == state))


def current_at(tx: Connection, root_id: int, path: str) -> Arrival | None:
    """The newest generation of one path."""
    query = select(schema.arrival).where(a.root_id == root_id, a.path == path).order_by(a.generation.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    return None if row is None else _arrival(row)


def get(tx: Connection, arrival_id: int) -> Arrival:
    """One arrival.

    Raises:
        StoreError: there is none with this id.
    """
    row = tx.execute(select(schema.arrival).where(a.id == arrival_id)).one_or_none()
    if row is None:
        raise _missing(arrival_id)
    return _arrival(row)


def add(
    tx: Connection,
    root_id: int,
    path: str,
    generation: int,
    stamp: FileStamp,
    now: datetime,
    *,
    backlog: bool,
    reason: str,
) -> Arrival:
    """A new arrival, in state SEEN, with the first line of its history.

    Args:
        tx: the transaction.
        root_id: the root it lies in.
        path: relative to the root.
        generation: 1 for the first content of a path, then one more each time.
        stamp: what the file system says of it.
        now: when it was observed.
        backlog: whether it lay there before the root's first complete rescan.
        reason: for its history, without file names.
    """
    return get(tx, add_many(tx, root_id, [(path, generation, stamp, backlog)], now, reason)[0])


def add_many(
    tx: Connection, root_id: int, arrivals: Iterable[tuple[str, int, FileStamp, bool]], now: datetime, reason: str
) -> list[int]:
    """Many new arrivals at once, as `add` makes them.

    Args:
        tx: the transaction.
        root_id: the root they lie in.
        arrivals: (relative path, generation, stamp, backlog) of each.
        now: when they were observed.
        reason: for their history.

    Returns:
        Their ids, in the order given.
    """
    fixed = {"root_id": root_id, "state": State.SEEN, "steps": 1, "arrived_at": now, "changed_at": now}
    rows: list[dict[str, Any]] = [
        {"path": path, "generation": generation, "backlog": backlog, **fixed, **_stamp_columns(stamp)}
        for path, generation, stamp, backlog in arrivals
    ]
    if not rows:
        return []
    before = tx.execute(select(func.coalesce(func.max(a.id), 0))).scalar_one()
    tx.execute(insert(schema.arrival), rows)
    # RETURNING in the order of the rows would run them one by one on SQLite, ten times slower
    new = and_(a.id > before, a.root_id == root_id, ~exists().where(h.arrival_id == a.id))
    ids = list(tx.execute(select(a.id).where(new).order_by(a.id)).scalars())
    _append(tx, [(arrival_id, 1, None) for arrival_id in ids], State.SEEN, now, reason)
    return ids


def move(tx: Connection, arrival_id: int, to: State, now: datetime, reason: str, **changes: Unpack[Changes]) -> Arrival:
    """Take an arrival from its present state to another, with a line of history.

    Args:
        tx: the transaction.
        arrival_id: which.
        to: the new state.
        now: when.
        reason: for its history, without file names.
        **changes: columns to set with it; what is not given stays, also an old code or `not_before`.

    Returns:
        The arrival as it is now.

    Raises:
        StoreError: there is no such arrival.
    """
    here = tx.execute(_HERE, {"which": arrival_id}).one_or_none()
    if here is None:
        raise _missing(arrival_id)
    sequence = here.steps + 1
    values = _columns(changes) | {"which": arrival_id, "state": to, "changed_at": now, "steps": sequence}
    row = tx.execute(_MOVE, values).one()
    _append(tx, [(arrival_id, sequence, here.state)], to, now, reason)
    return _arrival(row)


def move_many(tx: Connection, arrival_ids: Collection[int], to: State, now: datetime, reason: str) -> int:
    """Take many arrivals to one state, as `move` does, in a few statements; unknown ids are passed over.

    Returns:
        How many were moved.
    """
    moved = 0
    wanted = list(arrival_ids)
    for start in range(0, len(wanted), 1000):
        some = wanted[start : start + 1000]
        query = select(a.id, a.state, a.steps).where(a.id.in_(some)).order_by(a.id).with_for_update()
        lines = [(row.id, row.steps + 1, row.state) for row in tx.execute(query)]
        if lines:
            values = {"state": to, "changed_at": now, "steps": a.steps + 1}
            tx.execute(update(schema.arrival).where(a.id.in_(some)).values(values))
            _append(tx, lines, to, now, reason)
            moved += len(lines)
    return moved


def _append(
    tx: Connection, lines: Sequence[tuple[int, int, State | None]], to: State, now: datetime, reason: str
) -> None:
    """Append one line of history to each (arrival, sequence, state it comes from)."""
    fixed: Mapping[str, Any] = {"at": now, "to_state": to, "reason": reason}
    rows = [{"arrival_id": i, "sequence": sequence, "from_state": came, **fixed} for i, sequence, came in lines]
    tx.execute(_APPEND, rows)


def restamp(tx: Connection, arrival_id: int, stamp: FileStamp) -> None:
    """Keep a new stamp of a file whose content is the same: no change of state, no history."""
    tx.execute(update(schema.arrival).where(a.id == arrival_id).values(_stamp_columns(stamp)))


def mark_removed(tx: Connection, arrival_id: int, now: datetime) -> None:
    """Note that the file of an arrival is gone; its state stays. A time that is already there stays too."""
    tx.execute(update(schema.arrival).where(a.id == arrival_id, a.removed_at.is_(None)).values(removed_at=now))


def clear_removed(tx: Connection, arrival_id: int) -> None:
    """Note that the file of an arrival is there again, with the same content."""
    tx.execute(update(schema.arrival).where(a.id == arrival_id).values(removed_at=None))


def ready(tx: Connection, now: datetime, limit: int, root_ids: Collection[int] | None = None) -> list[Arrival]:
    """Arrivals (of these roots only, if any are given) that a worker may take now, oldest first, at most `limit`.

    Nothing has to wait longer than `LONGEST_WAIT`: a time beyond it is from before the clock was stepped back.
    """
    due = or_(a.not_before.is_(None), a.not_before <= now, a.not_before > now + LONGEST_WAIT)
    query = _oldest_first().where(a.state == State.READY, due, _under(root_ids))
    return _listed(tx, query.limit(limit))


def in_states(tx: Connection, states: Collection[State], limit: int | None = None) -> list[Arrival]:
    """Arrivals in any of these states, at most `limit`."""
    return _listed(tx, _oldest_first().where(a.state.in_(sorted(states))).limit(limit))


def next_not_before(tx: Connection) -> datetime | None:
    """The earliest time at which a READY arrival that has to wait may be taken; None when none has to."""
    query = select(a.not_before).where(a.state == State.READY, a.not_before.is_not(None))
    return tx.execute(query.order_by(a.not_before).limit(1)).scalar_one_or_none()


def has_pending(tx: Connection, root_ids: Collection[int] | None = None) -> bool:
    """Whether any arrival (of these roots only, if any are given) is not at an end yet; quick however many."""
    query = select(a.id).where(a.state.in_(sorted(PENDING)), _under(root_ids)).limit(1)
    return tx.execute(query).first() is not None


def pending_count(tx: Connection) -> int:
    """How many arrivals are not at an end yet."""
    return tx.execute(select(func.count()).where(a.state.in_(sorted(PENDING)))).scalar_one()


def same_content(tx: Connection, sha256: str, other_than_id: int) -> list[Arrival]:
    """Other arrivals with this content that were scored, refused or failed."""
    return _listed(tx, _oldest_first().where(a.sha256 == sha256, a.id != other_than_id, a.state.in_(sorted(ENDED))))


def with_result(tx: Connection, result_id: int) -> list[Arrival]:
    """Arrivals that were given this result, also those that other content took the place of."""
    return _listed(tx, _oldest_first().where(a.result_id == result_id))


def duplicates_of(tx: Connection, arrival_id: int) -> list[Arrival]:
    """Arrivals that repeat the content of this one, oldest first."""
    return _listed(tx, _oldest_first().where(a.duplicate_of == arrival_id, a.state == State.DUPLICATE))


def replaced_by(tx: Connection, newer: Arrival) -> list[Arrival]:
    """Arrivals whose place this one took as a newer version of the same image, at another path, oldest first."""
    elsewhere = or_(a.root_id != newer.root_id, a.path != newer.path)
    query = _oldest_first().where(a.superseded_by == newer.id, a.state == State.SUPERSEDED, elsewhere)
    return _listed(tx, query)


def name_successor(tx: Connection, arrival_ids: Collection[int], successor: int) -> None:
    """Let superseded arrivals name another one that took their place: no change of state, no history."""
    if arrival_ids:
        tx.execute(update(schema.arrival).where(a.id.in_(sorted(arrival_ids))).values(superseded_by=successor))


def history(tx: Connection, arrival_id: int) -> list[HistoryLine]:
    """The transitions of an arrival, in their order."""
    query = select(schema.history).where(h.arrival_id == arrival_id).order_by(h.sequence)
    return [HistoryLine(**row._mapping) for row in tx.execute(query)]
