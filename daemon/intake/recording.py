"""Writes what happened to arrivals into the store, each move by the table of `daemon.intake.machine`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from daemon.intake.machine import Effect, Event, move_of
from daemon.intake.worker import Outcome, Verdict
from db import arrivals, results, studies
from db.conversion import UID_GROUP
from db.identity import Identity
from db.records import Arrival, FilmFacts
from db.states import PENDING, State
from models.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Scoring:
    """The model that new results are made by, its row in the store, and what is kept of a film's identifiers."""

    bundle: Bundle
    bundle_id: int
    identity: Identity


_SETS: Final[Mapping[Effect, Mapping[str, Any]]] = {
    Effect.NOTHING: {},
    Effect.FORGET: {"code": None, "message": None, "not_before": None, "attempts": 0},
    Effect.STAND_ALONE: {"duplicate_of": None},
    Effect.FREE: {},
}


def apply(tx: Connection, arrival: Arrival, event: Event, now: datetime, *, reason: str = "", **values: Any) -> Arrival:
    """Move one arrival as the table says, with its line of history; `values` are columns to set with it."""
    move = move_of(arrival.state, event)
    moved = arrivals.move(tx, arrival.id, move.to, now, reason or event.value, **{**_SETS[move.effect], **values})
    if move.effect is Effect.FREE:
        # also where its file was removed: left as it is, it would name content that no queue shows, and may come back
        for duplicate in arrivals.duplicates_of(tx, arrival.id):
            apply(tx, duplicate, Event.PROMOTE, now, removed_at=None)
    return moved


def apply_to_all(tx: Connection, found: list[Arrival], event: Event, now: datetime) -> None:
    """Move many arrivals by an event that does nothing besides, in a few statements."""
    for state in {arrival.state for arrival in found}:
        move = move_of(state, event)
        assert move.effect is Effect.NOTHING  # noqa: S101
        arrivals.move_many(tx, [each.id for each in found if each.state is state], move.to, now, event.value)


def study_of(tx: Connection, arrival: Arrival, facts: FilmFacts, now: datetime, scoring: Scoring) -> int:
    """The study an arrival belongs to: by StudyInstanceUID, else the file alone (all generations of it).

    `facts` as they are kept. The key is made of the UID's hash at every level, so that a change of it parts no study.
    """
    if facts.study_uid:
        key = f"{UID_GROUP}{scoring.identity.canonical(facts.study_uid)}"
    else:
        name = hashlib.sha256(os.fsencode(arrival.path)).hexdigest()  # a path is patient data and may be no text
        key = f"file:{arrival.root_id}:{name}"
    return studies.ensure(tx, key, now, accession=facts.accession).id


def record_outcome(
    tx: Connection, arrival: Arrival, sha256: str | None, outcome: Outcome, scoring: Scoring, now: datetime
) -> Arrival:
    """Store what became of a film (`sha256` is None if it gave no bytes); content is stored once for each model."""
    facts = scoring.identity.kept_facts(outcome.facts)
    values: dict[str, Any] = {
        "sha256": sha256,
        "facts": facts,
        "study_id": study_of(tx, arrival, facts, now, scoring),
        "code": outcome.code,
        "message": outcome.message,
        "not_before": None,
    }
    if outcome.logit is not None and sha256 is not None:
        bundle = scoring.bundle
        result = results.find(tx, sha256, bundle.model_sha256, bundle.preprocessing) or results.add(
            tx,
            content_sha256=sha256,
            model_sha256=bundle.model_sha256,
            preprocessing=bundle.preprocessing,
            logit=outcome.logit,
            map=None if outcome.map is None else outcome.map.astype("<f4").tobytes(),
            bundle_id=scoring.bundle_id,
            scored_at=now,
            milliseconds=outcome.milliseconds,
            unlikeness=outcome.unlikeness,
        )
        return apply(tx, arrival, Event.SCORE, now, result_id=result.id, **values)
    event = Event.REFUSE if outcome.verdict is Verdict.REFUSED else Event.FAIL
    return apply(tx, arrival, event, now, reason=f"{event.value}: {outcome.code}", **values)


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
    """Let a new generation take the place of an old one."""
    apply(tx, arrival, Event.REPLACE, now, superseded_by=successor.id)
