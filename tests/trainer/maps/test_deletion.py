"""Masks, what is put under them, and the deletion test on networks whose right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.maps.deletion import Drops, deletion_figures, drops_of
from trainer.maps.masks import OVERLAP, Fill, covered, hot_mask, moved_mask, scattered_mask

SIDE = 224


def tiles(tensor: np.ndarray) -> np.ndarray:
    """An honest network: the map is how bright 7 x 7 tiles are above a grey of 0.4."""
    return (tensor[..., 0].reshape(7, 32, 7, 32).mean(axis=(1, 3)) - 0.4).astype(np.float32)


def elsewhere(tensor: np.ndarray) -> np.ndarray:
    """The same logit by a map that points at other tiles."""
    return np.roll(tiles(tensor), (3, 3), (0, 1))


def film(row: int, column: int, seed: int = 0) -> np.ndarray:
    """Grey, with a bright patch of two tiles a side."""
    tensor = np.full((SIDE, SIDE, 1), 0.4, np.float32)
    tensor[row * 32 : (row + 2) * 32, column * 32 : (column + 2) * 32] = 0.9
    return tensor + np.random.default_rng(seed).normal(0, 0.01, tensor.shape).astype(np.float32)


def test_all_masks_have_a_tenth_of_the_area():
    rng = np.random.default_rng(0)
    hot = hot_mask(rng.normal(0, 1, (7, 7)).astype(np.float32), SIDE)
    flat = hot_mask(np.zeros((7, 7), np.float32), SIDE)
    masks = [hot, flat, moved_mask(hot, rng), scattered_mask(hot, rng)]
    assert {int(mask.sum()) for mask in masks} == {round(0.1 * SIDE * SIDE)}
    assert not np.array_equal(scattered_mask(hot, rng), scattered_mask(hot, rng))


@pytest.mark.parametrize("row", [0, 2, 5])
def test_under_a_mask_lies_what_surrounds_it_and_nothing_of_what_was_there(row):
    tensor = film(row, 3)
    mask = np.zeros((SIDE, SIDE), bool)
    mask[row * 32 : (row + 2) * 32, 96:160] = True
    hidden = covered(tensor, mask, Fill.SURROUNDINGS)
    assert np.abs(hidden[mask] - 0.4).max() < 0.02
    assert np.array_equal(hidden[~mask], tensor[~mask])


def test_under_a_blur_the_level_stays_and_what_is_fine_goes():
    stripes = np.tile(np.arange(SIDE) % 8 < 4, (SIDE, 1)).astype(np.float32)[..., np.newaxis]
    mask = np.zeros((SIDE, SIDE), bool)
    mask[64:128, 64:128] = True
    hidden = covered(stripes, mask)
    assert np.abs(hidden[mask] - 0.5).max() < 0.02
    assert np.array_equal(hidden[~mask], stripes[~mask])


def test_a_random_mask_lies_elsewhere():
    rng = np.random.default_rng(0)
    hot = hot_mask(film(2, 3)[::32, ::32, 0], SIDE)
    assert all((moved_mask(hot, rng) & hot).sum() <= OVERLAP * hot.sum() for _ in range(20))


def test_an_honest_map_beats_every_random_mask_and_a_map_that_points_elsewhere_does_not():
    places = [(r, c) for r in (0, 2, 4) for c in (1, 3, 5)]

    def figures(look):
        rng = np.random.default_rng(1)
        return deletion_figures([drops_of(look, film(r, c), look(film(r, c)), rng, 10) for r, c in places])

    honest, wrong = figures(tiles), figures(elsewhere)
    assert honest["films"] == 9
    assert honest["against"]["all"]["more_than_every"]["share"] == 1.0
    random = honest["against"]["scattered"]
    assert random["ratio"] is None or random["ratio"] > 4  # None: at random the logit is not even lowered
    assert honest["hot_drop"] > 4 * random["random_drop"]
    assert honest["hot_drop"] > 0.01
    assert wrong["against"]["all"]["more_than_every"]["share"] < 0.2
    assert wrong["hot_drop"] < 0.1 * honest["hot_drop"]


def test_a_ratio_of_medians_is_given_only_where_random_masks_lower_the_logit():
    low, up = ([Drops(2.0, (drop,) * 10, (drop,) * 10)] for drop in (0.5, -0.5))
    assert deletion_figures(low)["against"]["all"]["ratio"] == 4.0
    assert deletion_figures(up)["against"]["all"]["ratio"] is None


def test_without_films_there_are_no_figures_and_nothing_fails():
    figures = deletion_figures([])
    assert figures["hot_drop"] is None
    assert figures["against"]["moved"]["more_than_every"]["share"] is None
