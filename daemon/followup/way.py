"""A film's way as plain data: every content of a path, each step with its time and reason, its outcome, its reads."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from daemon.triage.document import instant
from db.records import BundleRow
from db.ways import Generation, Place, generations
from models.bundle import point_for, points_from_document
from models.population import Population


def way_of(tx: Connection, places: Iterable[Place]) -> dict[str, Any]:
    """The document that `history --format json` prints."""
    return {
        "schema": 1,
        "films": [
            {"path": place.absolute, "generations": [_generation(each) for each in generations(tx, place)]}
            for place in places
        ],
    }


def _generation(found: Generation) -> dict[str, Any]:
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
        "result": _result(found),
        "duplicate_of": None
        if arrival.duplicate_of is None
        else {"arrival": arrival.duplicate_of, "path": found.elsewhere},
        "superseded_by": arrival.superseded_by,
        "removed_at": None if arrival.removed_at is None else instant(arrival.removed_at),
        "not_before": None if arrival.not_before is None else instant(arrival.not_before),
        "reads": [
            {"read_at": instant(read.read_at), "source": str(read.source), "by": read.by} for read in found.reads
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


def _result(found: Generation) -> dict[str, Any] | None:
    result, bundle = found.result, found.bundle
    if result is None:
        return None
    return {
        "logit": result.logit,
        "probability": None if bundle is None else _probability(bundle, result.logit, found.arrival.facts.population),
        "bundle": None if bundle is None else bundle.name,
        "model_sha256": result.model_sha256,
        "scored_at": instant(result.scored_at),
    }


def _probability(bundle: BundleRow, logit: float, population: str | None) -> float | None:
    """As the queue showed it: by the operating points of the bundle that scored it."""
    points = points_from_document(json.loads(bundle.document))
    if not points or not math.isfinite(logit):
        return None
    return point_for(points, Population(population) if population else None).calibration.probability(logit)
