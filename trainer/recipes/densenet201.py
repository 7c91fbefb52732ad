"""DenseNet-201 from ImageNet, frozen and then fine-tuned, as student project E had it.

Data: a folder per class, such as kermany-224. It looks at 112 pixels (shrink 2), not at 224, so that two cores can do
it. Cost: 150 steps of 32 that train the head alone (the row "original"), then at most 250 of the whole network
("finetune"). ImageNet weights are downloaded by Keras; where nothing may be, give --weights FILE or --weights none.
Result: measured, see docs/models.md.
"""

from __future__ import annotations

from trainer.networks.applications import DENSENET201
from trainer.recipes.recipe import Augmentation, Balance, Recipe, Stage

RECIPE = Recipe(
    name="densenet201",
    build=DENSENET201.build,
    start=DENSENET201.start,
    stages=(Stage(150, 224, frozen=True), Stage(250, 224)),
    shrink=2,
    learning_rate=2e-4,
    frozen_learning_rate=2e-3,
    warmup=20,
    label_smoothing=0.0,
    ema=0.98,
    norm_batches=30,
    augmentation=Augmentation.SHEAR_ZOOM_FLIP,
    balance=Balance.NONE,
    judge_every=50,
    patience=5,
)
