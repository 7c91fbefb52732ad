"""The gate's own small network: the first stages of EfficientNet-Lite0 on about 64 pixels, laid beside another's map.

A linear head on the scoring network's own features, which shipped until lite0-2026.11.3, let 22 % of the films pass
that cut off a half of the lungs, whatever was changed about it: those features know of pneumonia. Pictures of the whole
film at a quarter of the resolution hold all that is needed, and a network that is trained for nothing else reads it
(docs/models.md). Nothing of this feeds the map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np
from keras import layers

from models.scorer import GATE, GUARDS, OUTPUT
from trainer.errors import TrainerError
from trainer.gate.kinds import KINDS
from trainer.networks import efficientnet_lite0 as lite0
from trainer.networks.batch_norm import BatchNorm
from trainer.networks.efficientnet_lite0_imagenet import start
from trainer.networks.starting_weights import Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SEEN: Final = 64  # pixels a side that it looks at, nearly: the tensor is made smaller by a whole number
DEPTH: Final = 11  # blocks of the network that are kept, down to a sixteenth of the picture
NARROW: Final = 64  # channels of each place
WIDE: Final = 96  # of the whole picture
DROPOUT: Final = 0.3
# Logits; constants of either sign keep the int8 range open for pictures that no example film shows. Those of the
# network hardly leave -8..8, since labels are smoothed; what does is clear enough.
GUARD: Final = 12.0
_LAST: Final = "gate_kinds"
_AGAIN: Final = "fit the gate again: cxr-trainer gate fit"


def shrink_of(side: int) -> int:
    """By how much the tensor of a contract's version is made smaller before the gate looks: 2 of 128 pixels."""
    return max(1, round(side / SEEN))


def seen_by(side: int) -> int:
    """What is left then of a side."""
    return side // shrink_of(side)


def shrunken(tensors: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Tensors (n, side, side, 1) as the gate sees them, each pixel the mean of a square of theirs."""
    shrink, seen = shrink_of(side), seen_by(side)
    whole = tensors[:, : seen * shrink, : seen * shrink, 0]
    means: NDArray[np.float32] = whole.reshape(len(tensors), seen, shrink, seen, shrink).mean(axis=(2, 4))
    return means[..., np.newaxis]


def build(seen: int, outputs: int = len(KINDS)) -> keras.Model:
    """The network from what it sees, (n, seen, seen, 1) in 0..1, to logits (n, outputs); random but for zero biases."""
    whole = lite0.build(seen, stochastic_depth=0.0, last_stride=1)
    return _upon(whole, outputs)


def build_from_imagenet(seen: int) -> tuple[keras.Model, str]:
    """The same with the ImageNet weights of EfficientNet-Lite0 in what is kept of it, and what to say of them.

    Raises:
        TrainerError: the weights are not installed.
    """
    whole = lite0.build(seen, stochastic_depth=0.0, last_stride=1)
    said = start(whole, Weights())
    return _upon(whole, len(KINDS)), said


def attach(network: keras.Model, weights: Sequence[NDArray[Any]]) -> keras.Model:
    """A network with the gate beside its map.

    Args:
        network: from (n, side, side, 1) to the map; its layers are shared, not copied.
        weights: of the gate's network, as `build` orders them.

    Returns:
        A model to ``{"map": as before, "gate": (n, kinds + GUARDS)}``.

    Raises:
        TrainerError: the weights are of another gate.
    """
    side = int(network.input_shape[1])
    shrink, seen = shrink_of(side), seen_by(side)
    own = build(seen, len(KINDS) + GUARDS)
    kernel, bias = weights[-2:]
    given = [*weights[:-2], np.pad(kernel, [(0, 0)] * 3 + [(0, GUARDS)]), np.append(bias, [-GUARD, GUARD])]
    if [w.shape for w in own.get_weights()] != [w.shape for w in given]:
        cause = f"its weights are not those of a gate for {len(KINDS)} kinds that looks at {seen} pixels"
        raise TrainerError("attach gate", None, cause, _AGAIN)
    own.set_weights(given)
    x = network.input
    if shrink > 1:
        # A convolution, since LiteRT's int8 averaging is slower.
        mean = layers.Conv2D(1, shrink, strides=shrink, use_bias=False, name="gate_shrink")
        x = mean(x)
        mean.set_weights([np.full((shrink, shrink, 1, 1), 1 / shrink**2, np.float32)])
    map_ = network.output[OUTPUT] if isinstance(network.output, dict) else network.output
    return keras.Model(network.input, {OUTPUT: map_, GATE: own(x)}, name=network.name)


def _upon(whole: keras.Model, outputs: int) -> keras.Model:
    """The first blocks of EfficientNet-Lite0, and on what they see of each place two layers that know where it is."""
    x = whole.get_layer(f"block{DEPTH - 1}_add").output
    x = _step(layers.Conv2D(NARROW, 1, use_bias=False, name="gate_narrow"), x)
    x = _step(layers.Conv2D(WIDE, x.shape[1], use_bias=False, name="gate_wide"), x)
    x = layers.Dropout(DROPOUT, name="gate_drop")(x)
    logits = layers.Flatten(name="gate_logits")(layers.Conv2D(outputs, 1, name=_LAST)(x))
    return keras.Model(whole.input, logits, name=GATE)


def _step(convolution: keras.layers.Layer, x: keras.KerasTensor) -> keras.KerasTensor:
    name = f"{convolution.name}_norm"
    norm = BatchNorm(epsilon=lite0.BATCH_NORM_EPSILON, momentum=lite0.BATCH_NORM_MOMENTUM, name=name)
    return layers.ReLU(max_value=6.0, name=f"{convolution.name}_relu")(norm(convolution(x)))
