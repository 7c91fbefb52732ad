"""A film's picture in nine numbers."""

from __future__ import annotations

import numpy as np
import pytest
from builders.films import grey_film

from models.film_statistics import NAMES, read, statistics_of, written


def film() -> np.ndarray:
    return np.asarray(grey_film(700, 600, seed=3), np.float32) / np.float32(255)


def of(pixels: np.ndarray):
    return statistics_of(pixels.astype(np.float32), pixels.shape[1], pixels.shape[0])


def test_an_inverted_film_exchanges_its_ends() -> None:
    one, other = of(film()), of(1 - film())
    assert other.mean == pytest.approx(1 - one.mean, abs=1e-4)
    assert other.bright == pytest.approx(1 - one.dark, abs=0.02)
    assert (other.contrast, other.sharpness) == (pytest.approx(one.contrast), pytest.approx(one.sharpness, rel=1e-3))


def test_a_brighter_noisier_clipped_film_shows_in_its_numbers() -> None:
    plain = of(film())
    noise = np.random.default_rng(0).normal(0, 0.05, film().shape)
    assert of(np.clip(film() + noise, 0, 1)).sharpness > 1.5 * plain.sharpness
    assert of(np.clip(film() + 0.5, 0, 1)).white > plain.white + 0.05
    assert of(film() * 0.5).mean < plain.mean


@pytest.mark.parametrize("shape", [(64, 64), (65, 1), (1, 65), (3000, 2)])
def test_any_shape_gives_finite_numbers(shape: tuple[int, int]) -> None:
    for pixels in (np.zeros(shape), np.ones(shape)):
        assert read(written(of(pixels))) is not None


def test_what_is_written_is_read() -> None:
    found = read(written(of(film())))
    assert found is not None
    assert np.allclose(found.numbers, of(film()).numbers, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("text", ["", "1", "1 2 3", "1" + " nan" * len(NAMES), "1" + " 1e9" * len(NAMES), "x 1"])
def test_a_text_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever
        read(text)


def test_another_version_is_set_beside_nothing() -> None:
    assert read("2 whatever") is None
