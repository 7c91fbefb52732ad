"""The gate's network beside another: the map stays what it was, int8 says what the float network says, it must fit."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from builders.films import grey_film
from builders.training import TINY, need_keras

need_keras()

import keras  # noqa: E402 - needs Keras

from models.bundle import Bundle  # noqa: E402
from models.contract import DEFAULT, VERSIONS  # noqa: E402
from models.radiograph import FilmFormat, Radiograph  # noqa: E402
from models.scorer import Scorer  # noqa: E402
from trainer.errors import TrainerError  # noqa: E402
from trainer.export.choices import Precision  # noqa: E402
from trainer.export.quantise import to_litert  # noqa: E402
from trainer.gate.kinds import KINDS  # noqa: E402
from trainer.gate.network import GUARD, attach, build, build_from_imagenet, seen_by, shrunken  # noqa: E402
from trainer.networks.starting_weights import Weights  # noqa: E402

SIDE = VERSIONS[DEFAULT].side


def network() -> keras.Model:
    """The tiny network from radiographs to its map."""
    model = TINY.network()
    TINY.start(model, Weights())
    return keras.Model(model.input, model.output["map"], name="tiny")


def tensors(count: int, seed: int = 0) -> np.ndarray:
    films = [grey_film(224, 224, seed + i, opacity=(i % 4) / 4).astype(np.float32) / 255 for i in range(count)]
    return np.stack([VERSIONS[DEFAULT](Radiograph(f, FilmFormat.PNG, 224, 224)) for f in films])


@pytest.fixture(scope="module")
def gate() -> keras.Model:
    """A gate that has learned nothing, but says something else of every picture."""
    keras.utils.set_random_seed(1)
    return build_from_imagenet(seen_by(SIDE))[0]


def scorer_of(model: bytes) -> Scorer:
    sha256 = hashlib.sha256(model).hexdigest()
    return Scorer(Bundle(Path("b"), "b", "tiny", DEFAULT, model, sha256, {}, {}))


def test_it_sees_the_means_of_squares() -> None:
    """Of 224 pixels 56, of 128 pixels 64, of 160 pixels 80: by a whole number each."""
    assert [seen_by(side) for side in (128, 160, 224, 96, 32)] == [64, 80, 56, 48, 32]
    ramp = np.arange(224, dtype=np.float32)[None, :, None, None] * np.ones((2, 1, 224, 1), np.float32)
    small = shrunken(ramp, 224)
    assert small.shape == (2, 56, 56, 1)
    np.testing.assert_allclose(small[1, :, 7, 0], np.arange(56) * 4 + 1.5)


def test_the_gate_beside_a_map_says_what_it_says_alone(gate: keras.Model) -> None:
    """And the map what it said without; the guards are constants."""
    model, pictures = network(), tensors(3)
    both = attach(model, gate.get_weights()).predict_on_batch(pictures)
    np.testing.assert_array_equal(both["map"], model.predict_on_batch(pictures))
    alone = gate.predict_on_batch(shrunken(pictures, SIDE))
    np.testing.assert_allclose(both["gate"][:, : len(KINDS)], alone, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(both["gate"][:, len(KINDS) :], [[-GUARD, GUARD]] * 3)


def test_int8_keeps_the_map_to_the_byte_and_the_gate_near_the_float_one(gate: keras.Model) -> None:
    """The gate is another branch, and what stays float on the way to the map does not depend on it."""
    examples = [tensor[np.newaxis] for tensor in tensors(16, 100)]
    model = network()
    beside = attach(model, gate.get_weights())
    alone, both = (scorer_of(to_litert(m, Precision.INT8, examples)) for m in (model, beside))
    assert (alone.kinds, both.kinds) == (0, len(KINDS))
    pictures = tensors(6, 200)
    wanted = beside.predict_on_batch(pictures)["gate"][:, : len(KINDS)]
    for picture, floats in zip(pictures, wanted, strict=True):
        plain, gated = alone.score(picture), both.score(picture)
        assert plain.gate is None
        assert plain.logit == gated.logit
        np.testing.assert_array_equal(plain.map, gated.map)
        np.testing.assert_allclose(gated.gate, floats, atol=0.8)


def test_weights_of_another_gate_are_refused(gate: keras.Model) -> None:
    """One that looks at another number of pixels, or knows other kinds."""
    with pytest.raises(TrainerError, match="fit the gate again"):
        attach(network(), build(96).get_weights())
    with pytest.raises(TrainerError, match="fit the gate again"):
        attach(network(), build(seen_by(SIDE), 3).get_weights())
