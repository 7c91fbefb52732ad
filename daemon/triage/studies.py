"""Rows of waiting images -> studies with a place: which band a score falls into, which image speaks for its study."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from daemon.triage.order import UNTAGGED, Band, QueueImage, QueueStudy, Urgency
from models.bundle import OperatingPoint, point_for
from models.population import Population

if TYPE_CHECKING:
    from db.records import WaitingImage

Points = Mapping[Population, OperatingPoint]
_Judged = Mapping[Population | None, OperatingPoint]  # also the populations that the bundle lacks

_HEIGHT: Final = {band: height for height, band in enumerate(Band)}  # `first` is 0; what has no score speaks last


def gather(images: Iterable[WaitingImage], points: Callable[[int], Points]) -> list[QueueStudy]:
    """Group images into studies.

    Args:
        images: every image of every waiting study, in any order.
        points: bundle id -> the operating points that the scores of this bundle are judged by; asked once for each.

    Returns:
        The studies, by first mention; `daemon.triage.order.order` puts them in order.
    """
    known: dict[int, _Judged] = {}
    grouped: dict[int, list[WaitingImage]] = {}
    for image in images:
        grouped.setdefault(image.study_id, []).append(image)
        if image.bundle_id is not None and image.bundle_id not in known:
            found = points(image.bundle_id)
            known[image.bundle_id] = {who: point_for(found, who) for who in (None, *Population)}
    return [_study(rows, known) for rows in grouped.values()]


def band_of(logit: float, point: OperatingPoint) -> Band:
    """The band of a logit: both thresholds belong to the band above them, `in_turn` lies below the operating point."""
    if logit >= point.first_threshold:
        return Band.FIRST
    return Band.NEXT if logit >= point.threshold else Band.IN_TURN


def _study(rows: list[WaitingImage], known: Mapping[int, _Judged]) -> QueueStudy:
    images = sorted((_image(row, known) for row in rows), key=_height)
    highest, row = images[0], rows[0]
    return QueueStudy(
        study=row.study_key,
        accession=row.accession,
        urgency=Urgency(row.urgency),
        overdue=False,  # no site has a reading time yet
        backlog=all(row.backlog for row in rows),
        band=highest.band,
        probability=highest.probability,
        logit=highest.logit,
        tier=highest.tier,
        population=highest.population,
        arrived_at=min(image.arrived_at for image in images),
        acquired_at=min((row.acquired_at for row in rows if row.acquired_at), default=None),
        images=tuple(images),
    )


def _image(row: WaitingImage, known: Mapping[int, _Judged]) -> QueueImage:
    population = Population(row.population) if row.population else None
    logit, band, probability = None, Band.UNSCORED, None
    # A logit that is no number must not reach the order: comparisons with it are always false, and the sort is lost.
    if row.logit is not None and math.isfinite(row.logit) and row.bundle_id is not None:
        point = known[row.bundle_id][population]
        logit, band, probability = row.logit, band_of(row.logit, point), point.calibration.probability(row.logit)
    return QueueImage(
        arrival_id=row.arrival_id,
        path=row.absolute_path,
        root=row.root_path,
        sha256=row.sha256,
        state=row.state,
        code=row.code,
        message=row.message,
        probability=probability,
        logit=logit,
        band=band,
        population=population,
        tier=row.tier or UNTAGGED,
        view=row.view,
        age_years=row.age_years,
        arrived_at=row.arrived_at,
        attempts=row.attempts + 1,  # the store counts the tries before the one that decided
        duplicates=row.duplicates,
        removed_at=row.removed_at,
    )


def _height(image: QueueImage) -> tuple[int, float, bool, int]:
    """Sorts the image that speaks for the study to the front; a file that is still there before one that is gone."""
    gone = image.removed_at is not None
    return (_HEIGHT[image.band], -(image.logit or 0.0), gone, image.arrival_id)
