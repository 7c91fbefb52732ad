"""A multilayer perceptron: flatten and five dense layers, as student project E had it.

Data: a folder per class, such as kermany-224, the set of the student projects. It looks at 56 pixels (shrink 4).
Cost: at most 1,200 steps of 32, a minute or two on two cores.
Result: measured, see docs/models.md.
"""

from __future__ import annotations

from trainer.networks import dense
from trainer.networks.starting_weights import start_given
from trainer.recipes.recipe import Augmentation, Balance, Recipe, Stage

RECIPE = Recipe(
    name="mlp",
    build=dense.mlp,
    start=start_given,
    stages=(Stage(1200, 224),),
    shrink=4,
    learning_rate=1e-3,
    weight_decay=0.0,
    label_smoothing=0.0,
    ema=0.0,
    norm_batches=0,  # it has no batch normalisation
    augmentation=Augmentation.NONE,
    balance=Balance.NONE,
    judge_every=100,
    patience=5,
)
