"""Draws the batches that a run is trained on, ahead of the steps where that helps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import keras

from trainer.data.batches import Batch, Drawer
from trainer.data.sources import Part
from trainer.training.teachers import targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.recipes.recipe import Phase, Recipe
    from trainer.training.progress import Standing
    from trainer.training.run import Films, Run

AHEAD: Final = 3  # batches drawn while one is trained on


def drawer_of(run: Run, films: Films) -> Drawer:
    """Draws the batches of a run from its training part."""
    chosen, recipe = films.of(Part.TRAIN), run.recipe
    pixels = [films.pixels[film.sha256] for film in chosen]
    return Drawer(
        chosen,
        pixels,
        seed=run.seed,
        balance=recipe.balance,
        augmentation=recipe.augmentation,
        extra_normals=recipe.extra_normals,
        preprocessing=recipe.preprocessing,
        targets=targets(run.teachers, chosen, pixels, recipe.trust),
        mixup=recipe.mixup,
    )


def _cores_step_together() -> bool:
    """Whether Keras runs on PyTorch without a GPU: its threads wait for one another, so that one that draws beside them
    holds up all (on two cores a step of `lite0_128` took 1.1 s instead of 0.75 s)."""
    if keras.backend.backend() != "torch":
        return False
    import torch

    return not torch.cuda.is_available()


def batches(drawer: Drawer, recipe: Recipe, phase: Phase, standing: Standing) -> Iterator[Batch]:
    """The batches of a phase that are left, some drawn ahead where that helps (Pillow and numpy release the GIL)."""
    taken, offset = standing.taken, standing.step - standing.taken
    if _cores_step_together():
        for step in range(taken, phase.steps):
            yield drawer.batch(offset + step, recipe.batch, phase.side_at(step))
        return
    with ThreadPoolExecutor(2) as pool:

        def draw(step: int) -> Any:
            return pool.submit(drawer.batch, offset + step, recipe.batch, phase.side_at(step))

        waiting = [draw(step) for step in range(taken, min(taken + AHEAD, phase.steps))]
        for step in range(taken, phase.steps):
            yield waiting.pop(0).result()
            if step + AHEAD < phase.steps:
                waiting.append(draw(step + AHEAD))
