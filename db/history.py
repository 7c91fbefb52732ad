"""Queries over the whole history, for those who check it against the arrivals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, func, select

from db import schema
from db.records import HistoryLine

h: Final = schema.history.c


def arrivals_known(tx: Connection) -> int:
    """How many arrivals the history knows, counted without looking at the arrivals."""
    return int(tx.execute(select(func.count(h.arrival_id.distinct()))).scalar_one())


def steps_taken(tx: Connection) -> Iterator[HistoryLine]:
    """One line for each step between two states that was ever taken: the first that shows it."""
    firsts = select(func.min(h.id)).where(h.from_state.is_not(None)).group_by(h.from_state, h.to_state)
    for row in tx.execute(select(schema.history).where(h.id.in_(firsts))):
        yield HistoryLine(**row._mapping)
