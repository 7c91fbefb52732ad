"""EfficientNet-Lite0 from ImageNet at 160 pixels: the teacher of `lite0_128`, which does better by itself.

Data: as `lite0_128`, without a teacher.
Result: children 0.995 and 0.991, RSNA 0.936 and 0.929 of AUC (seeds 11 and 12, validation part). Its last steps, at 160
pixels, are too few for the averaged weights to follow: given 128 pixels it ranks RSNA films at 0.940 and 0.959.
Cost: 400 steps of 32 at 128 pixels and 100 at 160; on one core ten minutes with Keras on PyTorch.
"""

from __future__ import annotations

from trainer.networks import efficientnet_lite0, efficientnet_lite0_imagenet
from trainer.recipes.recipe import Augmentation, Balance, Recipe, Stage

RECIPE = Recipe(
    name="lite0_160",
    build=efficientnet_lite0.build,
    start=efficientnet_lite0_imagenet.start,
    stages=(Stage(400, 128), Stage(100, 160)),
    learning_rate=4e-4,
    augmentation=Augmentation.MIXED,
    balance=Balance.ROOTS,
    preprocessing=3,
    mixup=0.2,
)
