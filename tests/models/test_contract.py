"""The tensor that training and serving share."""

from __future__ import annotations

import numpy as np
import pytest
from builders.films import grey_film

from models.contract import LATEST, VERSIONS, preprocess_v1, squash, stretch
from models.radiograph import FilmFormat, Radiograph


def film(pixels: np.ndarray) -> Radiograph:
    return Radiograph(pixels.astype(np.float32) / 255, FilmFormat.PNG, pixels.shape[1], pixels.shape[0])


def test_the_latest_version_is_among_the_released() -> None:
    """A bundle names a version; the one that is made now can be named."""
    assert LATEST in VERSIONS


def test_version_1_gives_the_tensor_that_a_network_takes() -> None:
    """float32, (224, 224, 1), from 0 to 1, with both ends nearly reached (JPEG rounds them)."""
    tensor = preprocess_v1(film(grey_film()))
    assert (tensor.shape, tensor.dtype) == ((224, 224, 1), np.float32)
    assert 0.0 <= tensor.min() < 0.02
    assert 0.98 < tensor.max() <= 1.0


def test_version_1_is_what_it_was() -> None:
    """Released preprocessing never changes: a bundle that was validated with it would be another."""
    y, x = np.mgrid[0:300, 0:400]
    tensor = preprocess_v1(film(((x * 3 + y * 2) % 256).astype(np.uint8)))
    found = [float(tensor[row, column, 0]) for row, column in ((0, 0), (10, 200), (111, 112), (223, 223))]
    np.testing.assert_allclose(found, [0.0, 0.2902, 0.5216, 0.1882], atol=0.005)  # libjpegs differ by one of 255


def test_exposure_and_contrast_leave_the_tensor_alone() -> None:
    """A film of half the contrast and another brightness gives the same tensor."""
    whole = film(grey_film())
    dim = Radiograph(whole.pixels * 0.5 + 0.2, whole.format, whole.width, whole.height)
    assert np.abs(preprocess_v1(dim) - preprocess_v1(whole)).mean() < 2e-3  # rounding to 8 bits moves a few pixels


def test_the_top_of_the_film_stays_at_the_top() -> None:
    """Rows are rows: a film that is bright above gives a tensor that is bright above."""
    pixels = np.zeros((100, 300), np.uint8)
    pixels[:50] = 255
    tensor = preprocess_v1(film(pixels))[..., 0]
    assert tensor[:100].min() > 0.9
    assert tensor[124:].max() < 0.1


def test_a_flat_film_becomes_nought() -> None:
    """Nothing is divided by a spread of nought."""
    assert not stretch(np.full((8, 8), 0.5, np.float32)).any()


@pytest.mark.parametrize("shape", [(64, 64), (700, 224), (90, 1300)])
def test_every_shape_is_squashed_to_a_square(shape: tuple[int, int]) -> None:
    """The aspect ratio is lost, larger and smaller films alike."""
    assert squash(np.zeros(shape, np.float32)).shape == (224, 224)
