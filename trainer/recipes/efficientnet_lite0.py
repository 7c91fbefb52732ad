"""EfficientNet-Lite0 from ImageNet, for children and adults together.

Data: kermany-224 (children), rsna-adult-dev and nih-adult-dev (adults; give the latter weight=0.3, its labels are
mined from reports). Cost: the head alone for 60 steps of 32 at 160 pixels, all of it for 1,400 more, then 190 at 224;
on two cores about an hour with TensorFlow and fifty minutes with Keras on PyTorch. Expect a validation AUC near 0.99
for children and 0.95 for RSNA adults.
"""

from __future__ import annotations

from trainer.networks import efficientnet_lite0, efficientnet_lite0_imagenet
from trainer.recipes.recipe import Recipe, Stage

RECIPE = Recipe(
    name="efficientnet_lite0",
    build=efficientnet_lite0.build,
    start=efficientnet_lite0_imagenet.start,
    stages=(Stage(60, 160, frozen=True), Stage(1400, 160), Stage(190, 224)),
)
