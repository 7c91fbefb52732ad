"""Queries about films that came to an end without a score, for whoever gives them another try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, select

from db import arrivals, schema
from db.records import Arrival
from db.states import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

a: Final = schema.arrival.c
UNSCORED: Final = (State.FAILED, State.REFUSED)
_AT_ONCE: Final = 1000  # numbers in one statement


def unscored(tx: Connection, code: str) -> list[Arrival]:
    """Every arrival that failed or was refused with a code, oldest first; other content would have superseded it."""
    return [arrival for arrival in arrivals.in_states(tx, UNSCORED) if arrival.code == code]


def still_unscored(tx: Connection, arrival_ids: Collection[int]) -> list[Arrival]:
    """Those of these arrivals that failed or were refused, and still are."""
    return [
        arrival for some in _parts(arrival_ids) for state in UNSCORED for arrival in arrivals.of_ids(tx, some, state)
    ]


def copies_of(tx: Connection, arrival_ids: Collection[int]) -> list[Arrival]:
    """The duplicates of these arrivals."""
    found: list[Arrival] = []
    for some in _parts(arrival_ids):
        query: Select[Any] = select(a.id).where(a.duplicate_of.in_(some), a.state == State.DUPLICATE)
        for part in _parts(tx.execute(query).scalars().all()):
            found += arrivals.of_ids(tx, part, State.DUPLICATE)
    return found


def _parts(arrival_ids: Collection[int]) -> Iterable[Sequence[int]]:
    wanted = sorted(arrival_ids)
    return (wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE))
