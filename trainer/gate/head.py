"""Lays the gate into a network: pooled activations of several depths, and one linear layer on them.

Early layers know of black and white, grain and text; late ones of anatomy. Each depth is averaged over the picture
and, where it has few places, against height and the distance from the middle, so that what lies where counts too;
mirrored films stay alike. Every number is then scaled to the spread that it has over films and clipped, which is what
lets int8 hold it: averages lie in a hundredth of their layer's range. Nothing of this feeds the map.
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

MOST_CELLS: Final = 14  # a side; finer layers are averaged down to about that before they are pooled
PLACED: Final = 14  # a side; layers of so many places or fewer are pooled by place too
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
    pools = []
    for number, (x, patterns) in enumerate(_taps(network)):
        pool = _pool(x, patterns, f"gate_raw{number}", None)
        pools.append(layers.Flatten()(pool))
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
    start, pools = 0, []
    for number, (x, patterns) in enumerate(_taps(network)):
        stop = start + x.shape[-1] * len(patterns)
        if stop > len(head.mean):
            break
        scale = (head.mean[start:stop], head.spread[start:stop])
        pools.append(layers.ReLU(max_value=6.0)(_pool(x, patterns, f"gate_pool{number}", scale)))
        start = stop
    if start != len(head.mean) or start != sum(x.shape[-1] * len(p) for x, p in _taps(network)):
        cause = f"the gate was fitted on {len(head.mean)} features, and this network has others"
        raise TrainerError("attach gate", None, cause, "fit the gate again: cxr-trainer gate fit")
    joined = layers.Concatenate()(pools) if len(pools) > 1 else pools[0]
    linear = layers.Conv2D(len(head.bias) + GUARDS, 1, name="gate_linear")
    logits = layers.Flatten(name=GATE)(linear(joined))
    kernel = np.concatenate([head.kernel, np.zeros((start, GUARDS), np.float32)], axis=1)
    linear.set_weights([kernel[None, None], np.concatenate([head.bias, [-GUARD, GUARD]]).astype(np.float32)])
    map_ = network.output[OUTPUT] if isinstance(network.output, dict) else network.output
    return keras.Model(network.input, {OUTPUT: map_, GATE: logits}, name=network.name)


def _taps(network: keras.Model) -> list[tuple[keras.KerasTensor, NDArray[np.float32]]]:
    """The last activation of each size before the map, coarse ones as they are, with the patterns (m, h, w) it is
    pooled by."""
    last: dict[tuple[int, int], keras.KerasTensor] = {}
    for layer in network.layers:
        if layer.name == HEAD:
            break
        shape: tuple[int | None, ...] = getattr(layer.output, "shape", ())
        if len(shape) == 4 and shape[3] != 1 and shape[1] is not None and shape[2] is not None:
            last[shape[1], shape[2]] = layer.output
    if not last:
        raise TrainerError("fit gate", None, f"{network.name} has no layer with places", "use a convolutional network")
    taps = []
    for (high, wide), x in last.items():
        shrink = max(1, min(high, wide) // MOST_CELLS)
        taps.append(
            (
                layers.AveragePooling2D(shrink)(x) if shrink > 1 else x,
                _patterns(high // shrink, wide // shrink)
                if min(high, wide) <= PLACED
                else np.full((1, high // shrink, wide // shrink), shrink**2 / (high * wide), np.float32),
            )
        )
    return taps


def _patterns(high: int, wide: int) -> NDArray[np.float32]:
    """Mean; height; distance from the middle, sideways and upwards: (4, high, wide)."""
    y, x = np.meshgrid(np.linspace(-1, 1, high), np.linspace(-1, 1, wide), indexing="ij")
    found = np.stack([np.ones_like(x), y, x**2 - np.mean(x**2), y**2 - np.mean(y**2)]) / (high * wide)
    return found.astype(np.float32)


def _pool(
    x: keras.KerasTensor,
    patterns: NDArray[np.float32],
    name: str,
    scale: tuple[NDArray[np.float32], NDArray[np.float32]] | None,
) -> keras.KerasTensor:
    """The patterns' sums of each channel, (n, 1, 1, channels * patterns), scaled where mean and spread are given."""
    channels, count = x.shape[-1], len(patterns)
    layer = layers.DepthwiseConv2D(patterns.shape[1:], depth_multiplier=count, padding="valid", name=name)
    out = layer(x)
    kernel = np.repeat(patterns.transpose(1, 2, 0)[:, :, None, :], channels, axis=2)
    bias = np.zeros(channels * count, np.float32)
    if scale is not None:
        mean, spread = scale
        kernel = kernel * (WIDTH / spread).reshape(1, 1, channels, count)
        bias = (MIDDLE - mean * WIDTH / spread).astype(np.float32)
    layer.set_weights([kernel.astype(np.float32), bias])
    return out
