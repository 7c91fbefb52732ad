"""Corners, the outer ring, and planted markers."""

from __future__ import annotations

import numpy as np
import pytest

from models.contract import Frame
from trainer.maps.markers import Marker, Planted, marker_figures, plant
from trainer.maps.places import corner_cells, evidence_in, is_near, outer_cells, place_figures


def peaked(row: int, column: int) -> np.ndarray:
    cells = np.full((7, 7), -1.0, np.float32)
    cells[row, column] = 3.0
    return cells


def test_peaks_are_counted_where_they_lie():
    figures = place_figures([peaked(0, 6), peaked(0, 3), peaked(3, 3), peaked(3, 4)])
    assert figures["corners"]["peak"]["count"] == 1
    assert figures["outer_ring"]["peak"]["count"] == 2
    assert figures["corners"]["evidence"] == 0.25
    assert figures["corners"]["area"] == pytest.approx(4 / 49)
    assert figures["outer_ring"]["area"] == pytest.approx(24 / 49)
    assert place_figures([]) == {"films": 0}


def test_even_evidence_lies_in_corners_as_their_area_says_and_no_evidence_lies_nowhere():
    even = [np.ones((7, 7), np.float32)]
    assert evidence_in(even, corner_cells((7, 7))) == pytest.approx(4 / 49)
    assert evidence_in(even, outer_cells((7, 7))) == pytest.approx(24 / 49)
    assert evidence_in([-np.ones((7, 7), np.float32)], corner_cells((7, 7))) is None


def test_near_is_the_cell_and_its_neighbours():
    assert is_near(peaked(1, 1), 0, 0)
    assert not is_near(peaked(2, 1), 0, 0)


@pytest.mark.parametrize("marker", list(Marker))
@pytest.mark.parametrize("seed", range(6))
def test_a_marker_is_bright_small_in_a_corner_of_what_the_network_sees_and_the_film_stays(marker, seed):
    film = np.full((200, 300), 0.2, np.float32)
    frame = Frame(10, 190, 15, 285)
    changed, (row, column) = plant(film, frame, marker, np.random.default_rng(seed))
    assert (film == np.float32(0.2)).all()
    places = np.argwhere(changed != film)
    assert changed.max() == 1.0
    assert 0.0005 < len(places) / film.size < 0.01
    ys, xs = places[:, 0], places[:, 1]
    assert ys.min() >= 10
    assert ys.max() < 190
    assert xs.min() >= 15
    assert xs.max() < 285
    assert ((ys < 45) if row == 0 else (ys >= 155)).all()
    assert ((xs < 60) if column == 0 else (xs >= 240)).all()


def test_what_markers_did_is_counted():
    figures = marker_figures([Planted(-2.0, -1.0, 0.0, attracted=True), Planted(-1.0, 0.5, 0.0, attracted=False)])
    assert figures["over_threshold"]["count"] == 1
    assert figures["peak_attracted"]["count"] == 1
    assert figures["shift"] == pytest.approx(1.25)
    assert marker_figures([])["shift"] is None
