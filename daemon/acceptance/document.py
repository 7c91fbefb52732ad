"""Judgements as plain data, as `accept --format json` prints them and as the store keeps them; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from daemon.acceptance.figures import worth
from daemon.triage.cells import instant
from db.acceptances import AcceptanceRow

if TYPE_CHECKING:
    from daemon.acceptance.cases import Least
    from daemon.acceptance.gathered import Gathered
    from daemon.acceptance.judging import Judgement, Side
    from daemon.acceptance.refit import Fit
    from daemon.acceptance.standing import Identity
    from models.bundle import Bundle
    from models.operating_points import OperatingPoint
    from models.population import Population

SCHEMA: Final = 1


def gathered_document(gathered: Gathered, bundle: Bundle, least: Least, asked: Iterable[Population]) -> dict[str, Any]:
    """What there is to judge by, before anything is judged.

    Args:
        gathered: the films.
        bundle: that is to be judged.
        least: how many of either class it takes.
        asked: populations that must have as many, whether or not there is a film of them.
    """
    counts = {who: (cases.positives, cases.n - cases.positives) for who, cases in gathered.cases.items()}
    counts |= {who: (0, 0) for who in asked if who not in counts}
    return {
        "schema": SCHEMA,
        "bundle": {"name": bundle.name, "model_sha256": bundle.model_sha256},
        "source": gathered.source,
        "patients_known": gathered.patients_known,
        "films": {
            str(who): {
                "pneumonia": sick,
                "without": well,
                "missing_pneumonia": least.missing(sick, well)[0],
                "missing_without": least.missing(sick, well)[1],
            }
            for who, (sick, well) in counts.items()
        },
        "left_out": {str(why): count for why, count in gathered.left_out.items()},
        "refused_and_failed_by": dict(gathered.codes),
    }


def judgement_document(judged: Judgement, gathered: Gathered) -> dict[str, Any]:
    """One population: the bundle's point and the refitted one, side by side."""
    return {
        "policy": str(judged.own.point.policy),
        "prevalence": {
            "stated_at": judged.prevalence,
            "of": "this site" if judged.set_here else "the bundle's films",
            "among_the_films": asdict(judged.share),
            "of_the_site": gathered.reviewed,  # of a folder it is what somebody put there
        },
        "unscored_pneumonia": None if judged.unscored is None else asdict(judged.unscored),
        "bundle": side_document(judged.own, judged.prevalence),
        "refit": None if judged.refitted is None else side_document(judged.refitted, judged.prevalence),
        "refit_not_possible": judged.fault,
    }


def side_document(side: Side, prevalence: float) -> dict[str, Any]:
    """A point, its figures, and what the rule says."""
    found, fitted = asdict(side.figures), side.fit
    return {
        **side.point.thresholds,
        "promise": None if fitted is None else fitted.promise,
        "first_promise": None if fitted is None else fitted.first_promise,
        "calibration": asdict(side.point.calibration),
        **found,
        "worth": worth(found["sensitivity"], found["specificity"], prevalence),
        "accepted": side.decision.accepted,
        "reasons": list(side.decision.reasons),
    }


@dataclass(frozen=True, slots=True)
class Signed:
    """Who stands for a judgement, when, and of which bundle it is."""

    by: str
    at: datetime
    bundle: str
    identity: Identity


def row_of(judged: Judgement, side: Side, gathered: Gathered, signed: Signed) -> AcceptanceRow:
    """What the store keeps: one population, by the side that is to be in force where it is accepted."""
    counts = {
        "pneumonia": side.figures.positives,
        "without": side.figures.n - side.figures.positives,
        "patients": side.figures.patients,
        "patients_known": gathered.patients_known,
        "left_out": {str(why): count for why, count in gathered.left_out.items()},
        "refused_and_failed_by": dict(gathered.codes),
    }
    figures = {
        "judged": side_document(side, judged.prevalence),
        "share": asdict(judged.share),
        "prevalence": judged.prevalence,
    }
    return AcceptanceRow(
        id=0,
        bundle=signed.bundle,
        model_sha256=signed.identity.model_sha256,
        document_sha256=signed.identity.document_sha256,
        population=str(judged.population),
        accepted=side.decision.accepted,
        at=signed.at,
        by=signed.by,
        source=gathered.source,
        counts=json.dumps(counts),
        figures=json.dumps(figures),
        points=None if side.fit is None else json.dumps(_kept(side.point, side.fit)),
    )


def _kept(point: OperatingPoint, fitted: Fit) -> dict[str, Any]:
    """A point as a bundle writes it; where the population is only ordered its thresholds are there, and unused."""
    return {**fitted.bounds, "calibration": asdict(point.calibration), "evidence": dict(point.evidence)}


def kept_document(row: AcceptanceRow) -> dict[str, Any]:
    """A judgement that the store keeps; figures of a row that a hand has damaged are None."""
    return {
        "judgement": row.id,
        "bundle": {"name": row.bundle, "model_sha256": row.model_sha256},
        "population": row.population,
        "accepted": row.accepted,
        "at": instant(row.at),
        "by": row.by,
        "source": row.source,
        "counts": _read(row.counts),
        "figures": _read(row.figures),
        "points": None if row.points is None else _read(row.points),
        "revoked_at": None if row.revoked_at is None else instant(row.revoked_at),
        "revoked_by": row.revoked_by,
    }


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def missing_lines(document: Mapping[str, Any]) -> list[str]:
    """How many films of which class are missing, a sentence for each population; none where there are enough."""
    said = []
    for who, films in document["films"].items():
        wanted = [
            f"{films[name]} more {words}"
            for name, words in (("missing_pneumonia", "with pneumonia"), ("missing_without", "without"))
            if films[name]
        ]
        if wanted:
            there = f"{films['pneumonia']} with pneumonia and {films['without']} without"
            said.append(f"{who}: there are {there}; it takes {' and '.join(wanted)}")
    return said
