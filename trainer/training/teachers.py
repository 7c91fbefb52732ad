"""What trained networks say that the films of a new run should be called, where labels are weak or few.

Hinton et al., "Distilling the knowledge in a neural network" (2015); Xie et al., "Self-training with noisy student"
(CVPR 2020): the teachers see the films as they are, the student sees them varied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.contract import VERSIONS
from trainer.data.batches import Views
from trainer.networks.assign import trained_network
from trainer.recipes.registry import recipe_as_run
from trainer.runs import WEIGHTS, read_run
from trainer.training.judging import predict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.data.films import Film


def targets(
    teachers: Sequence[Path], films: Sequence[Film], pixels: Sequence[NDArray[np.uint8]], trust: float
) -> list[float] | None:
    """What each film should be called, 0..1; None without a teacher: its label.

    Args:
        teachers: run folders; the mean of their probabilities counts.
        films: of the training part.
        pixels: of each, as `trainer.data.batches.load_film` gives them.
        trust: see `trainer.recipes.recipe.Recipe`.

    Raises:
        TrainerError: a folder holds no run that has ended.
    """
    if not teachers:
        return None
    said = np.mean([_probabilities(folder, pixels) for folder in teachers], axis=0)
    own = [trust * film.weight for film in films]
    return [share * film.label + (1.0 - share) * float(p) for share, film, p in zip(own, films, said, strict=True)]


def _probabilities(folder: Path, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Of one teacher, (n,), at the size at which it will be used."""
    record = read_run(folder)
    recipe = recipe_as_run(folder, record)
    model = trained_network(recipe, folder / WEIGHTS)
    logits = predict(model, Views(pixels, VERSIONS[record.preprocessing]), len(pixels), recipe.side)
    probabilities: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-logits))
    return probabilities
