"""Batch normalisation that uses PyTorch's fused kernel when Keras runs on PyTorch; elsewhere it is Keras's own.

Keras 3.15 computes the moments in separate operations on that backend, which made an EfficientNet-Lite0 step at 160
pixels on two cores 2.6 s instead of 1.5 s.
"""

from __future__ import annotations

from typing import Any

import keras


class BatchNorm(keras.layers.BatchNormalization):
    """Normalises over batch, height and width; the variables and what they mean are those of Keras."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise ``inputs`` (batch, height, width, channels); see `keras.layers.BatchNormalization`."""
        if not training or not self.trainable or keras.backend.backend() != "torch" or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        from torch.nn.functional import batch_norm

        mean, variance = self.moving_mean.value, self.moving_variance.value
        outputs = batch_norm(
            inputs.permute(0, 3, 1, 2),
            mean.data,
            variance.data,
            self.gamma.value,
            self.beta.value,
            training=True,
            momentum=1.0 - self.momentum,  # PyTorch weighs the new value, Keras the old one
            eps=self.epsilon,
        )
        return outputs.permute(0, 2, 3, 1)
