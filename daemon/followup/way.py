"""A film's way as plain data: every content of a path, each step with its time and reason, its outcome, its reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from daemon.acceptance.standing import Acceptance
from daemon.acceptance.words import acceptance_document
from daemon.triage.cells import instant
from daemon.triage.rules import Judged, Site
from daemon.waiting import rules_of_row
from db.ways import Generation, Place, generations
from models.population import Population


def way_of(
    tx: Connection, places: Iterable[Place], site: Site, acceptance: Acceptance, zone: ZoneInfo
) -> dict[str, Any]:
    """The document that `history --format json` prints."""
    judge = partial(_judged, site=site, acceptance=acceptance)
    return {
        "schema": 1,
        "acceptance": acceptance_document(acceptance, zone),
        "films": [
            {"path": place.absolute, "generations": [_generation(each, judge) for each in generations(tx, place)]}
            for place in places
        ],
    }


def _generation(found: Generation, judge: Callable[[Generation, float], Judged | None]) -> dict[str, Any]:
    arrival = found.arrival
    return {
        "generation": arrival.generation,
        "arrival": arrival.id,
        "state": str(arrival.state),
        "code": arrival.code,
        "message": arrival.message,
        "arrived_at": instant(arrival.arrived_at),
        "backlog": arrival.backlog,
        "bytes": arrival.stamp.size,
        "sha256": arrival.sha256,
        "study": found.study,
        "blind": found.blind,
        "result": _result(found, judge),
        "duplicate_of": None
        if arrival.duplicate_of is None
        else {"arrival": arrival.duplicate_of, "path": found.elsewhere},
        "superseded_by": arrival.superseded_by,
        "withdrawn": None
        if found.withdrawn is None or arrival.withdrawn_at is None
        else {
            "at": instant(arrival.withdrawn_at),
            "note": found.withdrawn.note_id,
            "reason": found.withdrawn.reason,
        },
        "removed_at": None if arrival.removed_at is None else instant(arrival.removed_at),
        "not_before": None if arrival.not_before is None else instant(arrival.not_before),
        "reads": [
            {"read_at": instant(read.read_at), "source": str(read.source), "by": read.by} for read in found.reads
        ],
        "verdicts": [
            {"at": instant(review.at), "verdict": str(review.verdict), "by": review.by, "note": review.note}
            for review in found.reviews
        ],
        "history": [
            {
                "at": instant(line.at),
                "from": None if line.from_state is None else str(line.from_state),
                "to": str(line.to_state),
                "reason": line.reason,
            }
            for line in found.history
        ],
    }


def _result(found: Generation, judge: Callable[[Generation, float], Judged | None]) -> dict[str, Any] | None:
    result, bundle = found.result, found.bundle
    if result is None:
        return None
    judged = None if bundle is None or found.blind else judge(found, result.logit)
    return {
        "blind": found.blind,
        "logit": None if found.blind else result.logit,
        "probability": None if judged is None else judged.probability,
        "prevalence": None if judged is None else judged.prevalence,
        "policy": None if judged is None else str(judged.policy),
        "accepted": None if judged is None else judged.accepted,
        "bundle": None if bundle is None else bundle.name,
        "model_sha256": result.model_sha256,
        "unlikeness": result.unlikeness,
        "scored_at": instant(result.scored_at),
    }


def _judged(found: Generation, logit: float, *, site: Site, acceptance: Acceptance) -> Judged | None:
    """As the queue shows it: by what the bundle that scored it says, under what the site accepted."""
    bundle, facts = found.bundle, found.arrival.facts
    if bundle is None or not math.isfinite(logit):
        return None
    population = Population(facts.population) if facts.population else None
    return rules_of_row(bundle, site, acceptance).judged(logit, population, facts.age_years)
