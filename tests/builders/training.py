"""Builds folders of labelled synthetic films, and a recipe so small that a test can train it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from builders.films import grey_film, jpeg
from builders.parts import missing

from trainer.data.sources import Film
from trainer.networks.starting_weights import Weights
from trainer.recipes.recipe import Recipe, Stage

TINY_NAME: Final = "builders.training:TINY"


def need_keras() -> None:
    """Skip, or fail where parts are required, without the trainer's extra."""
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        missing("keras and tensorflow are not installed: they are in the extra `trainer`")


def labelled_folder(folder: Path, each: int = 6, seed: int = 0, width: int = 96) -> Path:
    """A data folder: `each` clear films in NORMAL/, as many clouded ones in PNEUMONIA/, all of different patients."""
    for label, (name, opacity) in enumerate((("NORMAL", 0.0), ("PNEUMONIA", 0.9))):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            film = grey_film(width, width, seed=1000 * seed + 2 * number + label, opacity=opacity)
            (folder / name / f"film{number:03d}.jpg").write_bytes(jpeg(film))
    return folder


def film(number: int = 0, **changes: Any) -> Film:
    """A film on paper: no file lies at its path."""
    values: dict[str, Any] = {
        "path": Path(f"/nowhere/{number}.jpg"),
        "sha256": f"{number:064d}",
        "source": "paper",
        "label": number % 2,
        "population": None,
        "patient": f"paper:{number}",
    }
    return Film(**{**values, **changes})


def _build(size: int | None, *, shrink: int) -> Any:
    """Two convolutions with batch normalisation and dropout, from (size, size, 1) to a map of size / 32 / shrink."""
    import keras
    from keras import layers

    from trainer.networks.batch_norm import BatchNorm

    inputs = keras.Input((size, size, 1), name="radiograph")
    x = layers.AveragePooling2D(8 * shrink)(inputs)
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="first")(x)
    x = layers.ReLU(max_value=6.0)(BatchNorm(name="first_norm")(x))
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False, name="second")(x)
    x = layers.ReLU(max_value=6.0)(BatchNorm(name="second_norm")(x))
    x = layers.SpatialDropout2D(0.2, name="drop")(x)
    map_ = layers.Conv2D(1, 1, name="map")(x)
    return keras.Model(inputs, {"logit": layers.GlobalAveragePooling2D(name="logit")(map_), "map": map_}, name="tiny")


def _start(model: Any, weights: Weights) -> str:
    """Weights by hand: brightness, a little different in every channel, so that a clouded film scores higher."""
    rng = np.random.default_rng(0)
    for name in ("first", "second"):
        layer = model.get_layer(name)
        layer.set_weights([rng.uniform(0.5, 1.0, w.shape) / 9 for w in layer.get_weights()])
    kernel, bias = model.get_layer("map").get_weights()
    model.get_layer("map").set_weights([np.full_like(kernel, 0.5), np.full_like(bias, -1.0)])
    return "by hand (no licence is needed)"


TINY: Final = Recipe(
    name=TINY_NAME,
    build=_build,
    start=_start,
    stages=(Stage(3, 32), Stage(1, 64)),
    batch=8,
    warmup=1,
    norm_batches=3,
)
