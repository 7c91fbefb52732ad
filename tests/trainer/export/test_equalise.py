"""What is rewritten for int8 is the same function, and loses less in int8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders.training import need_keras

need_keras()

import keras  # noqa: E402 - needs Keras
from keras import layers  # noqa: E402

from models.bundle import Bundle  # noqa: E402
from models.scorer import Scorer  # noqa: E402
from trainer.export.choices import Precision  # noqa: E402
from trainer.export.equalise import equalise, fold_centre  # noqa: E402
from trainer.export.quantise import to_litert  # noqa: E402


def network(*, stride: int = 2, kernel: int = 3, padding: str = "same", bias: bool = False) -> keras.Model:
    """A first stage as EfficientNet-Lite0 has it; its second channel is small, and made large again."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((224, 224, 1))
    x = layers.Rescaling(2.0, offset=-1.0, name="centre")(inputs)
    x = layers.Conv2D(4, kernel, strides=stride, padding=padding, use_bias=bias, name="stem")(x)
    x = layers.BatchNormalization(name="stem_norm")(x)
    x = layers.ReLU(max_value=6.0, name="seen")(x)
    x = layers.DepthwiseConv2D(3, strides=4, padding="same", use_bias=False, name="depthwise")(x)
    x = layers.BatchNormalization(name="depthwise_norm")(x)
    x = layers.Conv2D(6, 1, use_bias=False, name="project")(x)
    x = layers.ReLU(max_value=6.0)(layers.BatchNormalization(name="project_norm")(x))
    model = keras.Model(inputs, layers.Conv2D(1, 1, name="map")(x))
    gain, shift, mean, variance = model.get_layer("stem_norm").get_weights()
    small = np.array([1.0, 0.004, 1.0, 0.0], np.float32)
    model.get_layer("stem_norm").set_weights([gain * small, (shift + 1.0) * small, mean, variance])
    weights = model.get_layer("depthwise").get_weights()[0]
    weights[:, :, 1] *= 250.0
    model.get_layer("depthwise").set_weights([weights])
    return model


def films(count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.random((count, 14, 14, 1)).repeat(16, 1).repeat(16, 2)
    return np.clip(coarse + rng.normal(0, 0.02, coarse.shape), 0, 1).astype(np.float32)


def difference(first: keras.Model, second: keras.Model) -> float:
    """The largest one, as a share of how far the maps spread."""
    a, b = (np.asarray(model.predict_on_batch(films())) for model in (first, second))
    return float(np.abs(a - b).max() / np.ptp(a))


@pytest.mark.parametrize(
    "kind",
    [
        {"stride": 2},
        {"stride": 1},
        {"stride": 4, "kernel": 5},
        {"padding": "valid"},
        {"bias": True},
    ],
)
def test_folding_the_centre_changes_nothing_not_even_at_the_edge(kind):
    whole = network(**kind)
    folded = fold_centre(whole)
    assert difference(whole, folded) < 1e-3
    assert not any(isinstance(layer, layers.Rescaling) for layer in folded.layers)


def test_a_network_without_a_centre_stays_the_same_object():
    plain = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(1, 1)])
    assert fold_centre(plain) is plain


def test_equalised_channels_are_equally_large_on_the_examples_and_dead_ones_stay():
    whole, other = network(), network()
    equalise(other, list(films()[:, np.newaxis]))
    assert difference(whole, other) < 1e-3
    seen = keras.Model(other.input, other.get_layer("seen").output)
    largest = np.asarray(seen(films())).max(axis=(0, 1, 2))
    assert largest[1] == pytest.approx(largest.max(), rel=1e-3)
    assert largest[3] == 0.0


def test_int8_loses_less_of_what_was_rewritten():
    examples = list(films()[:, np.newaxis])
    whole, other = network(), fold_centre(network())
    equalise(other, examples)
    trained = np.asarray(whole.predict_on_batch(films()))[..., 0]

    def error(model: keras.Model) -> float:
        scorer = Scorer(Bundle(Path("b"), "t", "t", 1, to_litert(model, Precision.INT8, examples), "", {}, {}))
        return float(np.std(np.stack([scorer.score(film).map for film in films()]) - trained))

    assert error(other) < 0.5 * error(whole)
