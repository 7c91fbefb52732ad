"""EfficientNet-Lite0 for one grey channel, with a class-activation-map head whose mean is the logit.

Network: Tan and Le, "EfficientNet" (ICML 2019), in the Lite0 variant of the TensorFlow TPU models: ReLU6 and
no squeeze-and-excite, so that it quantises to int8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import keras
from keras import layers

from trainer.networks.batch_norm import BatchNorm
from trainer.networks.frame import enter, leave

BATCH_NORM_EPSILON: Final = 1e-3
BATCH_NORM_MOMENTUM: Final = 0.97  # a run of 1,600 steps needs faster moving moments than ImageNet's 0.99


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of inverted bottlenecks; the first block of a stage carries its stride."""

    kernel: int
    stride: int
    expansion: int
    filters: int
    repeats: int


STAGES: Final = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4),
    Stage(3, 1, 6, 320, 1),
)


_LAST_HALVING: Final = STAGES[5]


def _norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return BatchNorm(epsilon=BATCH_NORM_EPSILON, momentum=BATCH_NORM_MOMENTUM, name=name)(x)


def _relu6(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU(max_value=6.0)(x)


def _block(x: keras.KerasTensor, stage: Stage, stride: int, drop: float, name: str) -> keras.KerasTensor:
    """An inverted bottleneck: expand (1x1), depthwise, project (1x1), and the residual where shapes allow it."""
    shortcut, inputs = x, x.shape[-1]
    if stage.expansion != 1:
        x = layers.Conv2D(inputs * stage.expansion, 1, use_bias=False, name=f"{name}_expand")(x)
        x = _relu6(_norm(x, f"{name}_expand_norm"))
    x = layers.DepthwiseConv2D(stage.kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise")(
        x
    )
    x = _relu6(_norm(x, f"{name}_depthwise_norm"))
    x = layers.Conv2D(stage.filters, 1, use_bias=False, name=f"{name}_project")(x)
    x = _norm(x, f"{name}_project_norm")
    if stride == 1 and inputs == stage.filters:
        if drop > 0:  # stochastic depth: Dropout over whole samples (noise shape per image)
            x = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x)
        x = layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def build_fine(size: int | None, *, shrink: int = 1) -> keras.Model:
    """The network without its last halving: a map of twice as many places a side, each of size / 16; see `build`."""
    return build(size, shrink=shrink, last_stride=1)


def build(
    size: int | None,
    *,
    shrink: int = 1,
    dropout: float = 0.2,
    stochastic_depth: float = 0.1,
    last_stride: int = 2,
) -> keras.Model:
    """Build the network.

    Args:
        size: height and width of the input in pixels, or None for any multiple of 32 times ``shrink``.
        shrink: as in `trainer.recipes.recipe.Build`.
        dropout: rate before the classifier, whole feature channels at a time.
        stochastic_depth: rate of the last residual block; earlier ones rise to it linearly.
        last_stride: of the last stage that has one; 1 keeps the places of the one before.

    Returns:
        A model from radiographs ``(batch, size, size, 1)`` in 0..1 to ``{"logit": (batch, 1),
        "map": (batch, size/32, size/32, 1)}`` (size/16 with ``last_stride`` 1); the logit is the mean of the map.
    """
    inputs, x = enter(size, shrink)
    x = layers.Rescaling(2.0, offset=-1.0, name="centre")(x)
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="stem")(x)
    x = _relu6(_norm(x, "stem_norm"))
    index, count = 0, sum(stage.repeats for stage in STAGES)
    for stage in STAGES:
        for repeat in range(stage.repeats):
            stride = (last_stride if stage is _LAST_HALVING else stage.stride) if repeat == 0 else 1
            x = _block(x, stage, stride, stochastic_depth * index / count, f"block{index}")
            index += 1
    x = layers.Conv2D(1280, 1, use_bias=False, name="head")(x)
    x = _relu6(_norm(x, "head_norm"))
    x = layers.SpatialDropout2D(dropout, name="head_drop")(x)
    return leave(inputs, x, "efficientnet_lite0", initializer="zeros")
