"""Builds waiting images, queue studies and report inputs with defaults, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from daemon.report.inputs import ReportInputs
from daemon.triage.order import Band, QueueImage, QueueStudy, Urgency
from daemon.triage.rules import rules_of
from db.records import BundleRow, WaitingImage
from db.states import State
from models.bundle import Calibration, OperatingPoint
from models.population import Policy, Population

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)

POINTS: Mapping[Population, OperatingPoint] = {
    Population.CHILDREN: OperatingPoint(Population.CHILDREN, 1.0, 3.0, Calibration(1.0, 0.0, 0.7)),
    Population.ADULTS: OperatingPoint(
        Population.ADULTS,
        -1.0,
        2.0,
        Calibration(1.0, 0.0, 0.2),
        {"sensitivity": 0.951, "sensitivity_ci": [0.93, 0.967], "specificity": 0.74},
    ),
}

RULES = rules_of(POINTS)

BUNDLE = BundleRow(1, "9f31c0de5aa1" + "0" * 52, "lite0-test", 1, "{}", "0" * 64, NOW)


def waiting_image(study: int = 1, arrival: int | None = None, **values: Any) -> WaitingImage:
    """A scored adult radiograph, unless `values` say otherwise."""
    arrival = study if arrival is None else arrival
    image = WaitingImage(
        study_id=study,
        study_key=f"S-{study:06d}",
        accession=None,
        urgency="routine",
        root_path="/srv/in",
        path=f"film{arrival}.dcm",
        arrival_id=arrival,
        sha256="ab" * 32,
        state=State.SCORED,
        code=None,
        message=None,
        logit=0.0,
        bundle_id=1,
        population="adults",
        tier="tagged",
        age_years=55.0,
        view="PA",
        arrived_at=NOW - timedelta(hours=1),
        acquired_at=None,
        backlog=False,
        removed_at=None,
        attempts=0,
        marks=None,
        withdrawn_at=None,
        duplicates=(),
    )
    return replace(image, **values)


def refused_image(study: int = 1, arrival: int | None = None, **values: Any) -> WaitingImage:
    """A film that the gate refused."""
    refusal = {"state": State.REFUSED, "code": "view", "message": "The view is LL.", "logit": None, "bundle_id": None}
    return waiting_image(study, arrival, **{**refusal, **values})


def queue_study(number: int = 1, band: Band = Band.NEXT, logit: float | None = 0.0, **values: Any) -> QueueStudy:
    """A study of one image; without a score when its band is `unscored`."""
    scored = band is not Band.UNSCORED
    image = QueueImage(
        arrival_id=number,
        path=f"/srv/in/film{number}.dcm",
        root="/srv/in",
        sha256="ab" * 32,
        state=State.SCORED if scored else State.REFUSED,
        code=None if scored else "view",
        message=None if scored else "The view is LL.",
        probability=0.5 if scored else None,
        prevalence=0.2 if scored else None,
        logit=logit if scored else None,
        band=band,
        policy=Policy.BANDED if scored else None,
        population=Population.ADULTS,
        tier="tagged",
        view="PA",
        age_years=55.0,
        arrived_at=NOW,
    )
    study = QueueStudy(
        study=f"S-{number:06d}",
        accession=None,
        urgency=Urgency.ROUTINE,
        overdue=False,
        backlog=False,
        band=band,
        policy=image.policy,
        probability=image.probability,
        prevalence=image.prevalence,
        logit=image.logit,
        tier="tagged",
        population=Population.ADULTS,
        arrived_at=NOW,
        acquired_at=None,
        images=(image,),
    )
    return replace(study, **values)


def report_inputs(**values: Any) -> ReportInputs:
    """A quiet night without a film, unless `values` say otherwise."""
    inputs = ReportInputs(
        site="Test site",
        zone=ZoneInfo("Europe/Berlin"),
        report_date=date(2026, 11, 22),
        window_start=NOW - timedelta(days=1),
        window_end=NOW,
        written_at=NOW,
        counts={},
        studies=(),
        bundle=BUNDLE,
        points=POINTS,
    )
    return replace(inputs, **values)
