"""Where a run stands: the step, the best weights so far, and whether it is time to stop; saved and read as one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.networks.assign import another_network
from trainer.runs import load_arrays, save_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.recipes.recipe import Recipe
    from trainer.training.judging import Judgement

Arrays = list["NDArray[Any]"]
NOTHING = (-np.inf, -np.inf)  # worse than any judgement


@dataclass(slots=True)
class Standing:
    """Where a run stands.

    Attributes:
        phase: number of the phase.
        step: of the run, over all phases; those that were stopped early count what they took.
        taken: steps of this phase.
        averaged: running average of the weights, as ``model.get_weights()`` gives them.
        best: the best weights of this phase so far, where the recipe stops early; else empty.
        value: how good those were; see `Judgement.value`.
        stale: looks at the validation part since then.
    """

    phase: int = 0
    step: int = 0
    taken: int = 0
    averaged: Arrays = field(default_factory=list)
    best: Arrays = field(default_factory=list)
    value: tuple[float, float] = NOTHING
    stale: int = 0

    def look(self, judgement: Judgement, recipe: Recipe) -> bool:
        """Take note of a judgement of the averaged weights; whether they are the best of this phase so far."""
        value = judgement.value(recipe.monitor)
        better = value > self.value
        if better:
            self.value, self.stale = value, 0
            if recipe.patience is not None:
                self.best = [np.array(a) for a in self.averaged]
        else:
            self.stale += 1
        return better

    def ended(self, recipe: Recipe) -> bool:
        """Whether this phase is over."""
        patience = recipe.patience
        return self.taken >= recipe.phases[self.phase].steps or (patience is not None and self.stale >= patience)

    def next_phase(self) -> Standing:
        """The standing at the beginning of the next phase, which goes on from the kept weights."""
        return Standing(self.phase + 1, self.step, 0, self.kept)

    @property
    def kept(self) -> Arrays:
        """The weights that a phase is kept by."""
        return self.best or self.averaged


def save(path: Path, state: Sequence[NDArray[Any]], standing: Standing) -> None:
    """Write a checkpoint, atomically.

    Args:
        path: of the checkpoint.
        state: variables of network and optimiser.
        standing: where the run stands.

    Raises:
        TrainerError: the disk refused; the checkpoint before stands.
    """
    counts = (len(state), len(standing.averaged), standing.phase, standing.step, standing.taken, standing.stale)
    save_arrays(
        path,
        [*state, *standing.averaged, *standing.best],
        counts=np.asarray(counts),
        value=np.asarray(standing.value, np.float64),
    )


def load(path: Path, weights: Sequence[NDArray[Any]]) -> tuple[Arrays, Standing]:
    """Read a checkpoint: the variables of network and optimiser, and where the run stood.

    Args:
        path: of the checkpoint.
        weights: of the network that is to go on, for their shapes.

    Raises:
        TrainerError: it cannot be read, or is of another network.
    """
    arrays, extra = load_arrays(path)
    if not {"counts", "value"} <= extra.keys():
        raise another_network(path)
    variables, averages, phase, step, taken, stale = map(int, extra["counts"])
    value = float(extra["value"][0]), float(extra["value"][1])
    averaged, best = arrays[variables : variables + averages], arrays[variables + averages :]
    if [a.shape for a in averaged] != [w.shape for w in weights]:
        raise another_network(path)
    return arrays[:variables], Standing(phase, step, taken, averaged, best, value, stale)
