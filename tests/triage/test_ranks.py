"""The figure that 95 of 100 do not exceed."""

from __future__ import annotations

import pytest

from daemon.triage.ranks import p95


@pytest.mark.parametrize(("count", "rank"), [(1, 1), (2, 2), (19, 19), (20, 19), (21, 20), (100, 95), (101, 96)])
def test_it_is_the_smallest_figure_that_enough_do_not_exceed(count: int, rank: int) -> None:
    rising = [float(number) for number in range(1, count + 1)]
    assert p95(rising) == rank
    assert sum(figure <= rank for figure in rising) >= 0.95 * count > sum(figure < rank for figure in rising)
