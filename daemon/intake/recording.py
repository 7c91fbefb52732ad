"""Writes what happened to arrivals into the store, each move by the table of `daemon.intake.machine`."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from daemon.intake.machine import Event, after
from daemon.intake.worker import Outcome, Verdict
from db import arrivals, results, studies
from db.records import Arrival, FilmFacts
from db.states import PENDING
from models.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Scoring:
    """The model that new results are made by, and its row in the store."""

    bundle: Bundle
    bundle_id: int


def apply(tx: Connection, arrival: Arrival, event: Event, now: datetime, *, reason: str = "", **values: Any) -> Arrival:
    """Move one arrival, with its line of history."""
    return arrivals.move(tx, arrival.id, after(arrival.state, event), now, reason or event.value, **values)


def apply_to_all(tx: Connection, found: list[Arrival], event: Event, now: datetime) -> None:
    """Move many arrivals of one state, in a few statements."""
    for state in {arrival.state for arrival in found}:
        ids = [arrival.id for arrival in found if arrival.state is state]
        arrivals.move_many(tx, ids, after(state, event), now, event.value)


def study_of(tx: Connection, arrival: Arrival, facts: FilmFacts, now: datetime) -> int:
    """The study an arrival belongs to: by StudyInstanceUID, else the file alone (all generations of it)."""
    if facts.study_uid:
        key = f"uid:{facts.study_uid}"
    else:
        name = hashlib.sha256(os.fsencode(arrival.path)).hexdigest()  # a path is patient data and may be no text
        key = f"file:{arrival.root_id}:{name}"
    return studies.ensure(tx, key, now, accession=facts.accession).id


def record_outcome(
    tx: Connection, arrival: Arrival, sha256: str | None, outcome: Outcome, scoring: Scoring, now: datetime
) -> Arrival:
    """Store what became of a film (`sha256` is None if it gave no bytes); content is stored once for each model."""
    values: dict[str, Any] = {
        "sha256": sha256,
        "facts": outcome.facts,
        "study_id": study_of(tx, arrival, outcome.facts, now),
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
            apply(tx, duplicate, Event.PROMOTE, now, duplicate_of=None)


def supersede(tx: Connection, arrival: Arrival, successor: Arrival, now: datetime) -> None:
    """Let a new generation take the place of an old one.

    What repeated the old one is taken up again, also where its file was removed: left as it is, it would name content
    that no queue shows any more, and it may come back.
    """
    apply(tx, arrival, Event.REPLACE, now, superseded_by=successor.id)
    for duplicate in arrivals.duplicates_of(tx, arrival.id):
        apply(tx, duplicate, Event.PROMOTE, now, duplicate_of=None, removed_at=None)
