"""The networks of `keras.applications` with our head; the grey radiograph is shown to them as a grey colour picture."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, Final

import keras
from keras import layers

from trainer.errors import TrainerError
from trainer.networks.frame import enter, leave
from trainer.networks.starting_weights import Origin, Weights, backbone, start_given

DROPOUT: Final = 0.2  # of whole channels before the head


@dataclass(frozen=True, slots=True)
class Application:
    """One network of `keras.applications`.

    Attributes:
        name: of the network that is built.
        make: the function of `keras.applications`.
        scale, offset: by which each channel of 0..1 becomes what the ImageNet weights were trained on.
        licence: of those weights.
    """

    name: str
    make: Callable[..., keras.Model]
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    licence: str

    def build(self, size: int | None, *, shrink: int) -> keras.Model:
        """The network, without weights; see `trainer.recipes.recipe.Build`.

        It is built in one piece, not with the backbone as a layer of its own, so that freezing, rounding and the
        moments of batch normalisation reach every layer.
        """
        inputs, x = enter(size, shrink)
        x = layers.Concatenate(name="grey_as_colour")([x, x, x])
        x = layers.Rescaling(list(self.scale), offset=list(self.offset), name="centre")(x)
        x = self.make(include_top=False, weights=None, input_tensor=x).output
        x = layers.SpatialDropout2D(DROPOUT, name="head_drop")(x)
        return leave(inputs, x, self.name)

    def start(self, model: keras.Model, weights: Weights) -> str:
        """Lay starting weights in; see `trainer.recipes.recipe.Start`.

        Raises:
            TrainerError: the file does not fit, or the download failed.
        """
        if weights.origin is not Origin.RECIPE:
            return start_given(model, weights)
        backbone(model).set_weights(self._download())
        return f"ImageNet, by keras.applications {keras.__version__} ({self.licence})"

    def _download(self) -> list[Any]:
        """ImageNet weights without the classifier; Keras keeps the file in its own folder."""
        try:
            with redirect_stdout(sys.stderr):  # Keras announces a download on standard output, which is for results
                return self.make(include_top=False, weights="imagenet").get_weights()
        except Exception as error:  # Keras raises no less general one where a download fails
            cause = " ".join(str(error).split()) or type(error).__name__
            raise TrainerError(
                "download ImageNet weights", self.name, cause, "give --weights FILE or --weights none"
            ) from error


# What keras.applications.inception_v3.preprocess_input does, from 0..1 to -1..1.
INCEPTION_V3: Final = Application(
    "inception_v3", keras.applications.InceptionV3, (2.0, 2.0, 2.0), (-1.0, -1.0, -1.0), "Apache-2.0"
)

# Its "torch" mode: mean and standard deviation of ImageNet's channels.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
DENSENET201: Final = Application(
    "densenet201",
    keras.applications.DenseNet201,
    (1 / _DEVIATION[0], 1 / _DEVIATION[1], 1 / _DEVIATION[2]),
    (-_MEAN[0] / _DEVIATION[0], -_MEAN[1] / _DEVIATION[1], -_MEAN[2] / _DEVIATION[2]),
    "BSD-3-Clause",
)
