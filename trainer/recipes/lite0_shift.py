"""EfficientNet-Lite0 from ImageNet, for children and adults, made for the benchmark of shift; it lost there.

Data: kermany-224 (children), rsna-adult-dev, and nih-adult-dev with weight=0.3, which are mined labels. Against
`efficientnet_lite0`: preprocessing version 2; sources drawn as often as their films weigh instead of equally often with
a smaller loss, so that no step is spent on weak labels; every third view borrows the tones of another film; twice the
learning rate and steps, most of them at 128 pixels, where a step costs a third; more label smoothing.
Cost: 2,800 steps of 32 at 128 pixels and 600 at 224; on two cores about an hour with Keras on PyTorch.
Result: it does not beat `lite0-2026.11`: the steps at 224 pixels taught it fine grain again, and it saw RSNA too often;
see docs/models.md before you use it.
"""

from __future__ import annotations

from trainer.networks import efficientnet_lite0, efficientnet_lite0_imagenet
from trainer.recipes.recipe import Augmentation, Balance, Recipe, Stage

RECIPE = Recipe(
    name="lite0_shift",
    build=efficientnet_lite0.build,
    start=efficientnet_lite0_imagenet.start,
    stages=(Stage(2800, 128), Stage(600, 224)),
    learning_rate=4e-4,
    warmup=100,
    label_smoothing=0.1,
    ema=0.998,
    augmentation=Augmentation.MIXED,
    balance=Balance.SHARES,
    preprocessing=2,
)
