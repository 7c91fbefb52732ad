"""Writes how a film came out, and what that means for the other images of its study.

The same image with other content takes the place of the older one, and a rejection note takes images back, whichever
of them comes first. What a note said holds whatever becomes of its file: a sender takes nothing back by deleting.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from daemon.intake.blinding import draw
from daemon.intake.codes import without_names
from daemon.intake.machine import Event
from daemon.intake.recording import Scoring, apply
from daemon.intake.worker import Outcome, Verdict
from db import arrivals, instances, results, studies
from db.conversion import UID_GROUP
from db.identity import Identifiers, Identity
from db.records import Arrival, FilmFacts
from db.states import REJECTION_NOTE, State


def placed(
    tx: Connection, arrival: Arrival, facts: FilmFacts, now: datetime, scoring: Scoring
) -> tuple[FilmFacts, int]:
    """The study that an arrival belongs to, and its facts with what its name says.

    By StudyInstanceUID; where there is none by the pattern of its root; else the file alone (all generations of it).
    Keys are made of hashes at every level of identifiers, so that a change of the level parts no study.

    Args:
        tx: the transaction.
        arrival: which.
        facts: as they are kept.
        now: when.
        scoring: knows the patterns and the key.
    """
    pattern = None if facts.study_uid else scoring.patterns.get(arrival.root_id)
    named = pattern.named(arrival.path) if pattern else None
    if named is not None and facts.accession is None:
        facts = replace(facts, accession=scoring.identity.kept_accession(named.accession))
    if facts.study_uid:
        key = f"{UID_GROUP}{scoring.identity.canonical(facts.study_uid)}"
    elif named is not None:
        key = f"name:{arrival.root_id}:{scoring.identity.hashed(named.study)}"
    else:
        name = hashlib.sha256(os.fsencode(arrival.path)).hexdigest()  # a path is patient data and may be no text
        key = f"file:{arrival.root_id}:{name}"
    return facts, studies.ensure(tx, key, now, accession=facts.accession, urgency=facts.urgency).id


def record_outcome(
    tx: Connection, arrival: Arrival, sha256: str | None, outcome: Outcome, scoring: Scoring, now: datetime
) -> Arrival:
    """Store what became of a film (`sha256` is None if it gave no bytes); content is stored once for each model."""
    if scoring.identity.level is Identifiers.NONE:
        outcome = without_names(outcome)
    facts, study_id = placed(tx, arrival, scoring.identity.kept_facts(outcome.facts), now, scoring)
    values: dict[str, Any] = {
        "sha256": sha256,
        "facts": facts,
        "study_id": study_id,
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
        done = ended(tx, arrival, Event.SCORE, now, scoring.identity, result_id=result.id, **values)
        draw(tx, done, result.logit, scoring, now)
        return done
    event = Event.REFUSE if outcome.verdict is Verdict.REFUSED else Event.FAIL
    reason = f"{event.value}: {outcome.code}"
    done = ended(tx, arrival, event, now, scoring.identity, reason=reason, **values)
    if outcome.note is not None:
        _take_back(tx, done, outcome.note.instance_uids, outcome.note.reason, scoring.identity, now)
    return done


def ended(
    tx: Connection,
    arrival: Arrival,
    event: Event,
    now: datetime,
    identity: Identity,
    *,
    reason: str = "",
    **values: Any,
) -> Arrival:
    """Move a film to its end, and see what it means to its study that it is there."""
    done = apply(tx, arrival, event, now, reason=reason, **values)
    uid = done.facts.instance_uid
    if done.study_id is None or uid is None or done.facts.study_uid is None:
        return done
    this = identity.canonical(uid)
    if done.code != REJECTION_NOTE and (note := instances.note_about(tx, done.study_id, this)) is not None:
        instances.withdraw(tx, [done.id], note, now)
    _replace_older(tx, done, this, identity, now)
    return arrivals.get(tx, done.id)


def _replace_older(tx: Connection, done: Arrival, uid: str, identity: Identity, now: datetime) -> None:
    """Let the newest version of an image stand alone, by the time at which each came: workers end in any order.

    A version that failed takes no place: a broken file must not put a good one away.
    """
    assert done.study_id is not None  # noqa: S101
    note = done.code == REJECTION_NOTE
    same = [
        each
        for each in instances.of_study(tx, done.study_id)
        if identity.canonical(each.instance_uid) == uid and (each.code == REJECTION_NOTE) is note
    ]
    newest = max((each for each in same if each.state is not State.FAILED), key=lambda each: each.age, default=None)
    if newest is None:
        return
    for each in same:
        if each.age < newest.age and each.sha256 != newest.sha256:
            apply(tx, arrivals.get(tx, each.id), Event.RESEND, now, superseded_by=newest.id)


def _take_back(
    tx: Connection, note: Arrival, instance_uids: tuple[str, ...], reason: str, identity: Identity, now: datetime
) -> None:
    """Do what a note says, for the images that are there, and keep it for those that come later."""
    assert note.study_id is not None  # noqa: S101
    named = {identity.hashed(uid) for uid in instance_uids}
    instances.add_withdrawals(tx, note.id, named, reason, now)
    there = [
        each.id
        for each in instances.of_study(tx, note.study_id)
        if each.code != REJECTION_NOTE and identity.canonical(each.instance_uid) in named
    ]
    instances.withdraw(tx, there, note.id, now)
