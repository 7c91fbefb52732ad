"""Lays the gate into a network: pooled activations of several depths, and one linear layer on them.

Early layers know of black and white, grain and text; later ones of anatomy; the last before the map of little but
pneumonia (with it more was missed), so the last two widths are left out where there are others. Each depth is averaged
over the picture; where it has few places also against height and the distance from the midline, so that what lies where
counts too, and mirrored films stay alike. Every number is then scaled to the spread that it has over films and clipped,
which is what lets int8 hold it: averages lie in a small part of their layer's range. Nothing of this feeds the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import keras
import numpy as np
from keras import layers

from models.scorer import GATE, GUARDS, OUTPUT
from trainer.errors import TrainerError
from trainer.recipes.recipe import HEAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLACED: Final = 14  # a side; layers of so many places or fewer are pooled by place too
CELLS: Final = (
    7  # a side at most; to which they are averaged before (a kernel of 14 x 14 took 0.9 ms, one of 7 x 7 0.06)
)
PLACED_WIDTHS: Final = 2  # how many layers are
DEEP: Final = 2  # widths before the map that know of little but pneumonia
MOST_CHANNELS: Final = 2048  # accumulators of LiteRT's int8 kernel; see `_pool`
TOGETHER: Final = 4  # inputs of one concatenation, of which XNNPACK takes five at most
WIDTH: Final = 0.75  # of one standard deviation, on the scale 0..6 that ReLU6 clips to: 4 of them on either side
MIDDLE: Final = 3.0
GUARD: Final = 24.0  # logits; a constant of either sign keeps the range open for pictures that no example film shows


@dataclass(frozen=True, slots=True)
class Head:
    """A fitted gate.

    Attributes:
        mean, spread: float32 (features,), of the raw features over films.
        kernel: float32 (features, kinds), of the scaled features.
        bias: float32 (kinds,).
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


def scaled(raw: NDArray[np.float32], mean: NDArray[np.float32], spread: NDArray[np.float32]) -> NDArray[np.float32]:
    """Raw features (n, features) as the linear layer sees them, 0..6, `MIDDLE` where a film is as films are."""
    return np.clip((raw - mean) * (WIDTH / spread) + MIDDLE, 0.0, 6.0).astype(np.float32)


def feature_network(network: keras.Model) -> keras.Model:
    """From radiographs (n, 224, 224, 1) to raw features (n, features), float32.

    Raises:
        TrainerError: the network has no layer with places.
    """
    pools = [layers.Flatten()(_pool(x, pattern, f"gate_raw{n}")) for n, (x, pattern) in enumerate(_taps(network))]
    return keras.Model(network.input, layers.Concatenate()(pools) if len(pools) > 1 else pools[0])


def attach(network: keras.Model, head: Head) -> keras.Model:
    """The network with the gate beside its map; round kernels before this, so that they are rounded without it.

    Args:
        network: from (n, 224, 224, 1) to the map; its layers are shared, not copied.
        head: fitted on this network's features.

    Returns:
        A model to ``{"map": as before, "gate": (n, kinds + GUARDS)}``.

    Raises:
        TrainerError: the head was fitted on another network.
    """
    taps = _taps(network)
    stops = np.cumsum([x.shape[-1] for x, _ in taps])
    if stops[-1] != len(head.mean):
        cause = f"the gate was fitted on {len(head.mean)} features, and this network has {stops[-1]}"
        raise TrainerError("attach gate", None, cause, "fit the gate again: cxr-trainer gate fit")
    pools = []
    for number, ((x, pattern), stop) in enumerate(zip(taps, stops, strict=True)):
        own = slice(stop - x.shape[-1], stop)
        pool = _pool(x, pattern, f"gate_pool{number}", (head.mean[own], head.spread[own]))
        pools.append(layers.ReLU(max_value=6.0)(pool))
    while len(pools) > 1:
        some = [pools[start : start + TOGETHER] for start in range(0, len(pools), TOGETHER)]
        pools = [layers.Concatenate()(group) if len(group) > 1 else group[0] for group in some]
    linear = layers.Conv2D(len(head.bias) + GUARDS, 1, name="gate_linear")
    logits = layers.Flatten(name=GATE)(linear(pools[0]))
    kernel = np.concatenate([head.kernel, np.zeros((len(head.mean), GUARDS), np.float32)], axis=1)
    linear.set_weights([kernel[None, None], np.concatenate([head.bias, [-GUARD, GUARD]]).astype(np.float32)])
    map_ = network.output[OUTPUT] if isinstance(network.output, dict) else network.output
    return keras.Model(network.input, {OUTPUT: map_, GATE: logits}, name=network.name)


def _taps(network: keras.Model) -> list[tuple[keras.KerasTensor, NDArray[np.float32]]]:
    """Activations and the pattern (rows, columns) that each is pooled by; those of few places come once for each
    pattern. Where places are many the last of each size; where they are few two widths, but not the last two."""
    large: dict[tuple[int, int], keras.KerasTensor] = {}
    small: dict[tuple[int, int, int], keras.KerasTensor] = {}
    other: keras.KerasTensor | None = None  # of few places, but linear
    for layer in network.layers:
        if layer.name == HEAD:
            break
        shape: tuple[int | None, ...] = getattr(layer.output, "shape", ())
        if len(shape) != 4 or None in shape[1:] or not 1 < (shape[3] or 0) <= MOST_CHANNELS:
            continue
        high, wide, channels = (int(n or 0) for n in shape[1:])
        if min(high, wide) > PLACED:
            large[high, wide] = layer.output
        elif _rectified(layer):
            small[high, wide, channels] = layer.output
        else:
            other = layer.output
    few = list(small.values())
    few = few[-DEEP - PLACED_WIDTHS : -DEEP] or few[:1]
    if not few and not large and other is not None:
        few = [other]
    if not few and not large:
        raise TrainerError("fit gate", None, f"{network.name} has no layer with places", "use a convolutional network")
    one = np.ones((1, 1), np.float32)
    taps = [(layers.GlobalAveragePooling2D(keepdims=True)(x), one) for x in large.values()]
    for x in few:
        high, wide = x.shape[1:3]
        shrink = max(1, -(-min(high, wide) // CELLS))
        pooled = _averaged(x, shrink) if shrink > 1 else x
        taps += [(pooled, pattern) for pattern in _patterns(high // shrink, wide // shrink)]
    return taps


def _rectified(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, layers.ReLU) or getattr(layer, "activation", None) is keras.activations.relu


def _averaged(x: keras.KerasTensor, shrink: int) -> keras.KerasTensor:
    """The mean of squares of places, as a convolution: XNNPACK has no int8 average pooling, and leaving it costs."""
    layer = layers.DepthwiseConv2D(shrink, strides=shrink, use_bias=False, padding="valid")
    out = layer(x)
    layer.set_weights([np.full((shrink, shrink, x.shape[-1], 1), 1 / shrink**2, np.float32)])
    return out


def _patterns(high: int, wide: int) -> NDArray[np.float32]:
    """Mean; height; distance from the middle sideways: (3, high, wide). The same upwards added nothing."""
    y, x = np.meshgrid(np.linspace(-1, 1, high), np.linspace(-1, 1, wide), indexing="ij")
    found = np.stack([np.ones_like(x), y, x**2 - np.mean(x**2)]) / (high * wide)
    return found.astype(np.float32)


def _pool(
    x: keras.KerasTensor,
    pattern: NDArray[np.float32],
    name: str,
    scale: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
) -> keras.KerasTensor:
    """The sum of each channel under a pattern, (n, 1, 1, channels), scaled where mean and spread are given.

    One layer a pattern, not a depth multiplier: LiteRT's kernel never ends where that gives more outputs than it has
    accumulators (2.21, depthwise_conv.h).
    """
    channels = x.shape[-1]
    layer = layers.DepthwiseConv2D(pattern.shape, padding="valid", name=name)
    out = layer(x)
    kernel = np.repeat(pattern[:, :, None, None], channels, axis=2)
    bias = np.zeros(channels, np.float32)
    if scale is not None:
        mean, spread = scale
        kernel = kernel * (WIDTH / spread)[:, None]
        bias = (MIDDLE - mean * WIDTH / spread).astype(np.float32)
    layer.set_weights([kernel.astype(np.float32), bias])
    return out
