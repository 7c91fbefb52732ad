"""Waiting images become studies with a place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders.studies import NOW, POINTS, RULES, refused_image, waiting_image
from hypothesis import given
from hypothesis import strategies as st

from daemon.triage.order import Band, QueueStudy, Urgency, order
from daemon.triage.rules import Rules, band_of, rules_of
from daemon.triage.studies import gather
from db.records import WaitingImage
from db.states import State
from models.bundle import GroupPolicy
from models.population import Policy, Population, age_group_of


def gathered(*images: WaitingImage) -> list[QueueStudy]:
    """Judged by the test's points."""
    return gather(images, lambda _: RULES)


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
    [study] = gathered(waiting_image(population=population, age_years=None, logit=logit))
    assert study.band is band
    assert study.population == population


@pytest.mark.parametrize("logit", [-1e6, -1.001, 0.0, 1e6])
@pytest.mark.parametrize("population", ["children", None])
def test_who_the_bundle_has_no_point_for_is_called_neither_low_nor_first(population: str | None, logit: float) -> None:
    """A bundle for adults orders a child's film, and one that may be a child's; it does not band them."""
    rules = rules_of({Population.ADULTS: POINTS[Population.ADULTS]})
    [study] = gather([waiting_image(population=population, age_years=None, logit=logit)], lambda _: rules)
    assert (study.band, study.policy, study.logit) == (Band.NEXT, Policy.ORDERED, logit)


ORDERED = {**POINTS, Population.ADULTS: POINTS[Population.ADULTS].ordered()}


@pytest.mark.parametrize(
    ("population", "logit", "band", "policy"),
    [
        ("adults", -50.0, Band.NEXT, Policy.ORDERED),
        ("adults", 50.0, Band.NEXT, Policy.ORDERED),
        (None, -50.0, Band.NEXT, Policy.ORDERED),
        (None, 50.0, Band.NEXT, Policy.ORDERED),
        ("children", -50.0, Band.IN_TURN, Policy.BANDED),
        ("children", 50.0, Band.FIRST, Policy.BANDED),
    ],
)
def test_an_ordered_population_has_only_next(population: str | None, logit: float, band: Band, policy: Policy) -> None:
    """Whatever its score; a film of an unknown population may be one of it. The others keep their bands."""
    rules = rules_of(ORDERED)
    [study] = gather([waiting_image(population=population, age_years=None, logit=logit)], lambda _: rules)
    assert (study.band, study.policy) == (band, policy)


@pytest.mark.parametrize("logit", [-50.0, 50.0])
def test_thresholds_of_an_ordered_point_tell_no_band(logit: float) -> None:
    """Should somebody keep them there for the record."""
    assert band_of(logit, replace(POINTS[Population.ADULTS], policy=Policy.ORDERED)) is Band.NEXT


def test_ordered_films_are_in_order_of_their_scores() -> None:
    """That is what is left of a score that calls nothing low."""
    images = [waiting_image(number, logit=float(number % 5)) for number in range(1, 12)]
    logits = [study.logit for study in order(gather(images, lambda _: rules_of(ORDERED)))]
    assert logits == sorted(logits, key=lambda logit: -(logit or 0.0))


@pytest.mark.parametrize(("age", "policy"), [(10.0, "ordered"), (10.0, "outside"), (0.5, "outside")])
def test_an_age_that_no_point_is_for_is_judged_by_its_groups_policy(age: float, policy: str) -> None:
    """Where the bundle states one; where it states none, as an unknown film."""
    group = age_group_of(age)
    image = waiting_image(population=None, age_years=age, logit=-50.0)
    [study] = gather([image], lambda _: rules_of(POINTS, {group: GroupPolicy(Policy(policy), "for a test")}))
    assert (study.band, study.policy) == (Band.NEXT, Policy.ORDERED)
    [study] = gather([image], lambda _: RULES)
    assert (study.band, study.policy) == (Band.IN_TURN, Policy.BANDED)


@given(
    st.lists(st.tuples(st.sampled_from(["adults", "children", None]), st.floats(-8, 8)), min_size=1, max_size=12),
    st.dictionaries(st.sampled_from([None, *Population]), st.floats(0.001, 0.999)),
)
def test_a_sites_prevalence_changes_no_order_and_no_band(
    films: list[tuple[str | None, float]], site: dict[Population | None, float]
) -> None:
    """Only what is shown as a probability, which says at which prevalence it holds."""
    images = [
        waiting_image(number, population=who, age_years=None, logit=logit) for number, (who, logit) in enumerate(films)
    ]
    before = list(order(gather(images, lambda _: RULES)))
    after = list(order(gather(images, lambda _: rules_of(POINTS, site=site))))
    assert [(study.study, study.band) for study in after] == [(study.study, study.band) for study in before]
    for then, now in zip(before, after, strict=True):
        assert now.prevalence == site.get(now.population, then.prevalence)
        assert then.probability is not None
        assert then.prevalence is not None
        assert now.probability == pytest.approx(
            POINTS[now.population or Population.ADULTS].calibration.probability(now.logit or 0.0, now.prevalence)
        )


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

    def points(bundle: int) -> Rules:
        asked.append(bundle)
        return RULES

    gather([waiting_image(n, bundle_id=1 + n % 2) for n in range(6)], points)
    assert sorted(asked) == [1, 2]


def test_a_film_that_was_decided_at_once_was_tried_once() -> None:
    """The store counts the tries that were in vain; a reader wants to know how often it was tried at all."""
    [study] = gathered(refused_image(), waiting_image(1, 2))
    assert {image.attempts for image in study.images} == {1}


def test_a_marked_film_is_never_ranked_by_its_score() -> None:
    """Its score is kept with the image; the study stands where its arrival puts it, or where a validated film does."""
    low, high = waiting_image(1, logit=9.0, marks="view processed"), waiting_image(1, 2, logit=0.0)
    [study] = gathered(low)
    assert (study.band, study.logit, study.probability, study.policy) == (Band.UNSCORED, None, None, None)
    assert study.images[0].marks == ("view", "processed")
    assert study.images[0].logit == 9.0
    [study] = gathered(low, high)
    assert (study.band, study.logit) == (Band.NEXT, 0.0)


def test_marked_films_stand_by_arrival() -> None:
    """Among each other, and among films without a score; whatever their logit."""
    rows = [
        waiting_image(number, logit=logit, marks="view", arrived_at=NOW - timedelta(hours=number))
        for number, logit in ((1, 9.0), (2, -9.0), (3, 0.0))
    ]
    placed = [study.study for study in order(gathered(*rows, refused_image(4, arrived_at=NOW - timedelta(hours=4))))]
    assert placed == ["S-000004", "S-000003", "S-000002", "S-000001"]


def test_a_study_is_not_called_low_while_one_of_its_images_could_not_be_read() -> None:
    """That may be the film that counts; a refused one (a lateral, say) holds nothing up."""
    low, failed = waiting_image(1, logit=-9.0), refused_image(1, 2, state=State.FAILED, code="corrupt")
    [study] = gathered(low, failed)
    assert (study.band, study.probability, study.logit) == (Band.UNSCORED, None, None)
    assert [image.band for image in study.images] == [Band.IN_TURN, Band.UNSCORED]
    assert gathered(low, refused_image(1, 2))[0].band is Band.IN_TURN
    assert gathered(low, replace(failed, withdrawn_at=NOW))[0].band is Band.IN_TURN
    assert gathered(waiting_image(1, logit=9.0), failed)[0].band is Band.FIRST
