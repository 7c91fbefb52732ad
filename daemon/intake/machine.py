"""The states of an arrival and the only moves between them, as one table; pure, and executed by `recording.apply`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    RESEND = "the same image came again with other content"
    SCORE_STANDS = "scored as before: the newer version of the image is gone"
    REFUSAL_STANDS = "refused as before: the newer version of the image is gone"
    FAILURE_STANDS = "failed as before: the newer version of the image is gone"
    LOSE = "gone before it was read"
    INTERRUPT = "interrupted; to be taken up again"
    DEFER = "to be tried again later"
    PROMOTE = "the file it repeated is gone"
    RETRY = "to be tried again, by hand"


class IllegalMoveError(Exception):
    """An event met a state that cannot have it: a fault of the program, never of a file."""


class Effect(StrEnum):
    """What a move does besides; the value says it."""

    NOTHING = "nothing"
    FORGET = "what was said of it, and how often it was tried, is forgotten"
    STAND_ALONE = "it repeats no other film any more"
    FREE = "what repeated it is taken up again"
    FREE_ALL = "what repeated it is taken up again, and an older version of the image stands again"
    STAND_AGAIN = "nothing took its place any more"


@dataclass(frozen=True, slots=True)
class Move:
    """Where an event leads, and what else it does."""

    to: State
    effect: Effect = Effect.NOTHING


S = State
_PENDING: Final = (S.SEEN, S.SETTLING, S.READY, S.RUNNING)
_LIVE: Final = (*_PENDING, S.SCORED, S.REFUSED, S.FAILED, S.DUPLICATE)

TABLE: Final[Mapping[tuple[State, Event], Move]] = {
    (S.SEEN, Event.WAIT): Move(S.SETTLING),
    (S.SETTLING, Event.SETTLE): Move(S.READY),
    (S.READY, Event.CLAIM): Move(S.RUNNING),
    (S.READY, Event.CHANGE): Move(S.SETTLING, Effect.FORGET),
    (S.RUNNING, Event.CHANGE): Move(S.SETTLING, Effect.FORGET),
    (S.RUNNING, Event.SCORE): Move(S.SCORED),
    (S.RUNNING, Event.REFUSE): Move(S.REFUSED),
    (S.RUNNING, Event.FAIL): Move(S.FAILED),
    (S.RUNNING, Event.MATCH): Move(S.DUPLICATE, Effect.FORGET),
    (S.RUNNING, Event.INTERRUPT): Move(S.READY),
    (S.RUNNING, Event.DEFER): Move(S.READY),
    (S.DUPLICATE, Event.PROMOTE): Move(S.READY, Effect.STAND_ALONE),
    (S.REFUSED, Event.RETRY): Move(S.READY, Effect.FORGET),
    (S.FAILED, Event.RETRY): Move(S.READY, Effect.FORGET),
    **{(state, Event.LOSE): Move(S.VANISHED, Effect.FREE_ALL) for state in _PENDING},
    **{(state, Event.REPLACE): Move(S.SUPERSEDED, Effect.FREE_ALL) for state in _LIVE},
    **{(state, Event.RESEND): Move(S.SUPERSEDED, Effect.FREE) for state in (S.SCORED, S.REFUSED, S.FAILED)},
    (S.SUPERSEDED, Event.SCORE_STANDS): Move(S.SCORED, Effect.STAND_AGAIN),
    (S.SUPERSEDED, Event.REFUSAL_STANDS): Move(S.REFUSED, Effect.STAND_AGAIN),
    (S.SUPERSEDED, Event.FAILURE_STANDS): Move(S.FAILED, Effect.STAND_AGAIN),
}


def move_of(state: State, event: Event) -> Move:
    """What an event does to an arrival in a state.

    Raises:
        IllegalMoveError: the table has no such move.
    """
    try:
        return TABLE[state, event]
    except KeyError:
        raise IllegalMoveError(f"{event.name} cannot happen to an arrival that is {state.value}") from None


def moves() -> frozenset[tuple[State, State]]:
    """Every step that a history may show."""
    return frozenset((state, move.to) for (state, _), move in TABLE.items())
