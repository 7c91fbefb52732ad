"""Makes a LiteRT file of a trained network, int8 or float; the one place that calls the TensorFlow converter.

The network's output is the class activation map: its mean over the cells is the logit, and the scorer takes it (see
`models.scorer`); a gate is a second output (see `trainer.gate.head`). Batch 1.

An int8 file is int8 but for its first convolutions and its last layer. Of a network of the recipe `lite0_shift` a film
of 256 levels alone moved the logits by 0.37 (root mean square, 212 films), where all other int8 error moved them by
0.13: kernels of the first layer answer to fine grain, which is small in a softened film, and its normalisation makes
that large. With the next three layers in float, too, it is 0.10, and the map's peak lies within a cell of the trained
network's in 0.99 of the films that are called, instead of 0.93; one film takes 4.7 ms instead of 4.6. And a map in int8
had steps of 0.2: most films called low had several highest cells.
"""

from __future__ import annotations

import tempfile
import warnings
from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np

from models.contract import Preprocessing
from models.scorer import INPUT, OUTPUT
from trainer.data.augment import augment, plain
from trainer.data.batches import load_film
from trainer.errors import TrainerError
from trainer.export.choices import Precision
from trainer.networks.assign import trained_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.data.sources import Film
    from trainer.recipes.recipe import Recipe

EXAMPLES: Final = 300  # films whose activations set the int8 ranges
EQUALISED_ON: Final = 100  # of those, the films that show how large channels get
PREPARED_ON: Final = 48  # of those, the films that kernels are rounded on
COARSE: Final = 4  # layers that see places of fewer pixels a side are float: where they end, int8 begins


def load_network(recipe: Recipe, weights: Path) -> keras.Model:
    """The trained network from radiographs (n, side, side, 1) to its map (n, rows, columns, 1) alone.

    Raises:
        TrainerError: as `trainer.networks.assign.trained_network`.
    """
    model = trained_network(recipe, weights)
    return keras.Model(model.input, model.output[OUTPUT], name=model.name)


def draw_examples(
    films: Sequence[Film], count: int, seed: int, preprocessing: Preprocessing
) -> list[NDArray[np.float32]]:
    """Training films that set the int8 ranges: as many of each source and class, every other one augmented.

    The augmented half keeps films of other scanners and exposures within the ranges; the plain half keeps them narrow.

    Returns:
        Tensors (1, side, side, 1), float32 in 0..1, in no order, so that the first few stand for all.

    Raises:
        TrainerError: there is no film, or one cannot be read.
    """
    rng = np.random.default_rng([seed, count])
    groups: dict[tuple[str, int], list[Film]] = {}
    for film in films:
        groups.setdefault((film.source, film.label), []).append(film)
    if not groups:
        raise TrainerError("export", None, "no film of the training part is there", "give the data of the run")
    share = -(-count // len(groups))
    chosen = [group[i] for group in groups.values() for i in rng.permutation(len(group))[:share]]
    examples = []
    for number, film in enumerate(chosen[i] for i in rng.permutation(len(chosen))):
        pixels, side = load_film(film), preprocessing.side
        seen = augment(pixels, side, rng, preprocessing) if number % 2 else plain(pixels, side, preprocessing)
        examples.append(seen[np.newaxis, ..., np.newaxis])
    return examples


def to_litert(network: keras.Model, precision: Precision, examples: Sequence[NDArray[np.float32]] = ()) -> bytes:
    """Convert a network.

    Args:
        network: from (n, side, side, 1) to the map, or to several outputs by name, under the TensorFlow backend.
        precision: of the file.
        examples: tensors (1, side, side, 1) whose activations set the ranges of int8; a float file needs none.

    Raises:
        TrainerError: the converter refuses the network.
    """
    if keras.backend.backend() != "tensorflow":
        raise TrainerError("export", None, f"Keras runs on {keras.backend.backend()}", "set KERAS_BACKEND=tensorflow")
    with tempfile.TemporaryDirectory(prefix="cxr-trainer-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter's own interpreter announces its end
        try:
            _save_frozen(network, folder)
            return _convert(folder, precision, examples)
        except OSError as error:
            cause = error.strerror or str(error)
            raise TrainerError("export", folder, cause, "set TMPDIR to a folder on a disk with space") from error
        except (RuntimeError, ValueError, TypeError, _converter_error()) as error:
            cause = (str(error).strip() or type(error).__name__).splitlines()[0].partition("<unknown>")[0]
            remedy = f"use a network of operations that LiteRT has in {precision}, or another --precision"
            raise TrainerError("export", None, cause, remedy) from error


def _converter_error() -> type[Exception]:
    """What the converter raises for an operation that LiteRT lacks; no public name leads to it."""
    from tensorflow.lite.python.convert_phase import ConverterError

    found: type[Exception] = ConverterError
    return found


def _save_frozen(network: keras.Model, folder: str) -> None:
    """Save the network for the converter, its variables as constants.

    TensorFlow 2.21's converter leaves Keras 3 variables unread in its calibration run (READ_VARIABLE fails); the second
    function gives the file its signature with the names `radiograph`, `map` and, of a network with a gate, `gate`.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((1, *network.input_shape[1:]), tf.float32, name=INPUT)]
    function = tf.function(lambda radiograph: network(radiograph, training=False), input_signature=signature)
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    module = tf.Module()
    names = sorted(network.output) if isinstance(network.output, dict) else [OUTPUT]  # in the order they come flat
    module.serve = tf.function(
        lambda radiograph: dict(zip(names, frozen(radiograph), strict=True)), input_signature=signature
    )
    tf.saved_model.save(module, folder, signatures={"serving_default": module.serve})


def _convert(folder: str, precision: Precision, examples: Sequence[NDArray[np.float32]]) -> bytes:
    import tensorflow as tf

    def feed() -> Iterator[dict[str, Any]]:
        for example in examples:
            yield {INPUT: example}

    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    if precision is not Precision.FLOAT32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision is Precision.FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    if precision is Precision.INT8:
        converter.representative_dataset = feed
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter._experimental_calibrate_only = True  # ranges now, int8 in a second step that can leave layers out
        return _to_int8(bytes(converter.convert()))
    return bytes(converter.convert())


def _to_int8(calibrated: bytes) -> bytes:
    """A file of floats and ranges, made int8 but for the first stage and the layer that makes the map.

    The converter's second step has no public name; `tf.lite.experimental.QuantizationDebugger`, which leads to it with
    `denylisted_nodes`, would first run the file as a test.
    """
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter
    from tensorflow.lite.python.convert import mlir_quantize

    interpreter = Interpreter(model_content=calibrated)
    outputs = interpreter.get_signature_runner(next(iter(interpreter.get_signature_list()))).get_output_details()
    kept = [outputs[OUTPUT]["name"], *_first_stage(interpreter, int(outputs[OUTPUT]["index"]))]
    model = mlir_quantize(calibrated, input_data_type=tf.float32, output_data_type=tf.float32, denylisted_nodes=kept)
    return bytes(model)


def _first_stage(interpreter: Any, output: int) -> list[str]:
    """The names of what the first convolutions on the way to an output give, down to the first one at `COARSE` of the
    film's resolution; empty where the first layer is no convolution."""
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    side = int(interpreter.get_input_details()[0]["shape"][1])
    passed: list[str] = []
    for operation in _leading_to(output, interpreter._get_ops_details()):  # no public name lists the layers of a file
        if operation["op_name"] not in ("PAD", "PADV2", "CONV_2D", "DEPTHWISE_CONV_2D"):
            break
        given = [tensors[int(index)] for index in operation["outputs"]]
        passed += [str(tensor["name"]) for tensor in given]
        if min(tensor["shape"][1] for tensor in given) <= side // COARSE:
            break
    return passed


def _leading_to(output: int, operations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The operations that an output depends on, in their order: a gate looks at the radiograph by a way of its own."""
    wanted, found = {output}, []
    for operation in reversed(operations):
        if wanted & set(map(int, operation["outputs"])):
            wanted |= set(map(int, operation["inputs"]))
            found.append(operation)
    return found[::-1]


def float_logits(network: keras.Model, tensors: NDArray[np.float32]) -> NDArray[np.float64]:
    """The float network's logits (n,) of tensors (n, side, side, 1): the means of its maps."""
    maps = [np.asarray(network.predict_on_batch(tensors[i : i + 32])) for i in range(0, len(tensors), 32)]
    return np.concatenate([m.reshape(len(m), -1).mean(axis=1, dtype=np.float64) for m in maps])
