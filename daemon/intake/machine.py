"""The states of an arrival and the only moves between them, as one table; pure, and executed by the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from db.states import State


class Event(StrEnum):
    """What can happen to an arrival; the value is the reason that its history shows."""

    WAIT = "waiting until it is complete"
    CHANGE = "it is still being written"
    SETTLE = "complete"
    CLAIM = "taken up"
    SCORE = "scored"
    REFUSE = "outside the intended use"
    FAIL = "could not be read or scored"
    MATCH = "the same content is there under another name"
    REPLACE = "other content came under the same name"
    LOSE = "gone before it was read"
    INTERRUPT = "interrupted; to be taken up again"
    DEFER = "to be tried again later"
    PROMOTE = "the file it repeated is gone"


class IllegalMoveError(Exception):
    """An event met a state that cannot have it: a fault of the program, never of a file."""


S = State
_PENDING: Final = (S.SEEN, S.SETTLING, S.READY, S.RUNNING)
_LIVE: Final = (*_PENDING, S.SCORED, S.REFUSED, S.FAILED, S.DUPLICATE)

TABLE: Final[Mapping[tuple[State, Event], State]] = {
    (S.SEEN, Event.WAIT): S.SETTLING,
    (S.SETTLING, Event.SETTLE): S.READY,
    (S.READY, Event.CLAIM): S.RUNNING,
    (S.READY, Event.CHANGE): S.SETTLING,
    (S.RUNNING, Event.CHANGE): S.SETTLING,
    (S.RUNNING, Event.SCORE): S.SCORED,
    (S.RUNNING, Event.REFUSE): S.REFUSED,
    (S.RUNNING, Event.FAIL): S.FAILED,
    (S.RUNNING, Event.MATCH): S.DUPLICATE,
    (S.RUNNING, Event.INTERRUPT): S.READY,
    (S.RUNNING, Event.DEFER): S.READY,
    (S.DUPLICATE, Event.PROMOTE): S.READY,
    **{(state, Event.LOSE): S.VANISHED for state in _PENDING},
    **{(state, Event.REPLACE): S.SUPERSEDED for state in _LIVE},
}


def after(state: State, event: Event) -> State:
    """The state that an event leads to.

    Raises:
        IllegalMoveError: the table has no such move.
    """
    try:
        return TABLE[state, event]
    except KeyError:
        raise IllegalMoveError(f"{event.name} cannot happen to an arrival that is {state.value}") from None


def moves() -> frozenset[tuple[State, State]]:
    """Every step that a history may show."""
    return frozenset((state, following) for (state, _), following in TABLE.items())
