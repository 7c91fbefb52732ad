"""Readers and lists: nothing is lost, and each film that is taken is the one that `order` gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from builders.studies import NOW, queue_study
from hypothesis import given
from hypothesis import strategies as st

from daemon.simulation.department import Assumptions, Film, Finding, films
from daemon.simulation.reading import FirstCome, Ordered, Taking, waits
from daemon.triage.order import Band, QueueStudy, order
from daemon.triage.site import Department, placed

MINUTE = timedelta(minutes=1)


@st.composite
def histories(draw: st.DrawFn) -> list[Film]:
    """Short histories; few values, so that ties of score and of reading minute are common."""
    drawn = draw(
        st.lists(
            st.tuples(st.integers(0, 3), st.sampled_from(Band), st.integers(-2, 2), st.integers(1, 9)), max_size=25
        )
    )
    found, arrived = [], 0
    for gap, band, logit, minutes in drawn:
        arrived += gap
        scored = None if band is Band.UNSCORED else float(logit)
        found.append(Film(float(arrived), float(minutes), scored, band, Finding.NORMAL, True))
    return found


class ByOrder:
    """The list of `triage.order`, made anew for each film that is taken."""

    def __init__(self, films: Sequence[Film], cap: float, taking: Taking) -> None:
        self.films, self.cap, self.taking = films, cap, taking
        self.waiting: list[int] = []
        self.after_overdue = False
        self.taken: list[int] = []

    def add(self, number: int) -> None:
        self.waiting.append(number)

    def take(self, now: float) -> int:
        listed = list(order(self._study(number, now) for number in self.waiting))
        chosen = listed[0]
        if self.taking is Taking.PLACES and self.after_overdue:
            firsts = [study for study in listed if not study.overdue and study.band is Band.FIRST]
            chosen = firsts[0] if firsts else chosen
        self.after_overdue = chosen.overdue
        number = int(chosen.study.removeprefix("S-"))
        self.waiting.remove(number)
        self.taken.append(number)
        return number

    def _study(self, number: int, now: float) -> QueueStudy:
        film = self.films[number]
        # No two films come at one moment of the clock, although a night's come at one reading minute.
        arrived_at = NOW + film.arrived * MINUTE + number * timedelta(milliseconds=1)
        study = queue_study(number, film.band, film.logit, arrived_at=arrived_at)
        return replace(study, overdue=now - film.arrived > self.cap)


@given(histories(), st.integers(0, 20), st.integers(1, 3), st.sampled_from(Taking))
def test_the_film_that_is_taken_is_the_one_that_order_gives(
    history: list[Film], cap: int, readers: int, taking: Taking
) -> None:
    """Films are numbered by arrival, as their keys are: so ties are broken alike."""
    ours = waits(history, readers, Ordered(history, cap, taking))
    assert ours == waits(history, readers, ByOrder(history, cap, taking))


def test_overdue_is_what_the_daemon_calls_overdue() -> None:
    """A film is overdue when it has waited longer than the maximum, not when it has waited as long."""
    limit = 8 * 60
    late = Film(0.0, 1.0, -1.0, Band.IN_TURN, Finding.NORMAL, True)
    early = Film(1.0, 1.0, 3.0, Band.FIRST, Finding.NORMAL, True)
    for now, number in ((limit, 1), (limit + 1, 0)):
        line = Ordered([late, early], limit)
        line.add(0)
        line.add(1)
        assert line.take(now) == number
        studies = [
            queue_study(at, film.band, film.logit, arrived_at=NOW + film.arrived * MINUTE)
            for at, film in enumerate((late, early))
        ]
        listed = list(order(placed(studies, Department(), NOW + now * MINUTE)))
        assert listed[0].study == f"S-{number:06d}"


@given(histories(), st.integers(0, 20), st.integers(1, 3))
def test_every_film_is_read_once_and_not_before_it_came(history: list[Film], cap: int, readers: int) -> None:
    for line in (FirstCome(), Ordered(history, cap)):
        waited = waits(history, readers, line)
        assert sorted(waited) == list(range(len(history)))
        assert all(wait >= 0 for wait in waited.values())


@given(histories(), st.integers(0, 20), st.integers(1, 3), st.sampled_from(Taking))
def test_where_all_films_take_as_long_waiting_is_only_shared_out_otherwise(
    history: list[Film], cap: int, readers: int, taking: Taking
) -> None:
    """The conservation law: no reader rests while a film waits, so no order lowers the mean of all."""
    history = [film._replace(minutes=4.0) for film in history]
    ours = waits(history, readers, Ordered(history, cap, taking))
    theirs = waits(history, readers, FirstCome())
    assert sum(ours.values()) == pytest.approx(sum(theirs.values()))


@given(histories(), st.integers(0, 20))
def test_while_a_first_film_waits_no_two_overdue_ones_are_read_in_a_row(history: list[Film], cap: int) -> None:
    """Across the films that are read, whatever comes between."""
    history = [film._replace(minutes=1.0) for film in history]
    waited = waits(history, 1, Ordered(history, cap))
    begun = sorted((history[number].arrived + wait, number) for number, wait in waited.items())
    late = [waited[number] > cap for _, number in begun]
    for place in range(1, len(begun)):
        if late[place - 1] and late[place]:
            at = begun[place][0]
            assert not [
                number
                for start, number in begun[place + 1 :]
                if history[number].band is Band.FIRST and history[number].arrived <= at <= history[number].arrived + cap
            ]


def test_at_top_overdue_films_hold_back_first_ones() -> None:
    """What `places` is for: with the top of a fresh list, a `first` film waits for all that are overdue."""
    late = [Film(0.0, 1.0, -1.0, Band.IN_TURN, Finding.NORMAL, True)] * 20
    history = [*late, Film(6.0, 1.0, 3.0, Band.FIRST, Finding.PNEUMONIA, True)]
    assert waits(history, 1, Ordered(history, 5.0, Taking.TOP))[20] == 14
    assert waits(history, 1, Ordered(history, 5.0, Taking.PLACES))[20] == 1


def test_without_a_longest_wait_a_perfect_score_puts_pneumonia_in_front() -> None:
    """And what is read does not depend on what is counted: only counted films are reported."""
    history = films(Assumptions(auc=0.97), Random(3))
    waited = waits(history, 2, Ordered(history, 1e9))
    assert set(waited) == {number for number, film in enumerate(history) if film.counted}
    mean = {
        finding: sum(wait for number, wait in waited.items() if history[number].finding is finding)
        / sum(film.counted and film.finding is finding for film in history)
        for finding in Finding
    }
    assert mean[Finding.PNEUMONIA] < 0.5 * mean[Finding.NORMAL]
