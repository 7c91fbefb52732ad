"""Spreads every channel that a depthwise convolution reads over the whole int8 range; the network computes the same.

One scale serves all channels of a tensor in int8, so a quiet channel next to a loud one has few steps left. A batch
normalisation can make each channel louder and the depthwise kernel after it quieter by the same factor, at no cost:
depthwise kernels have a scale for each channel. After Nagel et al., "Data-free quantization through weight equalization
and bias correction" (ICCV 2019), with the ranges seen instead of the weights. In EfficientNet-Lite0 the stem's output
alone made more than half of the error of all activations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

MARGIN: Final = 1.25  # what a film may exceed the loudest example by before it is clipped
MOST: Final = 64.0  # a factor; a channel that is all but dead stays quiet
TOGETHER: Final = 4  # films in memory with all these activations


def equalise(network: keras.Model, examples: Sequence[NDArray[np.float32]]) -> int:
    """Lay louder normalisations and quieter kernels into a network.

    Args:
        network: changed in place.
        examples: tensors (1, height, width, channels) that say how loud its channels are.

    Returns:
        How many depthwise convolutions follow a normalisation and a clipped rectifier, and were equalised.
    """
    chains = _chains(network)
    if not chains:
        return 0
    seen = keras.Model(network.input, [rectifier.output for _, rectifier, _ in chains])
    peaks = [np.zeros(rectifier.output.shape[-1]) for _, rectifier, _ in chains]
    for start in range(0, len(examples), TOGETHER):
        outputs = seen.predict_on_batch(np.concatenate(list(examples[start : start + TOGETHER])))
        outputs = outputs if isinstance(outputs, list) else [outputs]
        peaks = [np.maximum(p, np.asarray(x).max(axis=(0, 1, 2))) for p, x in zip(peaks, outputs, strict=True)]
    for (norm, rectifier, depthwise), peak in zip(chains, peaks, strict=True):
        scale = np.clip(rectifier.max_value / (MARGIN * np.maximum(peak, 1e-9)), 1.0, MOST)
        scale[peak == 0.0] = 1.0
        gamma, beta, *moments = norm.get_weights()
        norm.set_weights([gamma * scale, beta * scale, *moments])
        kernel, *bias = depthwise.get_weights()
        depthwise.set_weights([kernel / scale[:, np.newaxis], *bias])
    return len(chains)


def _chains(network: keras.Model) -> list[tuple[Any, Any, Any]]:
    """Every normalisation, clipped rectifier and depthwise convolution that follow one another and nothing else."""
    maker = {id(layer.output): layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)}
    readers: dict[int, int] = {}
    for layer in network.layers:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        for tensor in inputs:
            readers[id(tensor)] = readers.get(id(tensor), 0) + 1
    found = []
    for depthwise in network.layers:
        if not isinstance(depthwise, keras.layers.DepthwiseConv2D):
            continue
        rectifier = maker.get(id(depthwise.input))
        if not isinstance(rectifier, keras.layers.ReLU) or rectifier.max_value is None:
            continue
        norm = maker.get(id(rectifier.input))
        alone = readers[id(rectifier.output)] == readers[id(rectifier.input)] == 1
        if isinstance(norm, keras.layers.BatchNormalization) and norm.scale and norm.center and alone:
            found.append((norm, rectifier, depthwise))
    return found
