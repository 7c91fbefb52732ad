"""Rounds convolution kernels to the int8 grid so that the errors of a kernel cancel on what the layer really sees.

Rounding each weight to the nearest step leaves errors that add up wherever inputs go together, as neighbouring
pixels of a film do; in EfficientNet-Lite0 that was the larger half of all int8 error. Here weights are rounded one
after another, and each one's error is taken up by those still to come: Frantar et al., "GPTQ" (ICLR 2023), after
Frantar and Alistarh, "Optimal brain compression" (NeurIPS 2022). The converter's own rounding then finds every kernel
on its grid already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

TOP: Final = 127  # LiteRT's kernels are symmetric int8, one scale an output channel
DAMPING: Final = 0.01  # of the mean diagonal: what keeps the inverse stable where inputs are never active
WINDOWS: Final = 256  # places looked at in each film and layer
TOGETHER: Final = 4  # films in memory with all their activations, about 25 MB each


def round_kernels(network: keras.Model, examples: Sequence[NDArray[np.float32]], seed: int = 0) -> None:
    """Lay rounded kernels into a network.

    Args:
        network: whose convolutions are rounded, in place.
        examples: tensors (1, height, width, channels) that say what its layers see.
        seed: of the places that are looked at.
    """
    layers = [x for x in network.layers if isinstance(x, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)]
    rng = np.random.default_rng(seed)
    seen = keras.Model(network.input, [layer.input for layer in layers])
    moments: list[NDArray[np.float64]] = []
    for start in range(0, len(examples), TOGETHER):
        inputs = seen.predict_on_batch(np.concatenate(list(examples[start : start + TOGETHER])))
        found = [_moments(np.asarray(x), layer, rng) for x, layer in zip(inputs, layers, strict=True)]
        moments = [a + b for a, b in zip(moments, found, strict=True)] if moments else found
    for layer, moment in zip(layers, moments, strict=True):
        kernel, *bias = layer.get_weights()
        layer.set_weights([rounded(kernel, moment, depthwise=_is_depthwise(layer)), *bias])


def _is_depthwise(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.DepthwiseConv2D)


def _moments(x: NDArray[np.float32], layer: keras.layers.Layer, rng: np.random.Generator) -> NDArray[np.float64]:
    """Second moments of the windows that a layer sees: (1, n, n) with n = rows * columns * channels of its kernel, or
    (channels, n, n) with n = rows * columns where each channel has its own kernel."""
    rows, columns = layer.kernel_size
    x = np.pad(x, ((0, 0), (rows // 2, rows // 2), (columns // 2, columns // 2), (0, 0)))
    high, wide = x.shape[1] - rows + 1, x.shape[2] - columns + 1
    count = min(WINDOWS, high * wide) * len(x)
    film, top, left = (rng.integers(0, end, count)[:, None, None] for end in (len(x), high, wide))
    windows = x[film, top + np.arange(rows)[:, None], left + np.arange(columns)].astype(np.float64)
    if _is_depthwise(layer):
        flat = windows.reshape(count, rows * columns, -1).transpose(2, 1, 0)
    else:
        flat = windows.reshape(1, count, -1).transpose(0, 2, 1)
    return flat @ flat.transpose(0, 2, 1)


def rounded(kernel: NDArray[np.float32], moments: NDArray[np.float64], *, depthwise: bool) -> NDArray[np.float32]:
    """A kernel whose every output channel lies on its int8 grid.

    Args:
        kernel: (rows, columns, inputs, outputs), or (rows, columns, channels, 1) where each channel has its own.
        moments: of the inputs, (1, n, n) or (channels, n, n); see `round_kernels`.
        depthwise: which of the two it is.
    """
    rows, columns, inputs, outputs = kernel.shape
    shape = (rows * columns, inputs, outputs)
    weights = kernel.reshape(shape).transpose(1, 0, 2) if depthwise else kernel.reshape(1, -1, outputs)
    result = _feed_back(weights.astype(np.float64), moments)
    return (result.transpose(1, 0, 2) if depthwise else result).reshape(kernel.shape).astype(np.float32)


def _feed_back(weights: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round (groups, n, outputs) row by row; what a row loses, the rows after it make up for."""
    left = weights.copy()
    n = left.shape[1]
    largest = np.abs(left).argmax(axis=1)  # (groups, outputs)
    step = np.abs(left).max(axis=1) / TOP
    step[step == 0] = 1.0
    damping = DAMPING * np.trace(moments, axis1=1, axis2=2) / n + 1e-9
    inverse = np.linalg.inv(moments + damping[:, None, None] * np.eye(n))
    upper = np.linalg.cholesky(inverse).transpose(0, 2, 1)
    result = np.empty_like(left)
    for row in range(n):
        now = left[:, row]
        whole = np.clip(np.rint(now / step), -TOP, TOP)
        # The largest weight stays the end of the scale: the converter takes the scale from it.
        whole = np.where(largest == row, TOP * np.sign(weights[:, row]), whole)
        result[:, row] = whole * step
        error = (now - result[:, row]) / upper[:, row, row, None]
        left[:, row + 1 :] -= upper[:, row, row + 1 :, None] * error[:, None, :]
    return result
