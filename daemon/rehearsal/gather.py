"""Takes past nights out of the store, and makes studies of them by any rules; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from daemon.acceptance.asked import in_force
from daemon.triage.rules import Rules, rules_of
from daemon.triage.site import Department, requested
from daemon.triage.studies import gather
from daemon.waiting import Kept, kept_of
from db import blind_cases, cases, queue, results, window
from db.states import Verdict
from models.population import Population

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from daemon.triage.order import QueueStudy
    from db.records import WaitingImage

OTHER: Final = -1  # the id of a bundle that the store does not know
RulesOf = Callable[[int], Rules]


@dataclass(frozen=True, slots=True)
class Nights:
    """What happened.

    Attributes:
        images: of the studies that were first read, as far as they had come by then, and not been taken back.
        read_at: by the study's key.
        bundles: what each bundle that scored them says of populations, by its id, and what the site refitted.
        pneumonia: what the last verdict on a study says, by its key, where it says either.
    """

    images: Sequence[WaitingImage]
    read_at: Mapping[str, datetime]
    bundles: Mapping[int, Kept]
    pneumonia: Mapping[str, bool]


def nights_of(tx: Connection, start: datetime, end: datetime, now: datetime) -> Nights:
    """The nights of a span.

    What was read blind is blind here, also after the verdict: its score gave it no place. So is what has its content.
    """
    moments = window.first_reads(tx, start, end)
    images = queue.images_of(tx, window.read_first(start, end)) if moments else []
    hidden = blind_cases.drawn(tx) | blind_cases.sharing(tx, images)
    told = {Verdict.PNEUMONIA: True, Verdict.NOT: False}
    last = cases.last_verdicts(tx)
    acceptance = in_force(tx, now)
    return Nights(
        images=[
            _as_it_was(image, hidden, at) for image in images if image.arrived_at <= (at := moments[image.study_id])
        ],
        read_at={image.study_key: moments[image.study_id] for image in images},
        bundles={number: kept_of(row, acceptance) for number, row in results.bundles(tx).items()},
        pneumonia={image.study_key: told[last[image.study_id]] for image in images if last.get(image.study_id) in told},
    )


def _as_it_was(image: WaitingImage, hidden: Collection[int], read_at: datetime) -> WaitingImage:
    """An image when its study was read: one that was taken back since counted then."""
    taken_back = image.withdrawn_at if image.withdrawn_at is None or image.withdrawn_at <= read_at else None
    return replace(image, blind=image.blind or image.study_id in hidden, withdrawn_at=taken_back)


def studies_of(images: Sequence[WaitingImage], rules: RulesOf, department: Department) -> list[QueueStudy]:
    """The studies that are read anew, as these rules judge them; without backlog and what its sender took back."""
    found = requested(gather(images, rules, department.observed), department)
    return [study for study in found if not study.backlog and not study.withdrawn]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Logits in place of those that a bundle states, by population; those left out stay as they are."""

    threshold: Mapping[Population, float]
    first_threshold: Mapping[Population, float]

    def rules(self, kept: Kept, department: Department) -> Rules:
        """The rules of a bundle with these in it.

        Raises:
            ValueError: a film would be `first` below the threshold of `next`.
        """
        points = {}
        for population, point in kept.points.items():
            changed = replace(
                point,
                threshold=self.threshold.get(population, point.threshold),
                first_threshold=self.first_threshold.get(population, point.first_threshold),
            )
            if changed.first_threshold < changed.threshold:
                raise ValueError(
                    f"{population}: `first` would begin at {changed.first_threshold:g}, below `next` at "
                    f"{changed.threshold:g}"
                )
            points[population] = changed
        return rules_of(points, kept.policies, department.prevalence)
