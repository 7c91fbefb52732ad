"""Networks that flatten the radiograph at once; they have no places, so their map is one cell.

Both take one size only; None is the contract's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import keras
from keras import layers

from models.contract import SIDE
from trainer.networks.frame import enter, leave_flat

MLP: Final = (512, 256, 128, 64)  # units of the hidden layers; the head is the fifth dense layer
BASELINE: Final = (128,)


def mlp(size: int | None, *, shrink: int) -> keras.Model:
    """Flatten and five dense layers, the last of which is the head; see `trainer.recipes.recipe.Build`."""
    return _build(size, shrink, MLP, "mlp")


def dense_baseline(size: int | None, *, shrink: int) -> keras.Model:
    """Flatten, one dense layer and the head; see `trainer.recipes.recipe.Build`."""
    return _build(size, shrink, BASELINE, "dense_baseline")


def _build(size: int | None, shrink: int, units: Sequence[int], name: str) -> keras.Model:
    inputs, x = enter(size or SIDE, shrink)
    x = layers.Rescaling(2.0, offset=-1.0, name="centre")(x)
    x = layers.Flatten(name="flatten")(x)
    for number, width in enumerate(units, 1):
        x = layers.Dense(width, activation="relu", name=f"dense{number}")(x)
    return leave_flat(inputs, x, name)
