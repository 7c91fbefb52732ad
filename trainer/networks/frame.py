"""What every network begins and ends with: a grey radiograph of 0..1 in, a map and its mean, the logit, out.

Head: Zhou et al., "Learning deep features for discriminative localization" (CVPR 2016), with the pooling after the
classifier, so that the picture shown is the score given.
"""

from __future__ import annotations

import keras
from keras import layers

from trainer.recipes.recipe import HEAD


def enter(size: int | None, shrink: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The input ``(batch, size, size, 1)`` and the same radiograph made smaller by averaging ``shrink`` pixels each
    way; ``size`` None for any."""
    inputs = keras.Input((size, size, 1), name="radiograph")
    return inputs, layers.AveragePooling2D(shrink, name="shrink")(inputs) if shrink > 1 else inputs


def leave(
    inputs: keras.KerasTensor, x: keras.KerasTensor, name: str, initializer: str = "glorot_uniform"
) -> keras.Model:
    """The network from its input to a map of ``x``'s places ``(batch, rows, columns, 1)`` and that map's mean."""
    map_ = layers.Conv2D(1, 1, kernel_initializer=initializer, name=HEAD)(x)
    logit = layers.GlobalAveragePooling2D(name="logit")(map_)
    return keras.Model(inputs, {"logit": logit, "map": map_}, name=name)


def leave_flat(inputs: keras.KerasTensor, x: keras.KerasTensor, name: str) -> keras.Model:
    """The same of features ``(batch, n)`` that have lost their places: a map of one cell."""
    return leave(inputs, layers.Reshape((1, 1, x.shape[-1]), name="one_place")(x), name)
