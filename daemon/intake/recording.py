"""Writes what happened to arrivals into the store, each move by the table of `daemon.intake.machine`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from daemon.intake.machine import Effect, Event, move_of
from daemon.intake.names import StudyPattern
from daemon.triage.gate_policy import BY_DEFAULT, GatePolicy
from daemon.triage.order import Band
from db import arrivals
from db.identity import Identity
from db.records import Arrival
from db.states import PENDING, State
from models.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Scoring:
    """What new results are made by: the model, its row in the store, the site's rules, and how films are told apart.

    Attributes:
        identity: what is kept of accessions and UIDs.
        patterns: what groups plain images into studies, by root id.
        gate_policy: what the site does about findings.
        blind: the share of each band that is read without a score; empty: none.
    """

    bundle: Bundle
    bundle_id: int
    identity: Identity
    patterns: Mapping[int, StudyPattern] = field(default_factory=dict)
    gate_policy: GatePolicy = BY_DEFAULT
    blind: Mapping[Band, float] = field(default_factory=dict)


_SETS: Final[Mapping[Effect, Mapping[str, Any]]] = {
    Effect.NOTHING: {},
    Effect.FORGET: {"code": None, "message": None, "not_before": None, "attempts": 0},
    Effect.STAND_ALONE: {"duplicate_of": None},
    Effect.FREE: {},
    Effect.FREE_ALL: {},
    Effect.STAND_AGAIN: {"superseded_by": None},
}


_AS_BEFORE: Final[Mapping[State | None, Event]] = {
    State.SCORED: Event.SCORE_STANDS,
    State.REFUSED: Event.REFUSAL_STANDS,
    State.FAILED: Event.FAILURE_STANDS,
}


def apply(tx: Connection, arrival: Arrival, event: Event, now: datetime, *, reason: str = "", **values: Any) -> Arrival:
    """Move one arrival as the table says, with its line of history; `values` are columns to set with it."""
    move = move_of(arrival.state, event)
    moved = arrivals.move(tx, arrival.id, move.to, now, reason or event.value, **{**_SETS[move.effect], **values})
    if move.effect in (Effect.FREE, Effect.FREE_ALL):
        # also where its file was removed: left as it is, it would name content that no queue shows, and may come back
        for duplicate in arrivals.duplicates_of(tx, arrival.id):
            apply(tx, duplicate, Event.PROMOTE, now, removed_at=None)
    if move.effect is Effect.FREE_ALL:
        _stand_again(tx, arrival, now)
    return moved


def _stand_again(tx: Connection, gone: Arrival, now: datetime) -> None:
    """Let the newest older version of an image stand again when the one that took its place went, as it stood before.

    It is not read again: what lies there now is the next rescan's business. Of those that other content of their own
    path took the place of, the next older ones count. Those that stay away name the one that stands as their successor.
    """
    versions, asked = list[Arrival](), [gone]
    while asked:
        for older in arrivals.replaced_by(tx, asked.pop()):
            here = arrivals.current_at(tx, older.root_id, older.path)
            (versions if here is not None and here.id == older.id else asked).append(older)
    stood = {older.id: arrivals.history(tx, older.id)[-1].from_state for older in versions}
    versions.sort(key=lambda older: (older.arrived_at, older.id))
    good = [number for number, older in enumerate(versions) if stood[older.id] is not State.FAILED]
    first = good[-1] if good else 0
    for older in versions[first:]:
        apply(tx, older, _AS_BEFORE[stood[older.id]], now)
    arrivals.name_successor(tx, [older.id for older in versions[:first]], versions[first].id if versions else 0)


def apply_to_all(tx: Connection, found: list[Arrival], event: Event, now: datetime) -> None:
    """Move many arrivals by an event that does nothing besides, in a few statements."""
    for state in {arrival.state for arrival in found}:
        move = move_of(state, event)
        assert move.effect is Effect.NOTHING  # noqa: S101
        arrivals.move_many(tx, [each.id for each in found if each.state is state], move.to, now, event.value)


def retire(tx: Connection, arrival: Arrival, now: datetime) -> None:
    """Note that an arrival's file is gone; what repeated it and is there takes its place."""
    if arrival.state in PENDING:
        apply(tx, arrival, Event.LOSE, now)
        return
    arrivals.mark_removed(tx, arrival.id, now)
    for duplicate in arrivals.duplicates_of(tx, arrival.id):
        if duplicate.removed_at is None:
            apply(tx, duplicate, Event.PROMOTE, now)


def restore(tx: Connection, arrival: Arrival, now: datetime) -> None:
    """Note that an arrival's file is there again; a copy whose original is gone meanwhile takes its place."""
    arrivals.clear_removed(tx, arrival.id)
    original = arrival.duplicate_of if arrival.state is State.DUPLICATE else None
    if original is not None and arrivals.get(tx, original).removed_at is not None:
        apply(tx, arrival, Event.PROMOTE, now)


def supersede(tx: Connection, arrival: Arrival, successor: Arrival, now: datetime) -> None:
    """Let a new generation take the place of an old one, unless a newer version of its image did before."""
    if arrival.state is not State.SUPERSEDED:
        apply(tx, arrival, Event.REPLACE, now, superseded_by=successor.id)
