"""The tensor that training and serving share."""

from __future__ import annotations

import numpy as np
import pytest
from builders.films import grey_film

from models.contract import DEFAULT, VERSIONS, Frame, reduce, soften, squash, stretch
from models.radiograph import FilmFormat, Radiograph


def film(pixels: np.ndarray) -> Radiograph:
    return Radiograph(pixels.astype(np.float32) / 255, FilmFormat.PNG, pixels.shape[1], pixels.shape[0])


def test_the_latest_version_is_among_the_released() -> None:
    """A bundle names a version; the one that is made now can be named."""
    assert DEFAULT in VERSIONS


def test_version_1_gives_the_tensor_that_a_network_takes() -> None:
    """float32, (224, 224, 1), from 0 to 1, with both ends nearly reached (JPEG rounds them)."""
    tensor = VERSIONS[1](film(grey_film()))
    assert (tensor.shape, tensor.dtype) == ((224, 224, 1), np.float32)
    assert 0.0 <= tensor.min() < 0.02
    assert 0.98 < tensor.max() <= 1.0


def test_version_1_is_what_it_was() -> None:
    """Released preprocessing never changes: a bundle that was validated with it would be another."""
    y, x = np.mgrid[0:300, 0:400]
    tensor = VERSIONS[1](film(((x * 3 + y * 2) % 256).astype(np.uint8)))
    found = [float(tensor[row, column, 0]) for row, column in ((0, 0), (10, 200), (111, 112), (223, 223))]
    np.testing.assert_allclose(found, [0.0, 0.2902, 0.5216, 0.1882], atol=0.005)  # libjpegs differ by one of 255


def test_version_2_gives_the_tensor_that_a_network_takes() -> None:
    """float32, (224, 224, 1), from 0 to 1, both ends reached: nothing is rounded after the stretch."""
    tensor = VERSIONS[2](film(grey_film()))
    assert (tensor.shape, tensor.dtype) == ((224, 224, 1), np.float32)
    assert (tensor.min(), tensor.max()) == (0.0, 1.0)


def test_version_2_is_what_it_was() -> None:
    """Released preprocessing never changes: a bundle that was validated with it would be another."""
    y, x = np.mgrid[0:300, 0:400]
    tensor = VERSIONS[2](film(((x * 3 + y * 2) % 256).astype(np.uint8)))
    found = [float(tensor[row, column, 0]) for row, column in ((0, 0), (10, 200), (111, 112), (223, 223))]
    np.testing.assert_allclose(found, [0.3410, 0.1749, 0.5143, 0.6771], atol=0.001)


def test_version_3_gives_the_tensor_that_a_network_takes() -> None:
    """float32, (160, 160, 1), from 0 to 1, both ends reached."""
    tensor = VERSIONS[3](film(grey_film()))
    assert (tensor.shape, tensor.dtype) == ((160, 160, 1), np.float32)
    assert (tensor.min(), tensor.max()) == (0.0, 1.0)


def test_version_3_is_what_it_was() -> None:
    """Released preprocessing never changes: a bundle that was validated with it would be another."""
    y, x = np.mgrid[0:300, 0:400]
    tensor = VERSIONS[3](film(((x * 3 + y * 2) % 256).astype(np.uint8)))
    found = [float(tensor[row, column, 0]) for row, column in ((0, 0), (7, 140), (80, 80), (159, 159))]
    np.testing.assert_allclose(found, [0.3555, 0.0717, 0.5336, 0.6636], atol=0.001)


VERSION_FRAMES = [
    (1, Frame(0, 300, 0, 401)),
    (2, Frame(15, 285, 20, 381)),
    (3, Frame(15, 285, 20, 381)),
    (4, Frame(15, 285, 20, 381)),
]


@pytest.mark.parametrize(("version", "frame"), VERSION_FRAMES)
def test_a_version_says_what_it_looks_at(version: int, frame: Frame) -> None:
    """The whole film, or the film without a twentieth on each side."""
    assert VERSIONS[version].frame(300, 401) == frame


def test_what_lies_outside_the_frame_does_not_matter() -> None:
    """A white marker in the margin, where version 2 does not look, leaves its tensor alone."""
    marked = grey_film(300, 400)
    marked[:12, :16] = 255
    assert np.array_equal(VERSIONS[2](film(marked)), VERSIONS[2](film(grey_film(300, 400))))
    assert np.array_equal(VERSIONS[3](film(marked)), VERSIONS[3](film(grey_film(300, 400))))
    assert np.array_equal(VERSIONS[4](film(marked)), VERSIONS[4](film(grey_film(300, 400))))


def test_softening_keeps_the_mean_and_a_flat_film() -> None:
    """The weights sum to one, and the edge is repeated rather than darkened."""
    flat = np.full((20, 30), 0.4, np.float32)
    np.testing.assert_allclose(soften(flat, 1.0), flat, atol=1e-6)
    point = np.zeros((41, 41), np.float32)
    point[20, 20] = 1.0
    soft = soften(point, 1.5)
    assert soft.sum() == pytest.approx(1.0, abs=1e-5)
    y, x = np.mgrid[-20:21, -20:21]
    assert float((soft * (x**2 + y**2)).sum()) == pytest.approx(2 * 1.5**2, rel=0.05)
    assert soften(point, 0.0) is point


def test_version_4_gives_the_tensor_that_a_network_takes() -> None:
    """float32, (128, 128, 1), from 0 to 1, both ends reached, in one piece of memory."""
    tensor = VERSIONS[4](film(grey_film()))
    assert (tensor.shape, tensor.dtype) == ((128, 128, 1), np.float32)
    assert (tensor.min(), tensor.max()) == (0.0, 1.0)
    assert tensor.flags["C_CONTIGUOUS"]


def test_version_4_is_what_it_was() -> None:
    """Released preprocessing never changes: a bundle that was validated with it would be another."""
    y, x = np.mgrid[0:300, 0:400]
    tensor = VERSIONS[4](film(((x * 3 + y * 2) % 256).astype(np.uint8)))
    found = [float(tensor[row, column, 0]) for row, column in ((0, 0), (6, 110), (64, 64), (127, 127))]
    np.testing.assert_allclose(found, [0.3572, 0.0134, 0.5392, 0.6619], atol=0.001)


def test_reducing_keeps_a_flat_film_and_places() -> None:
    """The weights sum to one; a point stays where it was, as wide as the Gaussian says."""
    np.testing.assert_allclose(reduce(np.full((20, 20), 0.4, np.float32), 13, 1.3), 0.4, atol=1e-6)
    point = np.zeros((202, 202), np.float32)
    point[50, 150] = 1.0
    small = reduce(point, 160, 3.0)
    y, x = np.mgrid[0:160, 0:160]
    centre = [float((small * places).sum() / small.sum()) for places in (y, x)]
    np.testing.assert_allclose(centre, [(50.5 * 160 / 202) - 0.5, (150.5 * 160 / 202) - 0.5], atol=0.01)
    spread = float((small * (x - centre[1]) ** 2).sum() / small.sum())
    assert spread == pytest.approx((3.0 * 160 / 202) ** 2, rel=0.02)


def test_exposure_and_contrast_leave_the_tensor_alone() -> None:
    """A film of half the contrast and another brightness gives the same tensor."""
    whole = film(grey_film())
    dim = Radiograph(whole.pixels * 0.5 + 0.2, whole.format, whole.width, whole.height)
    for preprocess in VERSIONS.values():
        assert np.abs(preprocess(dim) - preprocess(whole)).mean() < 2e-3  # rounding to 8 bits moves a few pixels


def test_the_top_of_the_film_stays_at_the_top() -> None:
    """Rows are rows: a film that is bright above gives a tensor that is bright above."""
    pixels = np.zeros((100, 300), np.uint8)
    pixels[:50] = 255
    tensor = VERSIONS[1](film(pixels))[..., 0]
    assert tensor[:100].min() > 0.9
    assert tensor[124:].max() < 0.1


def test_a_flat_film_becomes_nought() -> None:
    """Nothing is divided by a spread of nought."""
    assert not stretch(np.full((8, 8), 0.5, np.float32)).any()


@pytest.mark.parametrize("shape", [(64, 64), (700, 224), (90, 1300)])
def test_every_shape_is_squashed_to_a_square(shape: tuple[int, int]) -> None:
    """The aspect ratio is lost, larger and smaller films alike."""
    assert squash(np.zeros(shape, np.float32)).shape == (224, 224)
