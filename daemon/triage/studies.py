"""Rows of waiting images -> studies with a place: how each score is judged, which image speaks for its study."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from daemon.triage.order import UNTAGGED, Band, QueueImage, QueueStudy, Urgency
from daemon.triage.rules import Rules
from db.states import State
from models.population import Population

if TYPE_CHECKING:
    from db.records import WaitingImage

_HEIGHT: Final = {band: height for height, band in enumerate(Band)}  # `first` is 0; what has no score speaks last


def gather(
    images: Iterable[WaitingImage], rules: Callable[[int], Rules], observed: Collection[str] = ()
) -> list[QueueStudy]:
    """Group images into studies.

    Args:
        images: every image of every waiting study, in any order.
        rules: bundle id -> what the scores of this bundle are judged by; asked once for each.
        observed: folders whose films are listed by arrival alone.

    Returns:
        The studies, by first mention; `daemon.triage.order.order` puts them in order.
    """
    known: dict[int, Rules] = {}
    grouped: dict[int, list[WaitingImage]] = {}
    for image in images:
        grouped.setdefault(image.study_id, []).append(image)
        if image.bundle_id is not None and image.bundle_id not in known:
            known[image.bundle_id] = rules(image.bundle_id)
    del images  # with 100,000 studies, both forms of them at once are 100 MiB
    return [_study(grouped.pop(study_id), known, observed) for study_id in list(grouped)]


def parted(studies: Iterable[QueueStudy]) -> tuple[list[QueueStudy], list[QueueStudy]]:
    """Those that have a place in the order, and those of which every image was taken back."""
    ranked, withdrawn = list[QueueStudy](), list[QueueStudy]()
    for study in studies:
        (withdrawn if study.withdrawn else ranked).append(study)
    return ranked, withdrawn


def _study(rows: list[WaitingImage], known: Mapping[int, Rules], observed: Collection[str]) -> QueueStudy:
    images = sorted((_image(row, known, row.root_path in observed) for row in rows), key=_height)
    highest, row = images[0], rows[0]
    rows = [row for row in rows if row.withdrawn_at is None] or rows  # what was taken back counts for nothing
    ranked = not highest.marks and not highest.observed and not _is_held(images)
    return QueueStudy(
        study=row.study_key,
        accession=row.accession,
        urgency=Urgency(row.urgency),
        overdue=False,  # `daemon.triage.site` knows the site's hours
        backlog=all(row.backlog for row in rows),
        band=highest.band if ranked else Band.UNSCORED,
        policy=highest.policy if ranked else None,
        probability=highest.probability if ranked else None,
        prevalence=highest.prevalence if ranked else None,
        logit=highest.logit if ranked else None,
        tier=highest.tier,
        population=highest.population,
        arrived_at=min(row.arrived_at for row in rows),
        acquired_at=min((row.acquired_at for row in rows if row.acquired_at), default=None),
        images=tuple(images),
        blind=row.blind,
        accepted=highest.accepted if ranked else None,
    )


def _is_held(images: list[QueueImage]) -> bool:
    """Whether an image that could not be read keeps its study from being called low: it may be the film that counts."""
    lowest = images[0].band is Band.IN_TURN
    return lowest and any(image.state is State.FAILED and image.withdrawn_at is None for image in images)


def _image(row: WaitingImage, known: Mapping[int, Rules], observed: bool) -> QueueImage:
    population = Population(row.population) if row.population else None
    logit, judged, marks = None, None, tuple((row.marks or "").split())
    # A logit that is no number must not reach the order: comparisons with it are always false, and the sort is lost.
    shown = row.withdrawn_at is None and not row.blind
    if shown and row.logit is not None and math.isfinite(row.logit) and row.bundle_id is not None:
        logit = row.logit
        judged = known[row.bundle_id].judged(logit, population, row.age_years)
    return QueueImage(
        arrival_id=row.arrival_id,
        path=row.absolute_path,
        root=row.root_path,
        sha256=row.sha256,
        state=row.state,
        code=row.code,
        message=row.message,
        probability=judged.probability if judged else None,
        prevalence=judged.prevalence if judged else None,
        logit=logit,
        band=judged.band if judged and not marks and not observed else Band.UNSCORED,
        policy=judged.policy if judged else None,
        population=population,
        tier=row.tier or UNTAGGED,
        view=row.view,
        age_years=row.age_years,
        arrived_at=row.arrived_at,
        attempts=row.attempts + 1,  # the store counts the tries before the one that decided
        duplicates=row.duplicates,
        removed_at=row.removed_at,
        marks=marks,
        observed=observed,
        withdrawn_at=row.withdrawn_at,
        blind=row.blind,
        accepted=judged.accepted if judged else None,
    )


def _height(image: QueueImage) -> tuple[bool, int, float, bool, int]:
    """Sorts the image that speaks for the study to the front; a file that is still there before one that is gone."""
    gone = image.removed_at is not None
    logit = 0.0 if image.logit is None or image.band is Band.UNSCORED else image.logit
    return (image.withdrawn_at is not None, _HEIGHT[image.band], -logit, gone, image.arrival_id)
