"""Small convolutional networks as students build them: three convolutions with pooling, flatten, dense.

The dense layer fixes the size (None is the contract's) and loses the places, so the map is one cell.
"""

from __future__ import annotations

from typing import Final

import keras
from keras import layers

from models.contract import SIDE
from trainer.networks.frame import enter, leave_flat

FILTERS: Final = (32, 64, 128)
UNITS: Final = 128


def cnn(size: int | None, *, shrink: int) -> keras.Model:
    """Three convolutions, each with pooling, then one dense layer; see `trainer.recipes.recipe.Build`."""
    return _build(size, shrink, "cnn", spatial_dropout=0.0, dropout=0.0, l2=0.0)


def cnn_regularised(size: int | None, *, shrink: int) -> keras.Model:
    """The same with dropout after each pooling and before the head, and an L2 penalty on every kernel."""
    return _build(size, shrink, "cnn_regularised", spatial_dropout=0.1, dropout=0.5, l2=1e-4)


def _build(
    size: int | None, shrink: int, name: str, *, spatial_dropout: float, dropout: float, l2: float
) -> keras.Model:
    penalty = keras.regularizers.L2(l2) if l2 else None
    inputs, x = enter(size or SIDE, shrink)
    x = layers.Rescaling(2.0, offset=-1.0, name="centre")(x)
    for number, filters in enumerate(FILTERS, 1):
        x = layers.Conv2D(
            filters, 3, padding="same", activation="relu", kernel_regularizer=penalty, name=f"convolution{number}"
        )(x)
        x = layers.MaxPooling2D(2, name=f"pooling{number}")(x)
        if spatial_dropout:
            x = layers.SpatialDropout2D(spatial_dropout, name=f"drop{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(UNITS, activation="relu", kernel_regularizer=penalty, name="dense")(x)
    if dropout:
        x = layers.Dropout(dropout, name="drop")(x)
    return leave_flat(inputs, x, name)
