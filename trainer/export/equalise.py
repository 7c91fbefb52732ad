"""Rewrites a network so that the same function loses less in int8: where its input's grid lies, how large channels are.

int8 gives a tensor one step for all of its channels. In EfficientNet-Lite0 nearly all of the int8 error arose in two
places of the first stage: "2x - 1" falls between the steps for every grey level of 8 bits, half a step off, and always
to the same side; and channels of the stem that stay small are made large again by the convolution after it, with their
errors. The first is mended by another offset, made up for by the layer after it; the second by making small channels as
large as the largest one and the weights that read them as much smaller: Nagel et al., "Data-free quantization through
weight equalization and bias correction" (ICCV 2019), with the ranges that examples show.

Both leave the function as it is but for two things: what a zero beside the picture means to a first convolution that
pads (half a grey level), and that a ReLU with a ceiling cuts a channel off where its examples ended, not above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

LEVELS: Final = 255  # steps from 0 to 1 of the int8 input
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


def align_input(network: keras.Model) -> None:
    """Move a first layer that scales and shifts (`keras.layers.Rescaling`) onto the int8 grid, in place.

    The grey level that becomes 0 must be a step of the input; what the layer then gives is shifted by less than half a
    step, and the convolution after it, or its normalisation, takes that back.
    """
    for layer in network.layers:
        if not isinstance(layer, keras.layers.Rescaling) or np.ndim(layer.scale) or np.ndim(layer.offset):
            continue
        reader = _only_reader(layer)
        if not isinstance(reader, keras.layers.Conv2D):
            continue
        step = layer.scale / LEVELS
        offset = float(np.rint(layer.offset / step) * step)
        missing = (layer.offset - offset) * reader.get_weights()[0].sum(axis=(0, 1, 2))
        if _give_to(reader, missing):
            layer.offset = offset


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


def _give_to(reader: keras.layers.Layer, missing: NDArray[np.float32]) -> bool:
    """Add what its inputs lack to a convolution's outputs; False where nothing there could hold it."""
    if reader.use_bias:
        kernel, bias = reader.get_weights()
        reader.set_weights([kernel, bias + missing])
        return True
    norm = _only_reader(reader)
    if not isinstance(norm, keras.layers.BatchNormalization):
        return False
    *weights, mean, variance = norm.get_weights()
    norm.set_weights([*weights, mean - missing, variance])
    return True


def _links(network: keras.Model) -> list[_Link]:
    found = []
    for layer in network.layers:
        if not (isinstance(layer, keras.layers.BatchNormalization) and layer.scale and layer.center):
            continue
        after = _only_reader(layer)
        if isinstance(after, keras.layers.ReLU) and not after.negative_slope and not after.threshold:
            reader = _only_reader(after)
            if isinstance(reader, keras.layers.DepthwiseConv2D) and reader.depth_multiplier == 1:
                found.append(_Link(layer, after, reader))
        elif isinstance(after, keras.layers.Conv2D) and after.groups == 1:
            found.append(_Link(layer, layer, after))
    return found


def _only_reader(layer: keras.layers.Layer) -> Any:
    """The layer that reads this one's output, where it is the only one."""
    nodes = layer._outbound_nodes  # no public name leads from a layer to those after it
    return nodes[0].operation if len(nodes) == 1 else None


def _largest(
    network: keras.Model, layers: Sequence[keras.layers.Layer], examples: Sequence[Inputs]
) -> list[NDArray[np.float32]]:
    """How far from 0 each channel of some layers gets over all examples."""
    seen = keras.Model(network.input, [layer.output for layer in layers])
    largest: list[NDArray[np.float32]] = []
    for start in range(0, len(examples), TOGETHER):
        outputs = seen(np.concatenate(list(examples[start : start + TOGETHER])), training=False)
        found = [np.abs(keras.ops.convert_to_numpy(x)).max(axis=(0, 1, 2)) for x in outputs]
        largest = found if not largest else [np.maximum(a, b) for a, b in zip(largest, found, strict=True)]
    return largest
