"""Takes the steps of one phase: its loss, its optimiser, how fast it goes, and what is counted.

Two things are done here that Keras would do inside the step, where TensorFlow has to trace them: its counters are built
beforehand, since a step that builds something is traced twice, and the learning rate is worked out once a step, since
AdamW asks for it once a weight. It takes an EfficientNet-Lite0 a third of the time to get to its first step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from trainer.recipes.recipe import HEAD

if TYPE_CHECKING:
    from trainer.data.batches import Batch
    from trainer.recipes.recipe import Phase, Recipe


class Steps:
    """What one phase trains a network by.

    Attributes:
        state: the variables of network and optimiser; dropout's seeds and the count of steps are among them.
    """

    def __init__(self, model: keras.Model, recipe: Recipe, phase: Phase) -> None:
        for layer in model.layers:
            layer.trainable = not phase.frozen or layer.name == HEAD
        self._trained = keras.Model(model.input, model.output["logit"])
        self._pace = _pace(recipe, phase)
        self._rate = keras.Variable(0.0, trainable=False, dtype="float32", name="rate")
        self._optimizer = keras.optimizers.AdamW(lambda: self._rate, weight_decay=recipe.weight_decay, clipnorm=5.0)
        loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)
        self._trained.compile(self._optimizer, loss, metrics=[_accuracy])
        self._optimizer.build(self._trained.trainable_variables)
        one = np.zeros((1, 1), np.float32)
        self._trained.compute_metrics(None, one, one)
        self.state: list[Any] = [*self._trained.variables, *self._optimizer.variables]

    def take(self, batch: Batch) -> tuple[float, float]:
        """Take one step; its loss, and the share of films on the right side of one half."""
        self._rate.assign(self._pace(self._optimizer.iterations))
        self._trained.reset_metrics()
        value, accuracy = self._trained.train_on_batch(batch.inputs, batch.labels, sample_weight=batch.weights)
        return float(value), float(accuracy)


def _accuracy(targets: Any, logits: Any) -> Any:
    """The share of films on the right side of one half; a target between the classes counts as the nearer one."""
    right = keras.ops.equal(keras.ops.greater_equal(targets, 0.5), keras.ops.greater(logits, 0.0))
    return keras.ops.mean(keras.ops.cast(right, "float32"))


def _pace(recipe: Recipe, phase: Phase) -> keras.optimizers.schedules.LearningRateSchedule:
    warmup = min(recipe.warmup, phase.steps // 4) if len(recipe.phases) > 1 else recipe.warmup
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        max(phase.steps - warmup, 1),
        alpha=0.01,
        warmup_target=recipe.frozen_learning_rate if phase.frozen else recipe.learning_rate,
        warmup_steps=warmup,
    )
