"""Estimates the moments of batch normalisation afresh: films are no ImageNet, averages not what was trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def renew_norms(model: keras.Model, draw: Callable[[int], NDArray[np.float32]], batches: int) -> None:
    """Take the moments over some batches; a network without batch normalisation is left as it is.

    Args:
        model: whose moments are renewed, in place.
        draw: inputs (n, side, side, 1) by the number of the batch, from 0; no step trains on them.
        batches: how many.
    """
    norms = [layer for layer in _layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    before = [(layer.momentum, layer.trainable) for layer in norms]
    for layer in norms:
        layer.trainable = True  # a frozen one would use its moments instead of taking them
    for number in range(batches):
        for layer in norms:
            layer.momentum = number / (number + 1)  # the plain mean over all batches
        _forward(model, draw(number))
    for layer, (momentum, trainable) in zip(norms, before, strict=True):
        layer.momentum, layer.trainable = momentum, trainable


def _layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """All layers, those of networks inside the network too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _forward(model: keras.Model, inputs: NDArray[np.float32]) -> None:
    """A forward pass in training mode that keeps no gradients."""
    if keras.backend.backend() == "torch":
        import torch

        with torch.no_grad():
            model(inputs, training=True)
    else:
        model(inputs, training=True)
