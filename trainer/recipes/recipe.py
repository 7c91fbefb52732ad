"""What a recipe is: a frozen set of numbers that, with the data and a seed, decides a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras


@dataclass(frozen=True, slots=True)
class Stage:
    """Some steps at one input size."""

    steps: int
    side: int  # pixels, a multiple of 32


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Attributes:
        name: as on the command line and in the bundle; of a site's own recipe ``package.module:ATTRIBUTE``.
        build: makes the untrained network from the input size (None: any).
        start: lays starting weights into it and says what they are and under which licence.
        stages: input sizes in their order; the learning rate runs over all of them.
        batch: films a step.
        learning_rate: peak of the cosine, after `warmup` steps.
        weight_decay: of AdamW.
        label_smoothing: towards one half.
        ema: of the weights per step, 0..1; the averaged weights are what is kept.
        norm_batches: training batches over which batch normalisation is estimated afresh, before and after.
    """

    name: str
    build: Callable[[int | None], keras.Model]
    start: Callable[[keras.Model], str]
    stages: tuple[Stage, ...]
    batch: int = 32
    learning_rate: float = 2e-4
    warmup: int = 50
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    ema: float = 0.995
    norm_batches: int = 60

    @property
    def steps(self) -> int:
        """Of all stages."""
        return sum(stage.steps for stage in self.stages)

    def side_at(self, step: int) -> int:
        """The input size of a step."""
        for stage in self.stages:
            if step < stage.steps:
                return stage.side
            step -= stage.steps
        return self.stages[-1].side

    def scaled(self, steps: int) -> Recipe:
        """The recipe with about that many steps, each stage keeping its share and at least one step; for trials.

        Batch normalisation is then estimated over no more batches than there are steps.
        """
        factor = steps / self.steps
        stages = tuple(replace(stage, steps=max(1, round(stage.steps * factor))) for stage in self.stages)
        norms = min(self.norm_batches, max(2, steps))
        return replace(self, stages=stages, warmup=round(self.warmup * factor), norm_batches=norms)
