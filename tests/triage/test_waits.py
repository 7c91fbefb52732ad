"""Which studies are overdue: by urgency, folder and reading hours; backlog never."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders.studies import NOW, queue_study

from daemon.triage.hours import Shift
from daemon.triage.order import Urgency
from daemon.triage.waits import Waits, overdue

HOUR = timedelta(hours=1)


def late(waited: timedelta, urgency: Urgency = Urgency.ROUTINE, waits: Waits | None = None, **values: object) -> bool:
    study = queue_study(1, urgency=urgency, arrived_at=NOW - waited, **values)
    waits = waits or Waits()
    return overdue(study, waits, waits.reading_time(study.arrived_at, NOW), NOW)


@pytest.mark.parametrize(
    ("urgency", "limit"), [(Urgency.STAT, HOUR / 2), (Urgency.URGENT, 2 * HOUR), (Urgency.ROUTINE, 8 * HOUR)]
)
def test_each_urgency_has_its_limit(urgency: Urgency, limit: timedelta) -> None:
    """Overdue begins beyond it."""
    assert not late(limit, urgency)
    assert late(limit + timedelta(seconds=1), urgency)


def test_backlog_is_never_overdue() -> None:
    """It lay there before anybody watched."""
    assert not late(999 * HOUR, backlog=True)


def test_only_reading_hours_count() -> None:
    """Over a night in which nobody reads a film does not become overdue (NOW is a Sunday, 6:00 in UTC)."""
    hours = Waits(shifts=(Shift.read("sat-sun 08:00-12:00"),))
    assert not late(24 * HOUR, waits=hours)  # the four of Saturday
    assert late(24 * HOUR, waits=Waits(shifts=hours.shifts, limits={**hours.limits, Urgency.ROUTINE: 3 * HOUR}))


def test_a_folder_may_have_its_own_limits() -> None:
    """Of a study that came through several the shortest counts; what a folder does not say is as elsewhere."""
    waits = Waits(roots={"/srv/in": {Urgency.ROUTINE: HOUR}})
    assert late(2 * HOUR, waits=waits)
    assert not late(2 * HOUR, Urgency.URGENT, waits=waits)
    assert waits.limit(Urgency.ROUTINE, ["/srv/in", "/srv/other"]) == HOUR


def test_what_waits_for_longer_than_anybody_looks_back_is_overdue() -> None:
    """A clock that was wrong, or a film that nobody ever read."""
    assert late(timedelta(days=4000))
