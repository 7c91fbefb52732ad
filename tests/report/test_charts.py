"""Bars and the sentence that says the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.report.charts import BOTTOM, HEIGHT, LEFT, PROBABILITY, TOP, WAITING, WIDTH, Bins, histogram
from daemon.triage.order import Band

VALUES = st.lists(st.tuples(st.floats(-1, 1000), st.sampled_from(Band)), max_size=60)


@given(VALUES, st.sampled_from([PROBABILITY, WAITING]))
def test_bars_stay_within_the_picture_and_have_the_height_of_their_counts(
    values: list[tuple[float, Band]], bins: Bins
) -> None:
    """One unit of height for each study, whatever bin it falls into."""
    chart = histogram("test", "Test", bins, values)
    assert chart.empty == (not values)
    unit = (HEIGHT - BOTTOM - chart.up[1].at) / int(chart.up[1].text.replace(",", ""))
    assert sum(s.height for s in chart.segments) == pytest.approx(len(values) * unit)
    for segment in chart.segments:
        assert segment.x >= LEFT
        assert segment.x + segment.width <= WIDTH + 1e-6
        assert segment.y >= TOP - 1e-6
        assert segment.y + segment.height <= HEIGHT - BOTTOM + 1e-6
    assert len(chart.up) <= 6


def test_the_text_alternative_says_what_the_bars_show() -> None:
    """By bin, with the number of each band; edges belong to the bin above them."""
    values = [(0.05, Band.IN_TURN), (0.99, Band.FIRST), (1.0, Band.FIRST), (0.97, Band.NEXT)]
    chart = histogram("test", "Test", PROBABILITY, values)
    assert chart.description == "5 to 10 %: 1 study (1 in turn); 95 to 100 %: 3 studies (2 first, 1 next)."
    assert histogram("test", "Test", WAITING, []).description == "No study."


def test_a_wait_of_many_days_falls_into_the_last_bin() -> None:
    """And one that the clock made negative into the first."""
    chart = histogram("test", "Test", WAITING, [(900.0, Band.NEXT), (-2.0, Band.NEXT)])
    assert chart.description == "under 1 h: 1 study (1 next); 2 d and more: 1 study (1 next)."
