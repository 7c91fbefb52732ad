"""Draws studies that are read without their scores, in the transaction that stores the first score of each."""

from __future__ import annotations

import math
from datetime import datetime

from sqlalchemy import Connection

from daemon.acceptance.asked import identity_of, of_bundle
from daemon.acceptance.rules import rules_under
from daemon.intake.recording import Scoring
from daemon.review.lots import lot
from daemon.triage.rules import Rules, rules_of
from db import acceptances, blind_cases
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
    judged = _rules(tx, scoring, now).judged(logit, population, facts.age_years)
    share = scoring.blind.get(judged.band, 0.0)
    if judged.policy is Policy.BANDED and lot(key, blind_cases.study_key(tx, done.study_id)) < share:
        every = all(scoring.blind.values())
        blind_cases.add(tx, done.study_id, done.id, band=judged.band, share=share, every_band=every, now=now)


def _rules(tx: Connection, scoring: Scoring, now: datetime) -> Rules:
    """What the queue will judge the score by: shares are of the bands that people see."""
    bundle = scoring.bundle
    if not acceptances.every(tx):
        return rules_of(bundle.points, bundle.policies)
    identity = identity_of(bundle)
    acceptance = of_bundle(tx, identity, bundle.points, now)
    return rules_under(bundle.points, bundle.policies, identity, acceptance)
