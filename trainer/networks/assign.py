"""Lays arrays into the variables of a network, or says that they belong to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainer.errors import TrainerError
from trainer.runs import load_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import keras
    from numpy.typing import NDArray

    from trainer.recipes.recipe import Recipe


def trained_network(recipe: Recipe, weights: Path) -> keras.Model:
    """The network of a recipe at the size at which it is used, with what a run has learned.

    The weights are those of ``model.get_weights()``, which are the same under every Keras backend.

    Raises:
        TrainerError: the weights cannot be read, or are of another recipe.
    """
    model = recipe.network(recipe.side)
    arrays, _ = load_arrays(weights)
    assign(model.weights, arrays, weights)
    return model


def assign(variables: Sequence[Any], values: Sequence[NDArray[Any]], path: Path) -> None:
    """Lay arrays into variables, in their order.

    Raises:
        TrainerError: they belong to another network.
    """
    if [tuple(v.shape) for v in variables] != [a.shape for a in values]:
        raise another_network(path)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def another_network(path: Path) -> TrainerError:
    """The error of weights that do not fit."""
    return TrainerError("load weights", path, "their shapes are of another recipe", "name the recipe that made them")
