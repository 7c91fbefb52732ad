"""Draws studies that are read without their scores, in the transaction that stores the first score of each."""

from __future__ import annotations

import math
from datetime import datetime

from sqlalchemy import Connection

from daemon.intake.recording import Scoring
from daemon.review.lots import lot
from daemon.triage.rules import rules_of
from db import blind_cases
from db.records import Arrival
from db.states import State
from models.population import Policy, Population


def draw(tx: Connection, done: Arrival, logit: float, scoring: Scoring, now: datetime) -> None:
    """Let the lot decide about the study of a film that was just given a logit.

    Only where nobody can have seen a score of it, and where the score has a band to be judged by: no marked film, and
    none of a population that is only ordered. Whatever comes to the study later changes nothing.
    """
    key = scoring.identity.key
    if not any(scoring.blind.values()) or key is None or done.study_id is None:
        return
    taken = done.state is not State.SCORED or done.facts.marks or done.withdrawn_at is not None
    if taken or not math.isfinite(logit) or not blind_cases.is_new(tx, done):
        return
    facts = done.facts
    population = Population(facts.population) if facts.population else None
    rules = rules_of(scoring.bundle.points, scoring.bundle.policies)
    judged = rules.judged(logit, population, facts.age_years)
    share = scoring.blind.get(judged.band, 0.0)
    if judged.policy is Policy.BANDED and lot(key, blind_cases.study_key(tx, done.study_id)) < share:
        every = all(scoring.blind.values())
        blind_cases.add(tx, done.study_id, done.id, band=judged.band, share=share, every_band=every, now=now)
