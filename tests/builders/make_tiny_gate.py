"""Makes data/tiny_gate.tflite, once: python tests/builders/make_tiny_gate.py (needs TensorFlow; the tests do not).

The tiny network of make_tiny.py with a gate of three kinds, film, inverted and blank, set by hand: how much brighter
the spine of `films.grey_film` is than its lungs speaks for a film, the reverse for an inverted one, neither for blank.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
from keras import layers

GAIN, OFFSET = 40.0, 20.6  # as in make_tiny.py
STEEP, GUARD = 20.0, 24.0
SPINE, LUNGS = (slice(1, 5), slice(3, 4)), ((slice(1, 4), slice(1, 2)), (slice(1, 4), slice(5, 6)))  # of 7 x 7 tiles


def build() -> keras.Model:
    """The network, with its weights set by hand."""
    inputs = keras.Input((224, 224, 1), batch_size=1, name="radiograph")
    tiles = layers.AveragePooling2D(32)(inputs)
    brightness = layers.Conv2D(1, 1, name="brightness")
    linear = layers.Conv2D(5, 7, name="linear")
    outputs = {"gate": layers.Flatten(name="gate")(linear(tiles)), "map": brightness(tiles)}
    model = keras.Model(inputs, outputs)
    brightness.set_weights([np.full((1, 1, 1, 1), GAIN), np.full(1, -OFFSET)])
    contrast = np.zeros((7, 7))
    contrast[SPINE] = 1 / contrast[SPINE].size
    for lung in LUNGS:
        contrast[lung] = -1 / (2 * contrast[lung].size)
    kernel = np.stack([contrast * STEEP, -contrast * STEEP, *[contrast * 0] * 3], axis=-1)
    linear.set_weights([kernel[:, :, None], np.array([0.0, 0.0, 2.0, -GUARD, GUARD])])
    return model


def main() -> None:
    """Quantise it to int8, input and output as well, and write it beside this file."""
    from trainer.export.choices import Precision
    from trainer.export.quantise import to_litert

    levels = np.linspace(0.0, 1.0, 16, dtype=np.float32)
    examples = [np.full((1, 224, 224, 1), level) for level in levels]
    (Path(__file__).parent / "data" / "tiny_gate.tflite").write_bytes(to_litert(build(), Precision.INT8, examples))


if __name__ == "__main__":
    main()
