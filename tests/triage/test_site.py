"""A site's rules on studies: urgency by folder, what is overdue, what is observed, and what the order makes of it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from builders.studies import NOW, RULES, queue_study, refused_image, waiting_image
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.triage.order import Band, QueueStudy, Urgency, order
from daemon.triage.site import Department, placed
from daemon.triage.studies import gather
from daemon.triage.waits import LIMITS, Waits

HOUR = timedelta(hours=1)


def test_a_folder_raises_the_urgency_of_what_comes_through_it() -> None:
    """And never lowers what was asked for."""
    department = Department(urgencies={"/srv/in": Urgency.URGENT})
    asked = [queue_study(number, urgency=urgency) for number, urgency in enumerate(Urgency)]
    assert [study.urgency for study in placed(asked, department, NOW)] == [Urgency.STAT, Urgency.URGENT, Urgency.URGENT]
    assert placed(asked, Department(urgencies={"/srv/other": Urgency.STAT}), NOW) == asked


def test_overdue_counts_by_the_urgency_that_the_folder_gives() -> None:
    """Three hours are much for an urgent film, and little for another."""
    study = queue_study(1, arrived_at=NOW - 3 * HOUR)
    assert not placed([study], Department(), NOW)[0].overdue
    assert placed([study], Department(urgencies={"/srv/in": Urgency.URGENT}), NOW)[0].overdue


def test_films_of_an_observed_folder_are_listed_by_arrival() -> None:
    """Their score is kept with the image, and ranks nothing; films of other folders are ranked as ever."""
    rows = [
        waiting_image(1, logit=9.0, root_path="/srv/trial"),
        waiting_image(2, logit=-9.0, root_path="/srv/trial", arrived_at=NOW - 2 * HOUR),
        waiting_image(3, logit=9.0),
        refused_image(4, arrived_at=NOW - 3 * HOUR),
    ]
    studies = gather(rows, lambda _: RULES, {"/srv/trial"})
    assert [study.band for study in studies] == [Band.UNSCORED, Band.UNSCORED, Band.FIRST, Band.UNSCORED]
    assert [image.logit for study in studies for image in study.images if image.observed] == [9.0, -9.0]
    assert [study.study[-1] for study in order(studies)] == ["3", "4", "2", "1"]


departments = st.builds(
    lambda stat, urgent, routine: Department(
        waits=Waits(limits=dict(zip(Urgency, (stat * HOUR, urgent * HOUR, routine * HOUR), strict=True)))
    ),
    *[st.integers(1, 30)] * 3,
)
histories = st.lists(
    st.builds(
        lambda number, band, logit, urgency, hours: queue_study(
            number, band, logit, urgency=urgency, arrived_at=NOW - hours * HOUR
        ),
        st.integers(1, 10**6),
        st.sampled_from(Band),
        st.floats(-5, 5),
        st.sampled_from(Urgency),
        st.integers(0, 60),
    ),
    max_size=60,
    unique_by=lambda study: study.study,
)


@given(histories, departments)
def test_what_any_order_must_keep(studies: list[QueueStudy], department: Department) -> None:
    """Every study once; none of less urgency before one of more; at most every second place to overdue studies while
    such of the band `first` wait; and the same list in any other order of its rows."""
    found = list(order(placed(studies, department, NOW)))
    assert Counter(study.study for study in found) == Counter(study.study for study in studies)
    heights = [list(Urgency).index(study.urgency) for study in found]
    assert heights == sorted(heights)
    for urgency in Urgency:
        same = [study for study in found if study.urgency is urgency]
        fresh = [number for number, study in enumerate(same) if study.band is Band.FIRST and not study.overdue]
        head = same[: fresh[-1] + 1] if fresh else []
        for start in range(max(len(head) - 9, 0)):
            assert sum(study.overdue for study in head[start : start + 10]) <= 5
    assert list(order(placed(studies[::-1], department, NOW))) == found


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(Band), st.floats(-5, 5), st.integers(0, 40)), min_size=1, max_size=60),
    st.integers(1, 6),
)
def test_nobody_waits_beyond_the_limit_plus_the_work_ahead(films: list[tuple[Band, float, int]], limit: int) -> None:
    """One film is read every quarter of an hour, however many come. Once a study is overdue it has before it those that
    arrived earlier, with one `first` study beside each, and nothing that comes later can push it back."""
    quarter = timedelta(minutes=15)
    department = Department(waits=Waits(limits={**LIMITS, Urgency.ROUTINE: limit * quarter}))
    coming = [
        queue_study(number, band, logit, arrived_at=NOW + quarters * quarter)
        for number, (band, logit, quarters) in enumerate(films)
    ]
    waiting: list[QueueStudy] = []
    due: dict[str, datetime] = {}
    served: set[Urgency] = set()
    now = NOW
    while coming or waiting:
        waiting += [study for study in coming if study.arrived_at <= now]
        coming = [study for study in coming if study.arrived_at > now]
        found = placed(waiting, department, now)
        for study in found:
            if study.overdue:
                ahead = sum((other.arrived_at, other.study) < (study.arrived_at, study.study) for other in found)
                due.setdefault(study.study, now + (2 * ahead + 1) * quarter)  # the first of them may lead
        for read in list(order(found, served))[:1]:
            assert read.study not in due or now <= due[read.study]
            waiting = [study for study in waiting if study.study != read.study]
            served = {Urgency.ROUTINE} if read.overdue else set()
        now += quarter


@given(
    st.lists(st.tuples(st.sampled_from(Band), st.floats(-5, 5), st.booleans()), min_size=1, max_size=30),
)
def test_who_always_takes_the_top_gives_every_second_place_to_first_studies(
    films: list[tuple[Band, float, bool]],
) -> None:
    """The list is made anew after each reading; no two overdue studies are read in a row while a `first` one waits."""
    waiting = [queue_study(number, band, logit, overdue=late) for number, (band, logit, late) in enumerate(films)]
    served: set[Urgency] = set()
    before: QueueStudy | None = None
    while waiting:
        top = next(order(waiting, served))
        firsts = any(study.band is Band.FIRST and not study.overdue for study in waiting)
        assert not (top.overdue and before is not None and before.overdue and firsts)
        served = {Urgency.ROUTINE} if top.overdue else set()
        waiting = [study for study in waiting if study.study != top.study]
        before = top
