"""Whether two maps point at the same place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.statistics.peaks import within_one_cell


def one_peak(row: int, column: int) -> np.ndarray:
    found = np.zeros((1, 7, 7), np.float32)
    found[0, row, column] = 1.0
    return found


@pytest.mark.parametrize(
    ("row", "column", "near"),
    [(3, 3, True), (2, 4, True), (4, 4, True), (3, 5, False), (5, 3, False), (1, 1, False)],
)
def test_a_neighbour_is_near_and_the_cell_after_it_is_not(row, column, near):
    assert within_one_cell(one_peak(3, 3), one_peak(row, column)).tolist() == [near]


def test_the_edge_of_the_map_does_not_go_round():
    assert not within_one_cell(one_peak(3, 0), one_peak(3, 6)).any()


def test_of_equal_peaks_any_may_be_the_one():
    two = one_peak(0, 0) + one_peak(6, 6)
    assert within_one_cell(two, one_peak(5, 5)).all()
    assert within_one_cell(one_peak(1, 1), two).all()


@given(st.integers(0, 2**32 - 1))
def test_it_is_the_same_either_way_and_a_map_agrees_with_itself(seed):
    a, b = np.random.default_rng(seed).normal(size=(2, 5, 4, 3))
    assert within_one_cell(a, a).all()
    assert np.array_equal(within_one_cell(a, b), within_one_cell(b, a))
