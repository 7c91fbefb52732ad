"""Thirty nights as lines: a night without a number is a gap, whatever the numbers are."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from builders.studies import NOW, queue_study, report_inputs
from hypothesis import given
from hypothesis import strategies as st

from daemon.report.build import build_report
from daemon.report.inputs import Health, Reading
from daemon.report.pages import render_html
from daemon.report.trends import BOTTOM, FIGURES, HEIGHT, LEFT, NIGHTS, RIGHT, TOP, WIDTH, trends_of
from db.states import State

LAST = date(2026, 11, 22)


def nights(*values: float | None, name: str = "arrived") -> dict[date, dict[str, float]]:
    """The last nights, the newest last."""
    days = [LAST - timedelta(days=back) for back in range(len(values) - 1, -1, -1)]
    return {day: {name: value} for day, value in zip(days, values, strict=True) if value is not None}


def test_a_night_without_a_number_is_a_gap() -> None:
    """And one alone is a point; the words say how many are missing."""
    [trend] = trends_of(LAST, nights(5.0, 7.0, None, 9.0, None, 3.0, 4.0))
    films, out = trend.lines
    assert [len(piece) for piece in films.pieces] == [2, 1, 2]
    assert [piece[0][1] for piece in out.pieces] == [HEIGHT - BOTTOM] * 3  # none was refused or failed
    assert trend.description == "lowest 3, highest 9, last known 4, of 5 nights; 25 nights without a number."


def test_before_the_second_night_there_is_no_picture() -> None:
    assert trends_of(LAST, {}) == ()
    assert trends_of(LAST, nights(5.0)) == ()


@given(
    st.dictionaries(
        st.integers(0, NIGHTS + 5).map(lambda back: LAST - timedelta(days=back)),
        st.dictionaries(st.sampled_from(FIGURES), st.floats(0, 1e9)),
    )
)
def test_every_point_lies_in_the_picture(kept: dict[date, dict[str, float]]) -> None:
    for trend in trends_of(LAST, kept):
        for line in trend.lines:
            for x, y in (point for piece in line.pieces for point in piece):
                assert LEFT - 0.1 <= x <= WIDTH - RIGHT + 0.1
                assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1


def test_a_report_draws_the_nights_before_it_and_its_own() -> None:
    """With a text alternative; in the data stands what is kept of this night."""
    health = Health([1.0, 3.0], {(State.FAILED, "truncated"): 2, (State.REFUSED, "view"): 1})
    inputs = report_inputs(nights=nights(4.0, 6.0, None), arrived=9, health=health, studies=[queue_study()])
    report = build_report(inputs)
    assert json.loads(json.dumps(report.figures)) == {
        "waiting": 1, "overdue": 0, "arrived": 9, "refused": 1, "failed": 2, "latency_median": 2.0, "latency_p95": 3.0
    }  # fmt: skip
    [films] = report.trends
    assert "highest 9, last known 9, of 3 nights" in films.description
    assert films.description in render_html(report)


@pytest.mark.parametrize(("late", "kept"), [(timedelta(minutes=5), True), (timedelta(hours=9), False)])
def test_a_queue_that_is_counted_later_is_not_the_nights(late: timedelta, kept: bool) -> None:
    """A missed night that is made up for has no number of waiting studies; nor a turnaround that nobody knows."""
    reading = Reading([60.0], read_lately=False)
    old = queue_study(arrived_at=NOW - timedelta(days=3))
    figures = build_report(report_inputs(scheduled_at=NOW - late, studies=[old], reading=reading)).figures
    assert ("waiting" in figures) is kept
    assert "turnaround_median" not in figures
