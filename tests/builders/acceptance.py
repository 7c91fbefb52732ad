"""Builds judgements as the store keeps them, and cases of a made site, with defaults that a test may change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import numpy as np
from builders.studies import BUNDLE, NOW

from daemon.acceptance.cases import Cases
from daemon.acceptance.rule import Limits
from daemon.triage.order import Band
from db.acceptances import AcceptanceRow
from models.population import Population

RATE: Final = {"cases": 100, "value": 0.94, "low": 0.9, "high": 0.97, "why": None}
LIMITS: Final = Limits({Population.CHILDREN: 0.88, Population.ADULTS: 0.85}, auc=0.8, refused=0.2)
POINT: Final = {
    "threshold": -0.5,
    "first_threshold": 1.5,
    "calibration": {"slope": 2.0, "intercept": 0.5, "prevalence": 0.2},
    "evidence": {"sensitivity": 0.94, "sensitivity_ci": [0.9, 0.97]},
}


def acceptance_row(**values: Any) -> AcceptanceRow:
    """The bundle of `builders.studies` accepted for adults, by its own point, unless `values` say otherwise."""
    judged = {"sensitivity": RATE, "specificity": RATE, "auc": RATE, "worth": None}
    row = AcceptanceRow(
        id=1,
        bundle=BUNDLE.name,
        model_sha256=BUNDLE.model_sha256,
        document_sha256=BUNDLE.document_sha256,
        population="adults",
        accepted=True,
        at=NOW,
        by="KL",
        source="reviews",
        counts=json.dumps({"pneumonia": 112, "without": 300}),
        figures=json.dumps({"judged": judged}),
    )
    return replace(row, **values)


def refitted_row(**values: Any) -> AcceptanceRow:
    """The same with a point that was fitted on the site's films."""
    return acceptance_row(points=json.dumps(POINT), **values)


def made_cases(
    rng: np.random.Generator, sick: int, well: int, *, gap: float = 3.0, films: int = 1, shift: float = 0.0
) -> Cases:
    """Normal logits, `gap` apart; so many films of each patient."""
    labels = np.repeat([True, False], [sick, well])
    patients = tuple(f"p{number // films}-{label}" for number, label in enumerate(labels))
    logits = rng.normal(size=sick + well) + gap * (labels - 0.5) + shift
    return Cases(logits, labels, patients, np.ones(sick + well))


def drawn_cases(
    rng: np.random.Generator, studies: int, *, prevalence: float = 0.1, gap: float = 3.0, edges: tuple[float, float]
) -> Cases:
    """Blind cases of a made site: of each band another share was drawn."""
    shares = {Band.FIRST: 0.5, Band.NEXT: 0.2, Band.IN_TURN: 0.05}
    labels = rng.random(studies) < prevalence
    logits = rng.normal(size=studies) + gap * (labels - 0.5)
    bands = [Band.FIRST if x >= edges[1] else Band.NEXT if x >= edges[0] else Band.IN_TURN for x in logits]
    chance = np.array([shares[band] for band in bands])
    drawn = rng.random(studies) < chance
    return Cases(
        logits[drawn],
        labels[drawn],
        tuple(f"S-{number}" for number in np.flatnonzero(drawn)),
        1.0 / chance[drawn],
        tuple(bands[number] for number in np.flatnonzero(drawn)),
    )
