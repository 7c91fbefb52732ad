"""The order of the queue, as properties over any queue."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice, pairwise

from builders.studies import NOW, queue_study
from hypothesis import given
from hypothesis import strategies as st

from daemon.triage.order import Band, QueueStudy, Urgency, order

HEIGHT = {band: number for number, band in enumerate((Band.FIRST, Band.NEXT, Band.IN_TURN))}
# Few distinct values, so that ties are the rule and not the exception.
LOGITS = st.one_of(st.integers(-2, 2).map(float), st.floats(-20, 20, allow_nan=False))
MINUTES = st.one_of(st.integers(0, 4), st.integers(0, 10_000))


@st.composite
def queues(draw: st.DrawFn, *, overdue: bool = True) -> list[QueueStudy]:
    """Any queue; keys are unique, as the store makes them."""
    drawn = draw(
        st.lists(
            st.tuples(st.sampled_from(Band), st.sampled_from(Urgency), st.booleans(), LOGITS, MINUTES), max_size=40
        )
    )
    studies = [
        queue_study(
            number,
            band,
            logit,
            urgency=urgency,
            overdue=overdue and late,
            arrived_at=NOW + timedelta(minutes=minutes),
        )
        for number, (band, urgency, late, logit, minutes) in enumerate(drawn)
    ]
    return draw(st.permutations(studies))


@st.composite
def middles(draw: st.DrawFn) -> list[QueueStudy]:
    """Many `next` and unscored studies of one urgency, where the merge of the two has something to do."""
    bands = st.sampled_from([Band.NEXT, Band.NEXT, Band.UNSCORED, Band.UNSCORED, Band.FIRST, Band.IN_TURN])
    drawn = draw(st.lists(st.tuples(bands, LOGITS, st.integers(0, 12)), min_size=8, max_size=30))
    return [
        queue_study(number, band, logit, arrived_at=NOW + timedelta(minutes=minutes))
        for number, (band, logit, minutes) in enumerate(drawn)
    ]


@given(queues() | middles())
def test_every_study_stands_in_the_queue_exactly_once(studies: list[QueueStudy]) -> None:
    """The order loses nothing and doubles nothing."""
    assert sorted(study.study for study in order(studies)) == sorted(study.study for study in studies)


@given(queues())
def test_no_study_stands_behind_a_less_urgent_one(studies: list[QueueStudy]) -> None:
    """Requested urgency comes before everything else."""
    rank = {urgency: number for number, urgency in enumerate(Urgency)}
    assert all(rank[one.urgency] <= rank[two.urgency] for one, two in pairwise(order(studies)))


@given(queues(), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_the_studies_are_given(studies: list[QueueStudy], random: object) -> None:
    """It is total: the same studies in another order give the same queue."""
    shuffled = list(studies)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert list(order(shuffled)) == list(order(studies))


@given(queues())
def test_the_order_of_an_ordered_queue_is_itself(studies: list[QueueStudy]) -> None:
    """It is stable."""
    once = list(order(studies))
    assert list(order(once)) == once


@given(queues() | middles())
def test_band_and_score_never_rise_down_the_queue(studies: list[QueueStudy]) -> None:
    """Among scored studies of one urgency that are not overdue: band, then logit, then arrival, then key."""
    ordered = list(order(studies))
    for urgency in Urgency:
        scored = [s for s in ordered if s.urgency is urgency and not s.overdue and s.band is not Band.UNSCORED]
        keys = [(HEIGHT[s.band], -(s.logit or 0.0), s.arrived_at, s.study) for s in scored]
        assert keys == sorted(keys)


@given(queues(overdue=False) | middles())
def test_an_unscored_study_waits_for_the_next_studies_that_came_before_it(studies: list[QueueStudy]) -> None:
    """It stands behind all of `first`, before all of `in_turn`, after as many of `next` as arrived before it."""
    ordered = list(order(studies))
    for urgency in Urgency:
        lane = [study for study in ordered if study.urgency is urgency]
        for place, study in enumerate(lane):
            if study.band is not Band.UNSCORED:
                continue
            before = [other.band for other in lane[:place]]
            arrived = [s for s in lane if s.band is Band.NEXT and s.arrived_at < study.arrived_at]
            assert before.count(Band.NEXT) == len(arrived)
            assert before.count(Band.FIRST) == sum(s.band is Band.FIRST for s in lane)
            assert Band.IN_TURN not in before


@given(queues())
def test_overdue_studies_go_by_arrival(studies: list[QueueStudy]) -> None:
    """Whatever their band and score: none can be overtaken for ever."""
    ordered = list(order(studies))
    for urgency in Urgency:
        lane = [study for study in ordered if study.urgency is urgency and study.overdue]
        assert lane == sorted(lane, key=lambda study: (study.arrived_at, study.study))


@given(queues())
def test_overdue_studies_take_at_most_every_second_place_while_first_ones_wait(studies: list[QueueStudy]) -> None:
    """Between two overdue studies stands a `first` one that is not overdue, as long as there is one."""
    ordered = list(order(studies))
    for urgency in Urgency:
        lane = [study for study in ordered if study.urgency is urgency]
        for place, (one, two) in enumerate(pairwise(lane)):
            waiting = any(s.band is Band.FIRST and not s.overdue for s in lane[place + 2 :])
            assert not (one.overdue and two.overdue and waiting)


@given(queues())
def test_overdue_studies_stand_before_all_but_first_ones(studies: list[QueueStudy]) -> None:
    """Nothing that is neither overdue nor `first` stands before an overdue study of its urgency."""
    ordered = list(order(studies))
    for urgency in Urgency:
        lane = [study for study in ordered if study.urgency is urgency]
        last = max((place for place, study in enumerate(lane) if study.overdue), default=-1)
        assert all(study.overdue or study.band is Band.FIRST for study in lane[: last + 1])


@given(queues(), st.integers(0, 45))
def test_the_first_page_is_the_head_of_the_whole_order(studies: list[QueueStudy], size: int) -> None:
    """Asking for less gives the same queue, cut."""
    assert list(islice(order(studies), size)) == list(order(studies))[:size]


def test_the_first_page_compares_a_fraction_of_what_a_sort_would() -> None:
    """Ten of ten thousand studies cost a linear pass and little more; counted in comparisons, not in seconds."""
    compared = 0

    class Counted(float):
        def __neg__(self) -> Counted:
            return Counted(float.__neg__(self))

        def __lt__(self, other: float) -> bool:
            nonlocal compared
            compared += 1
            return float.__lt__(self, other)

    studies = [queue_study(number, Band.NEXT, Counted(number * 7919 % 10_007)) for number in range(10_000)]
    page = [study.logit for study in islice(order(studies), 10)]
    assert compared < 30_000  # 16,000 were seen, a sort takes 120,000
    assert page == sorted((study.logit for study in studies if study.logit is not None), reverse=True)[:10]


def test_overdue_and_first_studies_alternate_beginning_with_the_overdue_one() -> None:
    """The head of the queue serves the promise on waiting first, then the score."""
    studies = [
        queue_study(1, Band.FIRST, 9.0),
        queue_study(2, Band.FIRST, 8.0),
        queue_study(3, Band.IN_TURN, -3.0, overdue=True),
        queue_study(4, Band.IN_TURN, -4.0, overdue=True),
        queue_study(5, Band.IN_TURN, -5.0, overdue=True),
        queue_study(6, Band.NEXT, 1.0),
    ]
    assert [study.study[-1] for study in order(studies)] == ["3", "1", "4", "2", "5", "6"]
