"""Reading anew: each study that is read is the head of the order, whatever the history."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from builders.studies import NOW, queue_study
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.rehearsal.replay import replay
from daemon.triage.hours import Shift
from daemon.triage.order import Band, QueueStudy, Urgency, order
from daemon.triage.waits import Waits, overdue


def minute(number: float) -> datetime:
    """A moment."""
    return NOW + timedelta(minutes=number)


LIMITS = {
    Urgency.STAT: timedelta(minutes=3),
    Urgency.URGENT: timedelta(minutes=9),
    Urgency.ROUTINE: timedelta(minutes=20),
}
WAITS = Waits(
    zone=ZoneInfo("Europe/Vienna"),
    shifts=(Shift.read("mon-sun 07:05-07:40"), Shift.read("mon-sun 07:50-09:00")),
    limits=LIMITS,
    roots={"/srv/er": {Urgency.ROUTINE: timedelta(minutes=6)}},
)


def _study(number: int, came: int, band: Band, logit: int, urgency: Urgency, root: str) -> QueueStudy:
    made = queue_study(number, band, None if band is Band.UNSCORED else logit / 2, urgency=urgency)
    images = tuple(replace(image, root=root) for image in made.images)
    return replace(made, arrived_at=minute(came), images=images)


# Few minutes and few logits: many ties. Most are of one urgency, so that its bands and overdue ones meet.
studies = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.sampled_from(Band),
        st.integers(-3, 3),
        st.sampled_from([Urgency.STAT, Urgency.URGENT, *[Urgency.ROUTINE] * 5]),
        st.sampled_from(["/srv/in", "/srv/in", "/srv/er"]),
        st.integers(0, 30),
    ),
    min_size=1,
    max_size=40,
).map(lambda rows: [(_study(number, *row[:5]), minute(row[0] + row[5])) for number, row in enumerate(rows)])


def by_the_queue(waiting: list[QueueStudy], slots: list[datetime]) -> dict[str, datetime]:
    """What readers do who take the head of the whole list each time; without any of the shortcuts."""
    found = dict[str, datetime]()
    served = set[Urgency]()
    reading = WAITS.reading_time(min(study.arrived_at for study in waiting), max(slots))
    left = {study.study: study for study in waiting}
    for slot in sorted(slots):
        there = [
            replace(study, overdue=overdue(study, WAITS, reading, slot))
            for study in left.values()
            if study.arrived_at <= slot
        ]
        head = next(order(there, served))
        del left[head.study]
        found[head.study] = slot
        (served.add if head.overdue else served.discard)(head.urgency)
    return found


@given(studies)
@settings(max_examples=150)
def test_what_is_read_is_the_head_of_the_order(history: list[tuple[QueueStudy, datetime]]) -> None:
    """Under the rules that held, reads in the queue's order come out as they happened, each in its slot."""
    waiting, slots = [study for study, _ in history], [slot for _, slot in history]
    assert replay(waiting, slots, WAITS) == by_the_queue(waiting, slots)


@given(studies, st.randoms())
@settings(max_examples=80)
def test_slots_are_dealt_out_once_and_not_before_an_arrival(
    history: list[tuple[QueueStudy, datetime]], random: Random
) -> None:
    """So the waits sum to the same under all rules; and the order of rows does not matter."""
    waiting, slots = [study for study, _ in history], [slot for _, slot in history]
    found = replay(waiting, slots, WAITS)
    assert Counter(found.values()) == Counter(slots)
    assert all(found[study.study] >= study.arrived_at for study in waiting)
    assert replay(random.sample(waiting, len(waiting)), random.sample(slots, len(slots)), WAITS) == found


def test_more_slots_than_came_by_then_are_an_error() -> None:
    """Nobody reads what is not there."""
    with pytest.raises(ValueError, match="nothing waits"):
        replay([_study(1, 5, Band.NEXT, 0, Urgency.ROUTINE, "/srv/in")], [minute(4)], WAITS)
    assert replay([], [], WAITS) == {}


def test_it_tells_how_far_it_is() -> None:
    """Of how many."""
    told = list[tuple[int, int]]()
    waiting = [_study(n, n, Band.NEXT, 0, Urgency.ROUTINE, "/srv/in") for n in (1, 2)]
    replay(waiting, [minute(9), minute(8)], WAITS, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
