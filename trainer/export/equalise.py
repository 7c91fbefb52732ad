"""Rewrites a network so that the same function loses less in int8: how its input is centred, how large channels are.

int8 gives a tensor one step for all of its channels. In EfficientNet-Lite0 most of the int8 error of activations
arose in two places of the first stage. "2x - 1" is a multiplication whose result LiteRT keeps over -1..2, in 170 steps
where a film has 256 grey levels: it is folded into the convolution after it. And channels of the stem that stay small
are made large again by the convolution after it, with their errors: small channels are made as large as the largest
one, and the weights that read them as much smaller. Nagel et al., "Data-free quantization through weight equalization
and bias correction" (ICCV 2019), with the ranges that examples show.

The function stays what it is, but that a ReLU with a ceiling cuts a channel off where its examples ended, not above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from trainer.networks.graph import only_reader

TOGETHER: Final = 8  # films in memory with their activations
SMALLEST: Final = 1e-3  # a channel that never gets higher is dead; it stays as it is

Inputs = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Link:
    """A normalisation whose channels only one layer reads.

    Attributes:
        norm: whose gain and shift can be made larger.
        seen: the layer whose output int8 will keep: the norm itself or the ReLU after it.
        reader: the convolution that reads it, whose kernel can be made smaller.
    """

    norm: keras.layers.Layer
    seen: keras.layers.Layer
    reader: keras.layers.Layer


@keras.saving.register_keras_serializable("cxr-trainer")
class Surround(keras.layers.Layer):
    """Puts rows and columns of one grey level around pictures (n, height, width, channels)."""

    def __init__(self, rows: tuple[int, int], columns: tuple[int, int], level: float, **options: Any) -> None:
        super().__init__(**options)
        self._pads: Final = ((0, 0), tuple(rows), tuple(columns), (0, 0))
        self._level: Final = level

    def call(self, inputs: Any) -> Any:
        """The larger pictures."""
        return keras.ops.pad(inputs, self._pads, constant_values=self._level)


def fold_centre(network: keras.Model) -> keras.Model:
    """The same network without its first layer that scales and shifts (`keras.layers.Rescaling`).

    The convolution after it gets the scale into its kernel and the shift into a bias. Where it pads, the picture is
    surrounded by the grey level that became 0. A network without such a pair comes back as it is.
    """
    pairs = [(layer, only_reader(layer)) for layer in network.layers if isinstance(layer, keras.layers.Rescaling)]
    if len(pairs) != 1:
        return network
    (centre, reader), *_ = pairs
    if np.ndim(centre.scale) or np.ndim(centre.offset) or not _can_take_over(reader):
        return network
    scale, offset = float(centre.scale), float(centre.offset)

    def copied(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer is centre:
            rows, columns = (_same_padding(reader, axis) for axis in (0, 1))
            return Surround(rows, columns, -offset / scale, name=centre.name)
        configuration = layer.get_config()
        if layer is reader:
            configuration |= {"padding": "valid", "use_bias": True}
        return type(layer).from_config(configuration)

    folded = keras.models.clone_model(network, clone_function=copied)
    for old, new in zip(network.layers, folded.layers, strict=True):
        if old is not centre and old is not reader:
            new.set_weights(old.get_weights())
    kernel, *bias = reader.get_weights()
    shift = offset * kernel.sum(axis=(0, 1, 2))
    folded.get_layer(reader.name).set_weights([kernel * scale, shift + bias[0] if bias else shift])
    return folded


def _can_take_over(reader: Any) -> bool:
    plain = isinstance(reader, keras.layers.Conv2D) and reader.groups == 1 and tuple(reader.dilation_rate) == (1, 1)
    return plain and reader.padding in ("same", "valid") and None not in reader.input.shape[1:3]


def _same_padding(reader: keras.layers.Layer, axis: int) -> tuple[int, int]:
    """What TensorFlow's `same` adds before and after; nothing where the padding is `valid`."""
    if reader.padding == "valid":
        return 0, 0
    side, kernel, stride = reader.input.shape[1 + axis], reader.kernel_size[axis], reader.strides[axis]
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def equalise(network: keras.Model, examples: Sequence[Inputs]) -> None:
    """Make the channels that one int8 step is shared by equally large, in place.

    Args:
        network: of which normalisations are equalised that a depthwise convolution reads through a ReLU, or another
            convolution directly.
        examples: tensors (1, height, width, channels) that show how large they get.
    """
    links = _links(network)
    if not links:
        return
    for link, largest in zip(links, _largest(network, [link.seen for link in links], examples), strict=True):
        alive = largest > SMALLEST
        gain = np.where(alive, largest.max() / np.where(alive, largest, 1.0), 1.0).astype(np.float32)
        scale, shift, *moments = link.norm.get_weights()
        link.norm.set_weights([scale * gain, shift * gain, *moments])
        kernel, *bias = link.reader.get_weights()
        # the kernel's inputs are its third axis, whether each has its own kernel or not
        link.reader.set_weights([kernel / gain[:, np.newaxis], *bias])


def _links(network: keras.Model) -> list[_Link]:
    found = []
    for layer in network.layers:
        if not (isinstance(layer, keras.layers.BatchNormalization) and layer.scale and layer.center):
            continue
        after = only_reader(layer)
        if isinstance(after, keras.layers.ReLU) and not after.negative_slope and not after.threshold:
            reader = only_reader(after)
            if isinstance(reader, keras.layers.DepthwiseConv2D) and reader.depth_multiplier == 1:
                found.append(_Link(layer, after, reader))
        elif isinstance(after, keras.layers.Conv2D) and after.groups == 1:
            found.append(_Link(layer, layer, after))
    return found


def _largest(
    network: keras.Model, layers: Sequence[keras.layers.Layer], examples: Sequence[Inputs]
) -> list[NDArray[np.float32]]:
    """How far from 0 each channel of some layers gets over all examples."""
    seen = keras.Model(network.input, {str(number): layer.output for number, layer in enumerate(layers)})
    largest: list[NDArray[np.float32]] = []
    for start in range(0, len(examples), TOGETHER):
        outputs = seen(np.concatenate(list(examples[start : start + TOGETHER])), training=False)
        kept = [keras.ops.convert_to_numpy(outputs[str(number)]) for number in range(len(layers))]
        found = [np.abs(x).max(axis=(0, 1, 2)) for x in kept]
        largest = found if not largest else [np.maximum(a, b) for a, b in zip(largest, found, strict=True)]
    return largest
