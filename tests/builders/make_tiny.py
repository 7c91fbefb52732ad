"""Makes data/tiny.tflite, once: python tests/builders/make_tiny.py (needs TensorFlow; the tests do not).

A network with the input and output of a real bundle's model and no training at all: its map is the brightness of 7 x 7
tiles, times GAIN, less OFFSET. So the logit rises with the `opacity` of `films.grey_film`: 0 lies below the tiny
bundle's threshold (0), 0.5 between it and the threshold of `first` (1), and 1 above that.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from keras import layers

GAIN, OFFSET = 40.0, 20.6


def build() -> keras.Model:
    """The network, with its weights set by hand."""
    inputs = keras.Input((224, 224, 1), batch_size=1, name="radiograph")
    tiles = layers.AveragePooling2D(32)(inputs)
    outputs = layers.Conv2D(1, 1, name="map")(tiles)
    model = keras.Model(inputs, {"map": outputs})
    model.get_layer("map").set_weights([np.full((1, 1, 1, 1), GAIN), np.full(1, -OFFSET)])
    return model


def main() -> None:
    """Quantise it to int8, input and output as well, and write it beside this file."""
    levels = np.linspace(0.0, 1.0, 16, dtype=np.float32)
    converter = tf.lite.TFLiteConverter.from_keras_model(build())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([np.full((1, 224, 224, 1), level)] for level in levels)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (Path(__file__).parent / "data" / "tiny.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main()
