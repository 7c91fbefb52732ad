"""The network of `cnn` on sheared, zoomed and flipped films, as student project C trained it.

Data: a folder per class, such as kermany-224, the set of the student projects. It looks at 112 pixels (shrink 2).
Cost: at most 1,200 steps of 32, some ten minutes on two cores.
Result: measured, see docs/models.md.
"""

from __future__ import annotations

from trainer.networks import convolutional
from trainer.networks.starting_weights import start_given
from trainer.recipes.recipe import Augmentation, Balance, Recipe, Stage

RECIPE = Recipe(
    name="cnn_augmented",
    build=convolutional.cnn,
    start=start_given,
    stages=(Stage(1200, 224),),
    shrink=2,
    learning_rate=1e-3,
    weight_decay=0.0,
    label_smoothing=0.0,
    ema=0.0,
    norm_batches=0,  # it has no batch normalisation
    augmentation=Augmentation.SHEAR_ZOOM_FLIP,
    balance=Balance.NONE,
    judge_every=100,
    patience=5,
)
