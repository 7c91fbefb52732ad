"""The line over the chart of probabilities: as many studies as there are, spread as the bundle's own films are."""

from __future__ import annotations

import pytest
from builders.studies import POINTS, queue_study, report_inputs
from hypothesis import given
from hypothesis import strategies as st

from daemon.report.build import build_report
from daemon.report.charts import HEIGHT, PROBABILITY, TOP
from daemon.report.expected import expected
from daemon.triage.order import Band
from models.population import Population

LOGITS = {Population.ADULTS: (-4.0, -2.0, 0.0, 3.0)}
rising = st.lists(st.floats(-12, 12), min_size=2, max_size=9).map(sorted)


@given(rising, st.integers(1, 500), st.floats(0.01, 0.9))
def test_as_many_are_expected_as_there_are(quantiles: list[float], count: int, prevalence: float) -> None:
    """Whatever the bundle's films are like."""
    site = {Population.ADULTS: prevalence}
    found = expected({Population.ADULTS: count}, {Population.ADULTS: quantiles}, POINTS, site, PROBABILITY.edges)
    assert found is not None
    assert sum(found) == pytest.approx(count)
    assert min(found) >= 0


def test_films_lie_where_their_logits_say() -> None:
    """At 20 %, that of the point, logits of -4 and less are under 5 %; a tie of quantiles is one bin."""
    found = expected({Population.ADULTS: 10}, {Population.ADULTS: (-9.0, -9.0, -8.0)}, POINTS, {}, PROBABILITY.edges)
    assert found == [pytest.approx(10.0), *[0.0] * 19]


def test_without_a_reference_there_is_no_line() -> None:
    """Nor for films of which nobody knows whose they are."""
    assert expected({Population.ADULTS: 3}, {}, POINTS, {}, PROBABILITY.edges) is None
    assert expected({}, LOGITS, POINTS, {}, PROBABILITY.edges) is None
    chart = build_report(report_inputs(studies=[queue_study()])).charts[0]
    assert (chart.outline, "dashed" in chart.title) == ((), False)


def test_the_chart_draws_it_and_says_it() -> None:
    """Within the picture, also where more are expected in a bin than there are."""
    studies = [queue_study(n, Band.FIRST, 3.0, probability=0.97) for n in range(4)]
    chart = build_report(report_inputs(studies=studies, logits=LOGITS)).charts[0]
    assert len(chart.outline) == 2 * len(PROBABILITY.edges)
    assert min(y for _, y in chart.outline) >= TOP
    assert max(y for _, y in chart.outline) <= HEIGHT
    assert "As the bundle's films lie: 0 to 5 %" in chart.description
