"""Rounds kernels to the int8 grid so that the errors of a kernel cancel on what the layer really sees.

Rounding each weight to the nearest step leaves errors that add up wherever inputs go together, as neighbouring
pixels of a film do; in EfficientNet-Lite0 that was the larger half of all int8 error. Here weights are rounded one
after another, and each one's error is taken up by those still to come: Frantar et al., "GPTQ" (ICLR 2023), after
Frantar and Alistarh, "Optimal brain compression" (NeurIPS 2022). The converter's own rounding then finds every kernel
on its grid already.

What goes together is measured about the mean, for what an error does to the mean is taken back afterwards, by the bias
or the normalisation after the kernel: Nagel et al. (ICCV 2019) call it bias correction.

Left to the converter's rounding: dense layers, of which a film shows one window only, too few to know what goes
together; convolutions of more than `MOST_INPUTS` inputs an output, dilated and grouped ones; and what lies in networks
that are layers of the network.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from trainer.networks.graph import only_reader

TOP: Final = 127  # LiteRT's kernels are symmetric int8, one scale an output channel
DAMPING: Final = 0.01  # of the mean diagonal: what keeps the factor stable where inputs are never active
WINDOWS: Final = 256  # places looked at in each film and layer
TOGETHER: Final = 4  # films in memory with all their activations, about 25 MB each
MOST_INPUTS: Final = 1536  # the work grows with the cube: InceptionV3 took eight minutes with 4,096, by inverses
MOST_MOMENTS: Final = 2**27  # numbers held at a time, half a gigabyte; DenseNet-201 has twice as many
BLOCK: Final = 128  # rows rounded before the rows of all later blocks hear of their errors

Inputs = NDArray[np.float32]


@dataclass(slots=True)
class Moments:
    """What a layer sees in its windows.

    Attributes:
        squares: sums of products, (groups, n, n).
        sums: (groups, n).
        count: windows.
    """

    squares: NDArray[np.float32]
    sums: NDArray[np.float64]
    count: int

    @property
    def means(self) -> NDArray[np.float64]:
        """(groups, n)."""
        return self.sums / self.count

    @property
    def spread(self) -> NDArray[np.float64]:
        """The products about the mean, summed, (groups, n, n)."""
        found: NDArray[np.float64] = self.squares - self.means[:, :, np.newaxis] * self.sums[:, np.newaxis]
        return found

    def add(self, other: Moments) -> None:
        """Count the windows of some more films."""
        self.squares += other.squares
        self.sums += other.sums
        self.count += other.count


def round_kernels(network: keras.Model, examples: Sequence[Inputs], seed: int = 0) -> None:
    """Lay rounded kernels into a network.

    Args:
        network: whose convolutions are rounded, in place.
        examples: tensors (1, height, width, channels) that say what its layers see.
        seed: of the places that are looked at.
    """
    rng = np.random.default_rng(seed)
    kernels: list[tuple[keras.layers.Layer, NDArray[np.float32], NDArray[np.float32]]] = []
    with threadpool_limits(1):  # on a busy machine threads that wait for each other took four times as long
        for layers in _groups([layer for layer in network.layers if _can_be_rounded(layer)]):
            moments = _moments_of(network, layers, examples, rng)
            for layer, moment in zip(layers, moments, strict=True):
                kernel = layer.get_weights()[0]
                result = rounded(kernel, moment.spread, depthwise=_is_depthwise(layer))
                kernels.append((layer, result, _lost_mean(kernel - result, moment, depthwise=_is_depthwise(layer))))
    for layer, kernel, lost in kernels:  # only now: every layer's inputs are those of the network as it was trained
        layer.set_weights([kernel, *layer.get_weights()[1:]])
        _give_back(layer, lost)


def _lost_mean(lost: NDArray[np.float32], moments: Moments, *, depthwise: bool) -> NDArray[np.float32]:
    """By how much each output of a layer is lower on average, (outputs,)."""
    if depthwise:
        rows, columns, channels, outputs = lost.shape
        weights = lost.reshape(rows * columns, channels, outputs)
        return np.einsum("nco,cn->co", weights, moments.means).ravel().astype(np.float32)
    return (moments.means[0] @ lost.reshape(-1, lost.shape[-1])).astype(np.float32)


def _give_back(layer: keras.layers.Layer, lost: NDArray[np.float32]) -> None:
    """Add what a layer's outputs lack to its bias, or to the normalisation that alone reads it, where there is one."""
    if layer.use_bias:
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel, bias + lost])
        return
    reader = only_reader(layer)
    if isinstance(reader, keras.layers.BatchNormalization):
        *weights, mean, variance = reader.get_weights()
        reader.set_weights([*weights, mean - lost, variance])


def _can_be_rounded(layer: keras.layers.Layer) -> bool:
    if not isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
        return False
    plain = getattr(layer, "groups", 1) == 1 and tuple(layer.dilation_rate) == (1, 1)
    return plain and _size(layer)[1] <= MOST_INPUTS


def _is_depthwise(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.DepthwiseConv2D)


def _size(layer: keras.layers.Layer) -> tuple[int, int]:
    """Groups of inputs with a kernel of their own, and inputs in each."""
    shape = layer.get_weights()[0].shape
    return (shape[2], shape[0] * shape[1]) if _is_depthwise(layer) else (1, math.prod(shape[:-1]))


def _groups(layers: Sequence[keras.layers.Layer]) -> Iterator[list[keras.layers.Layer]]:
    """Layers whose moments fit into memory together."""
    some: list[keras.layers.Layer] = []
    held = 0
    for layer in layers:
        groups, n = _size(layer)
        if some and held + groups * n * n > MOST_MOMENTS:
            yield some
            some, held = [], 0
        some.append(layer)
        held += groups * n * n
    if some:
        yield some


def _moments_of(
    network: keras.Model, layers: Sequence[keras.layers.Layer], examples: Sequence[Inputs], rng: np.random.Generator
) -> list[Moments]:
    """The moments of each layer over all examples."""
    seen = keras.Model(network.input, {str(number): layer.input for number, layer in enumerate(layers)})
    moments: list[Moments] = []
    for start in range(0, len(examples), TOGETHER):
        # Called, not predicted with: to compile a graph for a few batches takes longer than they do.
        inputs = seen(np.concatenate(list(examples[start : start + TOGETHER])), training=False)
        for number, layer in enumerate(layers):
            found = _moments(keras.ops.convert_to_numpy(inputs[str(number)]), layer, rng)
            if start == 0:
                moments.append(found)
            else:
                moments[number].add(found)
    return moments


def _moments(x: Inputs, layer: keras.layers.Layer, rng: np.random.Generator) -> Moments:
    """Of the windows that a layer sees: one group of n = rows * columns * channels of its kernel, or as many groups as
    channels of n = rows * columns where each channel has its own kernel."""
    rows, columns = layer.kernel_size
    if layer.padding == "same":
        x = np.pad(x, ((0, 0), (rows // 2, rows // 2), (columns // 2, columns // 2), (0, 0)))
    high, wide = x.shape[1] - rows + 1, x.shape[2] - columns + 1
    count = min(WINDOWS, high * wide) * len(x)
    film, top, left = (rng.integers(0, end, count)[:, None, None] for end in (len(x), high, wide))
    windows = x[film, top + np.arange(rows)[:, None], left + np.arange(columns)]
    if _is_depthwise(layer):
        flat = windows.reshape(count, rows * columns, -1).transpose(2, 1, 0)
    else:
        flat = windows.reshape(1, count, -1).transpose(0, 2, 1)
    squares = flat @ flat.transpose(0, 2, 1)  # in 32 bits: twice as fast, and damping forgives more
    return Moments(squares, flat.sum(axis=2, dtype=np.float64), count)


def rounded(kernel: NDArray[np.float32], moments: NDArray[Any], *, depthwise: bool) -> NDArray[np.float32]:
    """A kernel whose every output channel lies on its int8 grid.

    Args:
        kernel: (rows, columns, inputs, outputs), or (rows, columns, channels, 1) where each channel has its own.
        moments: of the inputs, (1, n, n) or (channels, n, n); see `round_kernels`.
        depthwise: which of the two it is.
    """
    if depthwise:
        rows, columns, channels, outputs = kernel.shape
        weights = kernel.reshape(rows * columns, channels, outputs).transpose(1, 0, 2)
        result = _feed_back(weights.astype(np.float64), moments).transpose(1, 0, 2)
    else:
        result = _feed_back(kernel.reshape(1, -1, kernel.shape[-1]).astype(np.float64), moments)
    return result.reshape(kernel.shape).astype(np.float32)


def _feed_back(weights: NDArray[np.float64], moments: NDArray[Any]) -> NDArray[np.float64]:
    """Round (groups, n, outputs) row by row; what a row loses, the rows after it make up for.

    Worked out from a factor of the moments themselves, not of their inverse as Frantar et al. do: the figures are the
    same (Chee et al., "QuIP", NeurIPS 2023), and the inverse was most of the time.
    """
    moments = moments.astype(np.float64)
    left = weights.copy()
    n = left.shape[1]
    largest = np.abs(left).argmax(axis=1)  # (groups, outputs)
    step = np.abs(left).max(axis=1) / TOP
    step[step == 0] = 1.0
    passed_on = _passed_on(moments)
    result = np.empty_like(left)
    for start in range(0, n, BLOCK):
        end = min(start + BLOCK, n)
        for row in range(start, end):
            whole = np.clip(np.rint(left[:, row] / step), -TOP, TOP)
            # The largest weight stays the end of the scale: the converter takes the scale from it.
            whole = np.where(largest == row, TOP * np.sign(weights[:, row]), whole)
            result[:, row] = whole * step
            lost = weights[:, row] - result[:, row]
            left[:, row + 1 : end] += passed_on[:, row, row + 1 : end, None] * lost[:, None, :]
        lost = weights[:, start:end] - result[:, start:end]
        left[:, end:] += passed_on[:, start:end, end:].transpose(0, 2, 1) @ lost
    return result


def _passed_on(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of what a row loses is added to each row after it, (groups, n, n), above the diagonal.

    The damped moments are `(1 + P) D (1 + P)^T` with P strictly upper, so that a loss costs, over all rows k, D_k times
    the square of what k loses and of what is passed on to it. Each row in its turn can make its own term small.
    """
    n = moments.shape[1]
    damping = DAMPING * np.trace(moments, axis1=1, axis2=2) / n + 1e-9
    damped = moments + damping[:, None, None] * np.eye(n)
    upper = np.linalg.cholesky(damped[:, ::-1, ::-1])[:, ::-1, ::-1]  # reversed twice: upper times its transpose
    found: NDArray[np.float64] = upper / np.diagonal(upper, axis1=1, axis2=2)[:, np.newaxis]
    return found
