"""EfficientNet-Lite0 from ImageNet, for children and adults, looking at 128 pixels; what ships is an average of such.

Data: kermany-224 (children), rsna-adult-dev, and nih-adult-dev with weight=0.3, which are mined labels. Against
`efficientnet_lite0`: preprocessing version 4, without the grain that JPEG leaves, on which larger inputs made adults
worse; the last halving is left out, so that the map has 8 x 8 places; sources are drawn by the root of their number,
so that no film of the small ones is seen too often; borrowed tones; films mixed in pairs; teachers.
Cost: 400 steps of 32 at 128 pixels; on one core ten minutes with Keras on PyTorch.
Result: children 0.994 to 0.996, RSNA 0.951 to 0.968 of AUC by seed, their average 0.996 and 0.972 (validation part).
Meant for two rounds: two runs of `lite0_160`; then, with those as ``--teacher``, several seeds of this, and
`cxr-trainer average` of them. docs/models.md has the figures.
"""

from __future__ import annotations

from trainer.networks import efficientnet_lite0, efficientnet_lite0_imagenet
from trainer.recipes.recipe import Augmentation, Balance, Recipe, Stage

RECIPE = Recipe(
    name="lite0_128",
    build=efficientnet_lite0.build_fine,
    start=efficientnet_lite0_imagenet.start,
    stages=(Stage(400, 128),),
    learning_rate=4e-4,
    augmentation=Augmentation.MIXED,
    balance=Balance.ROOTS,
    preprocessing=4,
    mixup=0.2,
)
