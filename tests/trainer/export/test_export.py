"""Every network of a recipe goes through the converter, and the daemon's scorer reads it back as it was."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from builders.training import need_keras

from models.bundle import Bundle
from models.scorer import Scorer
from trainer.errors import TrainerError
from trainer.export.choices import Precision
from trainer.recipes.registry import find_recipe

need_keras()

import keras  # noqa: E402 - needs Keras

from trainer.export.quantise import float_logits, to_litert  # noqa: E402
from trainer.training.norms import renew_norms  # noqa: E402

# Largest difference of a logit, as a share of their spread over the films: weights are random, so no figure of a
# trained network; every step of the int8 grid of all layers counts here, and a wrong layer gives another ranking.
FLOAT = {Precision.FLOAT32: 1e-3, Precision.FLOAT16: 1e-2}


@cache
def films() -> np.ndarray:
    """Eight films of soft blotches, (8, 224, 224, 1)."""
    rng = np.random.default_rng(0)
    coarse = rng.random((8, 7, 7, 1), np.float32)
    return np.clip(coarse.repeat(32, 1).repeat(32, 2) + rng.normal(0, 0.05, (8, 224, 224, 1)), 0, 1).astype(np.float32)


def random_network(name: str) -> keras.Model:
    """A recipe's network with weights of a seed, from the film to the map."""
    keras.utils.set_random_seed(1)
    model = find_recipe(name).network()
    head = model.get_layer("map")
    kernel, bias = head.get_weights()
    head.set_weights([np.random.default_rng(2).normal(0, 0.5, kernel.shape), bias])
    renew_norms(model, lambda number: films(), 1)  # else random layers fade to nothing
    return keras.Model(model.input, model.output["map"])


def read_back(model: bytes) -> np.ndarray:
    """Logits of the films as the daemon has them."""
    scorer = Scorer(Bundle(Path("bundle"), "test", "test", 1, model, "", {}, {}))
    return np.asarray([scorer.score(film).logit for film in films()])


@pytest.mark.parametrize("name", ["mlp", "dense_baseline", "cnn", "cnn_regularised"])
def test_int8_ranks_films_as_keras_does(name):
    """The deep networks take a minute each, and with random weights they tell noise from noise: `test_every_recipe`
    exports them, and a trained EfficientNet-Lite0 has its certificate in the shipped bundle."""
    network = random_network(name)
    trained = float_logits(network, films())
    exported = read_back(to_litert(network, Precision.INT8, [film[np.newaxis] for film in films()]))
    assert np.corrcoef(trained, exported)[0, 1] > 0.9
    assert np.abs(trained - exported).max() < 0.3 * np.ptp(trained)


def test_an_int8_file_is_float_where_it_reads_the_film_and_makes_the_map_and_int8_between():
    """256 levels of input would move logits, and in an int8 map the highest cells of many films would be equal."""
    from ai_edge_litert.interpreter import Interpreter

    x = inputs = keras.Input((224, 224, 1))
    for stride in (2, 2, 4, 2):
        x = keras.layers.Conv2D(8, 3, strides=stride, padding="same", activation="relu")(x)
    network = keras.Model(inputs, keras.layers.Conv2D(1, 1)(x))
    model = to_litert(network, Precision.INT8, [film[np.newaxis] for film in films()])
    interpreter = Interpreter(model_content=model)
    assert interpreter.get_input_details()[0]["dtype"] is np.float32
    assert interpreter.get_output_details()[0]["dtype"] is np.float32
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    given = [tensors[op["outputs"][0]] for op in interpreter._get_ops_details() if op["op_name"] == "CONV_2D"]
    assert [(int(t["shape"][1]), t["dtype"].__name__) for t in given] == [
        *((112, "float32"), (56, "float32")),
        *((14, "int8"), (7, "int8"), (7, "float32")),
    ]
    scorer = Scorer(Bundle(Path("bundle"), "test", "test", 1, model, "", {}, {}))
    assert np.unique([scorer.score(film).map for film in films()]).size > 256


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT16])
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_float_files_give_the_logits_of_keras(name, precision):
    network = random_network(name)
    trained = float_logits(network, films())
    exported = read_back(to_litert(network, precision))
    assert np.abs(trained - exported).max() < FLOAT[precision] * np.ptp(trained)


def test_a_network_that_litert_does_not_have_is_one_line():
    inputs = keras.Input((224, 224, 1))
    outputs = keras.layers.Lambda(lambda x: keras.ops.erfinv(keras.ops.mean(x, axis=(1, 2), keepdims=True)))(inputs)
    with pytest.raises(TrainerError, match="cannot export") as caught:
        to_litert(keras.Model(inputs, outputs), Precision.INT8, [film[np.newaxis] for film in films()])
    assert "\n" not in str(caught.value)
