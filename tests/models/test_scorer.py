"""The scorer, on the tiny model: what goes in, what comes out, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import FIRST_THRESHOLD, THRESHOLD, tiny_bundle
from builders.films import grey_film, jpeg

from models.bundle import Bundle, read_bundle
from models.contract import VERSIONS
from models.radiograph import read_radiograph
from models.scorer import Scorer, ScorerError, _Port


@pytest.fixture(name="bundle")
def tiny(tmp_path: Path) -> Bundle:
    return read_bundle(tiny_bundle(tmp_path / "b"))


def tensor(seed: int = 0, opacity: float = 0.0) -> np.ndarray:
    return VERSIONS[1](read_radiograph(jpeg(grey_film(seed=seed, opacity=opacity))))


@pytest.mark.parametrize("seed", range(6))
def test_opacity_raises_the_logit_through_the_bands(bundle: Bundle, seed: int) -> None:
    """The tiny bundle serves tests of the queue: 0, 0.5 and 1 fall into in_turn, next and first."""
    low, middle, high = (Scorer(bundle).score(tensor(seed, opacity)).logit for opacity in (0.0, 0.5, 1.0))
    assert low < THRESHOLD <= middle < FIRST_THRESHOLD <= high


def test_the_logit_is_the_mean_of_the_map(bundle: Bundle) -> None:
    """The picture that is shown is the score that was given."""
    score = Scorer(bundle).score(tensor())
    assert (score.map.shape, score.map.dtype) == ((7, 7), np.float32)
    assert score.logit == pytest.approx(float(score.map.mean()))


def test_the_map_is_brightness_by_place(bundle: Bundle) -> None:
    """Within a step of the quantisation: 40 times the tile's mean less 20.6, row 0 at the top."""
    picture = np.zeros((224, 224, 1), np.float32)
    picture[:32, 192:] = 0.5
    map_ = Scorer(bundle).score(picture).map
    assert map_[0, 6] == pytest.approx(-0.6, abs=0.2)
    assert map_[6, 0] == pytest.approx(-20.1, abs=0.6)  # -20.6 lies below the int8 range of this map


def test_a_score_is_the_same_each_time_and_outlives_the_next(bundle: Bundle) -> None:
    """The map is a copy, not the interpreter's own memory."""
    scorer = Scorer(bundle)
    first = scorer.score(tensor(0))
    kept = first.map.copy()
    scorer.score(tensor(1, opacity=1.0))
    np.testing.assert_array_equal(first.map, kept)
    assert scorer.score(tensor(0)).logit == first.logit


@pytest.mark.parametrize("shape", [(224, 224), (1, 224, 224, 1), (225, 224, 1), (0,)])
def test_a_tensor_of_another_shape_is_refused(bundle: Bundle, shape: tuple[int, ...]) -> None:
    """By its shape, before LiteRT sees it."""
    with pytest.raises(ScorerError, match="the tensor is"):
        Scorer(bundle).score(np.zeros(shape, np.float32))


@pytest.mark.parametrize("model", [b"", b"no model", bytes(1000)])
def test_a_file_that_is_no_model_is_one_line(bundle: Bundle, model: bytes) -> None:
    """Right hash, wrong content: the error names the bundle and has one line."""
    with pytest.raises(ScorerError) as caught:
        Scorer(dataclasses.replace(bundle, model=model))
    assert str(bundle.folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_integers_stand_for_reals_by_scale_and_zero_point() -> None:
    """Encoding rounds and clips, decoding undoes it."""
    port = _Port(np.int8, scale=0.5, zero_point=3)
    numbers = port.encode(np.array([-100.0, -0.3, 0.0, 0.3, 1.0, 100.0], np.float32))
    np.testing.assert_array_equal(numbers, np.array([-128, 2, 3, 4, 5, 127], np.int8))
    np.testing.assert_allclose(port.decode(numbers), [-65.5, -0.5, 0.0, 0.5, 1.0, 62.0])


def test_a_float_model_needs_no_scale() -> None:
    """Where the scale is nought, numbers are the values."""
    port = _Port(np.float32, scale=0.0, zero_point=0)
    values = np.array([0.25, -7.0], np.float32)
    np.testing.assert_array_equal(port.decode(port.encode(values)), values)
