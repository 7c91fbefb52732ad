"""What a recipe is: a frozen set of numbers that, with the data and a seed, decides a run; it trains nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Final, Protocol

from models.contract import DEFAULT, SIDE, VERSIONS

if TYPE_CHECKING:
    import keras

    from trainer.networks.starting_weights import Weights

HEAD: Final = "map"  # the layer that gives the logit; alone it learns while the rest is frozen


class Augmentation(StrEnum):
    """How the views of a film differ from it."""

    NONE = "none"
    SHEAR_ZOOM_FLIP = "shear-zoom-flip"  # what the student projects did
    HEAVY = "heavy"  # other scanners, exposures, exports: see `trainer.data.augment`
    MIXED = "mixed"  # the same, and by chance the tones of a film of any source
    FAR = "far"  # the same, with tighter crops, narrower windows, local contrast and coarser JPEG


class Balance(StrEnum):
    """What is done about classes of unequal size."""

    NONE = "none"  # every film once an epoch
    AUGMENTED = "augmented"  # and augmented copies of normal films, `Recipe.extra_normals` of them
    CLASS_WEIGHT = "class-weight"  # the loss of a film weighs inversely to its class
    SAMPLING = "sampling"  # source, class and view are drawn with equal chance
    SHARES = "shares"  # the same, but sources as often as their films weigh, and every film drawn counts in full
    ROOTS = "roots"  # the same, but sources as often as the square root of the number of their films


class Monitor(StrEnum):
    """By what early stopping tells better weights, on the validation part."""

    AUC = "auc"
    RECALL = "recall"  # sensitivity at a probability of one half, as the student projects watched it


class Build(Protocol):
    """Makes an untrained network.

    It maps radiographs ``(batch, size, size, 1)`` in 0..1 to ``{"logit": (batch, 1), "map": (batch, rows, columns,
    1)}``; the logit is the mean of the map, and the layer `HEAD` makes the map. ``shrink`` is the factor by which the
    network makes the radiograph smaller before it looks at it. A network that cannot take any size takes ``size`` None
    for 224.
    """

    def __call__(self, size: int | None, *, shrink: int) -> keras.Model:
        """The network."""
        ...


class Start(Protocol):
    """Lays starting weights into a network and says what they are, from where, and under which licence."""

    def __call__(self, model: keras.Model, weights: Weights) -> str:
        """The text for the bundle."""
        ...


@dataclass(frozen=True, slots=True)
class Stage:
    """Some steps at one input size."""

    steps: int
    side: int  # pixels, a multiple of 32
    frozen: bool = False  # only the layer `HEAD` learns


@dataclass(frozen=True, slots=True)
class Phase:
    """Consecutive stages that share an optimiser and its schedule.

    Attributes:
        name: ``original`` (frozen), ``finetune`` (what follows it) or ``whole``.
        first: number of its first step in the run, if no phase before it stops early.
    """

    name: str
    stages: tuple[Stage, ...]
    frozen: bool

    @property
    def steps(self) -> int:
        """Of all its stages."""
        return sum(stage.steps for stage in self.stages)

    def side_at(self, step: int) -> int:
        """The input size of a step, counted from the phase's first."""
        for stage in self.stages:
            if step < stage.steps:
                return stage.side
            step -= stage.steps
        return self.stages[-1].side


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Attributes:
        name: as on the command line and in the bundle; of a site's own recipe ``package.module:ATTRIBUTE`` or a file.
        build: makes the untrained network.
        start: lays starting weights into it and says what they are and under which licence.
        stages: input sizes in their order; a frozen stage comes before those that are not.
        shrink: the network averages so many pixels in each direction before it looks.
        batch: films a step.
        learning_rate: peak of the cosine, after `warmup` steps.
        frozen_learning_rate: the same while all but the head is frozen.
        weight_decay: of AdamW.
        label_smoothing: towards one half.
        ema: of the weights per step, 0..1; the averaged weights are what is kept.
        norm_batches: training batches over which batch normalisation is estimated afresh, before and after.
        augmentation: of the films that are drawn.
        balance: of the classes.
        preprocessing: the contract's version.
        mixup: both parameters of the beta distribution by which two films of a batch are mixed; 0: none are.
        trust: how much of what a film with a teacher should be called is its own label, times the film's weight; the
            rest is the teachers' probability. See `trainer.training.teachers`.
        extra_normals: how many augmented copies `Balance.AUGMENTED` adds.
        judge_every: steps between two looks at the validation part; None: only at the end.
        patience: looks without improvement after which a phase ends; None: it is trained to its end.
        monitor: what improvement is.
    """

    name: str
    build: Build
    start: Start
    stages: tuple[Stage, ...]
    shrink: int = 1
    batch: int = 32
    learning_rate: float = 2e-4
    frozen_learning_rate: float = 2e-3
    warmup: int = 50
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    ema: float = 0.995
    norm_batches: int = 60
    augmentation: Augmentation = Augmentation.HEAVY
    balance: Balance = Balance.SAMPLING
    preprocessing: int = DEFAULT
    mixup: float = 0.0
    trust: float = 0.85
    extra_normals: int = 2540
    judge_every: int | None = None
    patience: int | None = None
    monitor: Monitor = Monitor.AUC

    @property
    def steps(self) -> int:
        """Of all stages."""
        return sum(stage.steps for stage in self.stages)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The stages by what learns in them."""
        groups = [(frozen, tuple(stages)) for frozen, stages in groupby(self.stages, lambda stage: stage.frozen)]
        rest = "finetune" if groups[0][0] else "whole"
        return tuple(Phase("original" if frozen else rest, stages, frozen) for frozen, stages in groups)

    @property
    def side(self) -> int:
        """Of the tensors that the network is given in service, in pixels."""
        return VERSIONS[self.preprocessing].side

    def network(self, size: int | None = SIDE) -> keras.Model:
        """The untrained network for one input size, or for any (None)."""
        return self.build(size, shrink=self.shrink)

    def at_side(self, side: int) -> Recipe:
        """The recipe for a network that looks at so many pixels a side; see `shrink`.

        Raises:
            ValueError: the tensor's side is no multiple of it.
        """
        if self.side % side:
            raise ValueError(f"{side} divides no tensor of {self.side} pixels")
        stages = tuple(replace(stage, side=self.side) for stage in self.stages)
        return replace(self, shrink=self.side // side, stages=stages)

    def scaled(self, steps: int) -> Recipe:
        """The recipe with about that many steps, each stage keeping its share and at least one step; for trials.

        Batch normalisation is then estimated over no more batches than there are steps.
        """
        factor = steps / self.steps
        stages = tuple(replace(stage, steps=max(1, round(stage.steps * factor))) for stage in self.stages)
        norms = min(self.norm_batches, max(2, steps))
        return replace(self, stages=stages, warmup=round(self.warmup * factor), norm_batches=norms)
