"""The gate in a network: the map stays what it was, int8 says what the float network says, and it must fit."""

from __future__ import annotations

import dataclasses
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
from trainer.export.rounding import round_kernels  # noqa: E402
from trainer.gate.head import GUARD, MIDDLE, Head, attach, feature_network, scaled  # noqa: E402
from trainer.networks.starting_weights import Weights  # noqa: E402


def network() -> keras.Model:
    """The tiny network from radiographs to its map."""
    model = TINY.network()
    TINY.start(model, Weights())
    return keras.Model(model.input, model.output["map"], name="tiny")


def tensors(count: int, seed: int = 0) -> np.ndarray:
    films = [grey_film(224, 224, seed + i, opacity=(i % 4) / 4).astype(np.float32) / 255 for i in range(count)]
    return np.stack([VERSIONS[DEFAULT](Radiograph(f, FilmFormat.PNG, 224, 224)) for f in films])


def head_for(model: keras.Model, kinds: int = 3) -> Head:
    """Any head: three directions at random, of logits up to about ten."""
    raw = np.asarray(feature_network(model).predict_on_batch(tensors(24)))
    mean, spread = raw.mean(axis=0), raw.std(axis=0) + 0.1  # drawn films differ by less than a step of int8
    kernel = np.random.default_rng(0).standard_normal((raw.shape[1], kinds)) / np.sqrt(raw.shape[1]) * 20
    return Head(mean, spread, kernel.astype(np.float32), (-MIDDLE * kernel.sum(axis=0)).astype(np.float32))


def scorer_of(model: bytes) -> Scorer:
    sha256 = hashlib.sha256(model).hexdigest()
    return Scorer(Bundle(Path("b"), "b", "tiny", DEFAULT, model, sha256, {}, {}))


def test_the_float_gate_is_the_linear_layer_on_clipped_features() -> None:
    """Also for pictures far from any film, whose features are clipped."""
    model = network()
    head = head_for(model)
    head = dataclasses.replace(head, spread=head.spread / 3)
    pictures = np.concatenate([tensors(3, 50), 1 - tensors(3, 60), np.zeros((1, 224, 224, 1), np.float32)])
    raw = np.asarray(feature_network(model).predict_on_batch(pictures))
    wanted = scaled(raw, head.mean, head.spread) @ head.kernel + head.bias
    assert scaled(raw, head.mean, head.spread).min() == 0.0
    given = attach(model, head).predict_on_batch(pictures)["gate"]
    np.testing.assert_allclose(given[:, :3], wanted, rtol=1e-4, atol=2e-3)
    np.testing.assert_array_equal(given[:, 3:], [[-GUARD, GUARD]] * len(pictures))


def test_int8_keeps_the_map_to_the_byte_and_the_gate_near_the_float_one() -> None:
    """The gate is another branch; its guards leave room for pictures that no example showed."""
    examples = [tensor[np.newaxis] for tensor in tensors(16, 100)]
    model = network()
    head = head_for(model)
    round_kernels(model, examples)
    alone, both = (scorer_of(to_litert(m, Precision.INT8, examples)) for m in (model, attach(model, head)))
    assert (alone.kinds, both.kinds) == (0, 3)
    pictures = np.concatenate([tensors(6, 200), 1 - tensors(6, 300)])
    wanted = attach(model, head).predict_on_batch(pictures)["gate"][:, :3]
    assert np.ptp(wanted) > 3
    for picture, floats in zip(pictures, wanted, strict=True):
        plain, gated = alone.score(picture), both.score(picture)
        assert plain.gate is None
        assert plain.logit == gated.logit
        np.testing.assert_array_equal(plain.map, gated.map)
        np.testing.assert_allclose(gated.gate, np.clip(floats, -GUARD, GUARD), atol=0.8)


def test_kernels_are_rounded_as_without_a_gate() -> None:
    """The rounding step sees the layers of the network, which the gate shares and does not touch."""
    examples = [tensor[np.newaxis] for tensor in tensors(6, 100)]
    model, other = network(), network()
    attach(other, head_for(other))
    for each in (model, other):
        round_kernels(each, examples)
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_head_of_another_network_is_refused() -> None:
    """By the number of its features."""
    model = network()
    head = head_for(model)
    short = dataclasses.replace(head, mean=head.mean[:-1], spread=head.spread[:-1], kernel=head.kernel[:-1])
    with pytest.raises(TrainerError, match="fit the gate again"):
        attach(model, short)


def test_a_network_without_places_has_no_gate() -> None:
    """A dense network has lost them at its first layer."""
    inputs = keras.Input((224, 224, 1))
    x = keras.layers.Reshape((1, 1, 4))(keras.layers.Dense(4)(keras.layers.Flatten()(inputs)))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1, name="map")(x))
    assert feature_network(model).output.shape[-1] == 4 * 3  # one place is a place
    dense = keras.Model(
        inputs,
        keras.layers.Conv2D(1, 1, name="map")(
            keras.layers.Reshape((1, 1, 1))(keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))
        ),
    )
    with pytest.raises(TrainerError, match="no layer with places"):
        feature_network(dense)
