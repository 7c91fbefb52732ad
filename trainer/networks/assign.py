"""Lays arrays into the variables of a network, or says that they belong to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


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
