"""Writing is found wherever it stands and however it runs; a film without any is left in peace."""

from __future__ import annotations

import numpy as np
import pytest
from builders.films import grey_film
from builders.lettering import Area, lettered
from numpy.typing import NDArray

from daemon.collect.blanking import REFUSED
from daemon.collect.lettering import Box, above, shrunk, writing


def found(picture: NDArray[np.uint8]) -> list[Box]:
    return writing(picture.astype(np.float32) / 255, REFUSED, REFUSED[:1])


def covered(boxes: list[Box], area: Area, shape: tuple[int, ...]) -> float:
    """The share of an area that boxes lie over."""
    mask = np.zeros(shape, bool)
    for box in boxes:
        mask[box.top : box.bottom, box.left : box.right] = True
    left, top, right, bottom = area
    return float(mask[top:bottom, left:right].mean())


@pytest.mark.parametrize("tall", [8, 12, 20, 40])
@pytest.mark.parametrize("grey", [0, 255])
@pytest.mark.parametrize("at", [(0.02, 0.02), (0.5, 0.96), (0.2, 0.5)], ids=["corner", "edge", "lung"])
def test_writing_is_found_whole(tall: int, grey: int, at: tuple[float, float]) -> None:
    film, area = lettered(grey_film(900, 800, seed=tall), tall=tall, at=at, grey=grey)
    assert covered(found(film), area, film.shape) > 0.95


def test_upright_writing_is_found() -> None:
    film, _ = lettered(grey_film(800, 900), tall=20, at=(0.3, 0.02))
    assert found(np.ascontiguousarray(np.rot90(film)))


@pytest.mark.parametrize("tall", [5, 7])
def test_small_writing_on_a_small_film_is_found(tall: int) -> None:
    film, area = lettered(grey_film(256, 256), tall=tall, at=(0.02, 0.02))
    assert covered(found(film), area, film.shape) > 0.95


@pytest.mark.parametrize("size", [(256, 256), (900, 800), (2500, 2048)], ids=str)
def test_a_film_without_writing_has_none(size: tuple[int, int]) -> None:
    for seed in range(5):
        assert found(grey_film(*size, seed=seed)) == []


def test_boxes_lie_in_the_picture() -> None:
    film, _ = lettered(grey_film(333, 257), tall=16, at=(0.99, 0.99))
    boxes = found(film)
    assert boxes
    for box in boxes:
        assert 0 <= box.top < box.bottom <= 257
        assert 0 <= box.left < box.right <= 333


def test_a_thin_line_stands_out_and_a_slope_does_not() -> None:
    picture = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
    assert above(picture).max() < 0.1
    picture[:, 30] = 1.0
    assert above(picture)[:, 30].min() > 0.4


def test_shrinking_keeps_the_mean_of_what_it_covers() -> None:
    picture = np.arange(36, dtype=np.float32).reshape(6, 6)
    assert shrunk(picture, 3).tolist() == [[7.0, 10.0], [25.0, 28.0]]
    assert shrunk(picture, 4).shape == (2, 2)
