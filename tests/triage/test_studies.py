"""Waiting images become studies with a place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from builders.studies import NOW, POINTS, refused_image, waiting_image

from daemon.triage.order import Band, QueueStudy, Urgency
from daemon.triage.studies import gather
from db.records import WaitingImage
from models.bundle import OperatingPoint
from models.population import Population


def gathered(*images: WaitingImage) -> list[QueueStudy]:
    """Judged by the test's points."""
    return gather(images, lambda _: POINTS)


@pytest.mark.parametrize(
    ("population", "logit", "band"),
    [
        ("adults", 2.0, Band.FIRST),
        ("adults", 1.999, Band.NEXT),
        ("adults", -1.0, Band.NEXT),
        ("adults", -1.001, Band.IN_TURN),
        ("children", 2.0, Band.NEXT),
        ("children", 0.999, Band.IN_TURN),
        (None, -1.0, Band.NEXT),
        (None, 2.9, Band.NEXT),
        (None, 3.0, Band.FIRST),
    ],
)
def test_a_band_follows_from_the_operating_point_of_the_population(
    population: str | None, logit: float, band: Band
) -> None:
    """Thresholds belong to the band above them; an unknown population is first only where all would be."""
    [study] = gathered(waiting_image(population=population, logit=logit))
    assert study.band is band
    assert study.population == population


def test_a_population_that_the_bundle_lacks_is_judged_by_the_lowest_point() -> None:
    """A bundle for adults judges a child with the caution that it has."""
    adults_only = {Population.ADULTS: POINTS[Population.ADULTS]}
    [study] = gather([waiting_image(population="children", logit=0.0)], lambda _: adults_only)
    assert study.band is Band.NEXT


def test_a_study_stands_where_its_highest_image_stands() -> None:
    """Its band, score, tier and population are those of the highest image, which comes first."""
    [study] = gathered(
        waiting_image(1, 1, logit=-4.0, tier="tagged"),
        refused_image(1, 2),
        waiting_image(1, 3, logit=3.5, tier=None, population=None),
    )
    assert [image.arrival_id for image in study.images] == [3, 1, 2]
    assert (study.band, study.logit, study.tier, study.population) == (Band.FIRST, 3.5, "untagged", None)
    assert study.probability == pytest.approx(0.9707, abs=1e-4)


def test_the_band_is_stronger_than_the_logit_between_populations() -> None:
    """An adult image in `first` outranks a child's higher logit in `next`."""
    [study] = gathered(
        waiting_image(1, 1, population="children", logit=2.9), waiting_image(1, 2, population="adults", logit=2.0)
    )
    assert study.images[0].arrival_id == 2


def test_a_study_without_any_score_is_unscored() -> None:
    """It has neither probability nor logit, and keeps its reason."""
    [study] = gathered(refused_image())
    assert (study.band, study.probability, study.logit) == (Band.UNSCORED, None, None)
    assert study.images[0].code == "view"


@pytest.mark.parametrize("logit", [float("nan"), float("inf"), float("-inf")])
def test_a_logit_that_is_no_number_gives_no_place(logit: float) -> None:
    """It is treated as no score at all: neither first nor last."""
    [study] = gathered(waiting_image(logit=logit))
    assert study.band is Band.UNSCORED
    assert study.logit is None


def test_a_study_waits_since_its_earliest_image_and_is_backlog_only_as_a_whole() -> None:
    """One image that arrived while the service watched makes it a study of today."""
    early = NOW - timedelta(days=3)
    [study] = gathered(
        waiting_image(1, 1, logit=5.0),
        waiting_image(1, 2, arrived_at=early, backlog=True, acquired_at="2026-11-19 10:00"),
    )
    assert (study.arrived_at, study.backlog, study.acquired_at) == (early, False, "2026-11-19 10:00")
    [study] = gathered(waiting_image(backlog=True))
    assert study.backlog


def test_a_file_that_is_there_speaks_before_its_equal_that_is_gone() -> None:
    """Of two images with the same score, the one that can be opened comes first."""
    [study] = gathered(waiting_image(1, 1, removed_at=NOW), waiting_image(1, 2))
    assert [image.arrival_id for image in study.images] == [2, 1]


def test_images_are_grouped_by_study_whatever_their_order() -> None:
    """Rows need not come sorted; paths are absolute."""
    studies = gathered(waiting_image(1, 1), waiting_image(2, 2, urgency="stat"), waiting_image(1, 3))
    assert [(study.study, len(study.images)) for study in studies] == [("S-000001", 2), ("S-000002", 1)]
    assert studies[1].urgency is Urgency.STAT
    assert studies[1].images[0].path == "/srv/in/film2.dcm"


def test_the_points_of_a_bundle_are_asked_for_once() -> None:
    """Each image is judged by the points of the bundle that scored it."""
    asked: list[int] = []

    def points(bundle: int) -> Mapping[Population, OperatingPoint]:
        asked.append(bundle)
        return POINTS

    gather([waiting_image(n, bundle_id=1 + n % 2) for n in range(6)], points)
    assert sorted(asked) == [1, 2]


def test_a_film_that_was_decided_at_once_was_tried_once() -> None:
    """The store counts the tries that were in vain; a reader wants to know how often it was tried at all."""
    [study] = gathered(refused_image(), waiting_image(1, 2))
    assert {image.attempts for image in study.images} == {1}
