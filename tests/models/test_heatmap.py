"""A map spread over its film: its mean stays the logit, its places stay where they were; and the picture of it."""

from __future__ import annotations

import numpy as np
import pytest
from builders.films import grey_film
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from models.contract import VERSIONS, Frame
from models.heatmap import hot_cells, hot_level, on_film, place_of, spread
from models.overlay import LEAST_SCALE, blend, overlay, scale_of

sides = st.integers(1, 300)
maps = nps.arrays(
    np.float32, nps.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-50, 50, width=32)
)


@given(maps, sides, sides)
def test_the_mean_is_kept_at_every_size_and_nothing_leaves_the_range_of_the_cells(cells, height, width):
    large = spread(cells, height, width)
    assert large.shape == (height, width)
    assert large.mean(dtype=np.float64) == pytest.approx(float(cells.mean(dtype=np.float64)), abs=1e-4)
    assert large.min() >= cells.min() - 1e-4
    assert large.max() <= cells.max() + 1e-4


def test_a_cells_value_stands_at_its_centre_and_halfway_to_its_neighbour_between_them():
    cells = np.zeros((7, 7), np.float32)
    cells[2, 5] = 10.0
    large = spread(cells, 701, 701)  # cell (2, 5) has its centre at (2.5, 5.5) of 7
    assert np.unravel_index(large.argmax(), large.shape) == (250, 550)
    assert large[250, 550] == pytest.approx(10.0, abs=0.1)
    assert large[250, 600] == pytest.approx(5.0, abs=0.1)
    assert large[250, 451] == pytest.approx(0.0, abs=0.1)


def test_the_map_lies_on_what_the_network_saw_and_nowhere_else():
    cells = np.ones((7, 7), np.float32)
    film = on_film(cells, Frame(10, 90, 5, 45), 100, 50)
    assert np.isnan(film[:10]).all()
    assert np.isnan(film[90:]).all()
    assert np.isnan(film[:, :5]).all()
    assert (film[10:90, 5:45] == 1.0).all()
    assert np.isfinite(on_film(cells, VERSIONS[1].frame(100, 50), 100, 50)).all()  # version 1 saw the whole film


def test_hot_is_a_tenth_of_the_area_and_cells_that_raise_the_logit():
    cells = np.random.default_rng(0).normal(0, 5, (7, 7)).astype(np.float32)
    assert (spread(cells, 700, 500) >= hot_level(cells)).mean() == pytest.approx(0.1, abs=0.005)
    hot = hot_cells(cells)
    assert [cell.value for cell in hot] == sorted((float(v) for v in cells.ravel()), reverse=True)[:5]
    assert hot_cells(-np.abs(cells)) == []


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [(0, 0, "upper left"), (6, 6, "lower right"), (3, 3, "middle"), (0, 3, "upper middle"), (3, 0, "middle left")],
)
def test_places_are_said_of_the_picture(row, column, words):
    assert place_of(row, column, (7, 7)) == words


def test_colour_is_told_apart_by_lightness_too():
    """In grey print what raises the logit is lighter, and what lowers it darker, than the film was."""
    grey = np.full((1, 3), 0.4, np.float32)
    raised, plain, lowered = blend(grey, np.array([[5.0, 0.0, -5.0]], np.float32), 5.0)[0].astype(float) @ (
        [0.299, 0.587, 0.114]
    )
    assert raised > plain + 15
    assert lowered < plain - 10
    assert (blend(grey, np.full((1, 3), np.nan, np.float32), 5.0) == 102).all()  # not looked at: the film as it is


def test_a_pale_map_is_not_blown_up_and_the_scale_is_a_round_number():
    assert scale_of(np.full((7, 7), 0.01, np.float32)) == LEAST_SCALE
    for value in (5.0, 8.3, 20.4, 31.0):
        scale = scale_of(np.full((7, 7), -value, np.float32))
        assert value <= scale <= 2 * value
        assert f"{scale:g}" == f"{scale:.2g}"


@pytest.mark.parametrize("size", [(64, 64), (300, 224), (900, 1200)])
def test_an_overlay_is_the_film_at_its_size_a_line_about_the_hot_tenth_and_a_legend(size):
    height, width = size
    film = grey_film(width, height).astype(np.float32) / 255
    cells = np.zeros((7, 7), np.float32)
    frame = Frame(0, height, 0, width)
    bare = overlay(film, cells, frame)
    assert np.array_equal(bare[:height, :, 0], np.rint(film * 255).astype(np.uint8))
    assert (bare[height:] == 255).mean() > 0.3  # black on white
    cells[3, 3] = 20.0
    marked = overlay(film, cells, frame)
    changed = np.argwhere((marked[:height] != bare[:height]).any(axis=2))
    assert (np.abs(changed.mean(axis=0) - [height / 2, width / 2]) < [height / 20, width / 20]).all()
    assert (marked[:height] == 255).all(axis=2).sum() > (bare[:height] == 255).all(axis=2).sum()


def test_a_frame_within_the_film_is_drawn_and_named():
    film = np.full((200, 200), 0.1, np.float32)
    cells = np.zeros((7, 7), np.float32)
    whole, within = (overlay(film, cells, frame) for frame in (Frame(0, 200, 0, 200), Frame(10, 190, 10, 190)))
    assert len(within) > len(whole)  # one line more in the legend
    assert (whole[:200] == 26).all()
    assert not (within[10, 10:190] == 26).all()
    assert (within[20:180, 20:180] == 26).all()
