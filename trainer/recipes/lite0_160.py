"""EfficientNet-Lite0 from ImageNet, for children and adults, looking at 160 pixels; what ships is an average of such.

Data: kermany-224 (children), rsna-adult-dev, and nih-adult-dev with weight=0.3, which are mined labels. Against
`efficientnet_lite0`: preprocessing version 3, without the grain that JPEG leaves; sources drawn by the root of their
number, so that no film of the small ones is seen too often; borrowed tones; films mixed in pairs. Fewer steps are
better here: adults' AUC fell from 0.96 to 0.95 when each of their films had been drawn 70 times.
Cost: 400 steps of 32 at 128 pixels and 100 at 160; on one core ten minutes with Keras on PyTorch.
Meant for two rounds: one run; then, with that as ``--teacher``, several seeds, and `cxr-trainer average` of them.
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
