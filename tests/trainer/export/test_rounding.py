"""Rounding to the int8 grid so that errors cancel on what a layer sees."""

from __future__ import annotations

import numpy as np
import pytest
from builders.training import TINY, need_keras

need_keras()

import keras  # noqa: E402 - needs Keras

from trainer.export import rounding  # noqa: E402
from trainer.export.rounding import BLOCK, round_kernels, rounded  # noqa: E402
from trainer.networks.starting_weights import Weights  # noqa: E402


def steps(kernel, axes):
    """The kernel in units of its int8 step."""
    return kernel / (np.abs(kernel).max(axis=axes, keepdims=True) / 127)


def nearest(kernel, axes):
    step = np.abs(kernel).max(axis=axes, keepdims=True) / 127
    return np.rint(kernel / step) * step


@pytest.mark.parametrize("depthwise", [False, True])
def test_a_rounded_kernel_is_on_its_grid_and_errs_less_on_correlated_inputs(depthwise):
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 1, (3, 3, 64, 1) if depthwise else (3, 3, 6, 64)).astype(np.float32)
    n, groups = (9, 64) if depthwise else (54, 1)
    common = rng.random((groups, 1, 2000))  # neighbours go together, as the pixels of a film do
    inputs = common + 0.1 * rng.random((groups, n, 2000))
    moments = inputs @ inputs.transpose(0, 2, 1)
    result = rounded(kernel, moments, depthwise=depthwise)
    axes = (0, 1, 3) if depthwise else (0, 1, 2)
    assert np.allclose(steps(result, axes), np.rint(steps(result, axes)), atol=1e-3)
    assert np.allclose(np.abs(result).max(axis=axes), np.abs(kernel).max(axis=axes), rtol=1e-6)

    def error(other):
        lost = (kernel - other).astype(np.float64)
        lost = lost.reshape(9, 64, -1).transpose(1, 0, 2) if depthwise else lost.reshape(1, n, -1)
        return float(np.einsum("gno,gnm,gmo->", lost, moments, lost))

    assert error(result) < 0.5 * error(nearest(kernel, axes))


def test_a_dead_channel_stays_dead():
    result = rounded(np.zeros((1, 1, 3, 2), np.float32), np.zeros((1, 3, 3)), depthwise=False)
    assert not result.any()


def test_a_networks_kernels_are_rounded_in_place_and_else_only_means_move_a_little():
    model = TINY.network()
    TINY.start(model, Weights())
    before = [np.array(w) for w in model.get_weights()]
    examples = [np.random.default_rng(i).random((1, 224, 224, 1), np.float32) for i in range(3)]
    round_kernels(model, examples)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert old.ndim != 4 or np.array_equal(old, new) == (np.ptp(np.abs(old)) == 0)
        assert np.allclose(old, new, atol=0.05 if old.ndim == 4 else 0.005)


def test_rows_of_all_blocks_hear_of_the_errors_before_them():
    """Blocks only save time: rounded in one block or in several, a kernel is the same."""
    rng = np.random.default_rng(4)
    kernel, inputs = rng.normal(0, 1, (1, 1, 2 * BLOCK + 5, 3)).astype(np.float32), rng.random((1, 2 * BLOCK + 5, 900))
    moments = inputs @ inputs.transpose(0, 2, 1)
    by_row = kernel.reshape(-1, 3).astype(np.float64).copy()
    step, largest = np.abs(by_row).max(axis=0) / 127, np.abs(by_row).argmax(axis=0)
    damped = moments[0] + 0.01 * np.trace(moments[0]) / len(by_row) * np.eye(len(by_row))
    upper = np.linalg.cholesky(np.linalg.inv(damped)).T
    wanted = np.empty_like(by_row)
    for row in range(len(by_row)):
        wanted[row] = np.clip(np.rint(by_row[row] / step), -127, 127) * step
        wanted[row] = np.where(largest == row, 127 * step * np.sign(by_row[row]), wanted[row])
        by_row[row + 1 :] -= np.outer(upper[row, row + 1 :], (by_row[row] - wanted[row]) / upper[row, row])
    result = rounded(kernel, moments, depthwise=False).reshape(-1, 3)
    assert np.mean(np.isclose(result, wanted, atol=1e-5)) > 0.99  # a weight on the edge may fall either way


def test_what_cannot_be_rounded_here_is_left_to_the_converter():
    """Dense layers, grouped and dilated convolutions, too many inputs, networks inside the network."""
    inputs = keras.Input((12, 12, 4))
    x = keras.layers.Conv2D(4, 3, groups=2)(inputs)
    x = keras.layers.Conv2D(4, 3, dilation_rate=2)(x)
    inner_inputs = keras.Input((6, 6, 4))
    x = keras.Model(inner_inputs, keras.layers.Conv2D(4, 1)(inner_inputs))(x)
    x = keras.layers.Dense(3)(keras.layers.Flatten()(x))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1)(keras.layers.Reshape((1, 1, 3))(x)))
    before = [np.array(w) for w in model.get_weights()]
    round_kernels(model, [np.random.default_rng(i).random((1, 12, 12, 4), np.float32) for i in range(5)])
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [True] * (len(before) - 2) + [False, False]  # the last kernel and, for its mean, its bias


def test_layers_are_taken_in_groups_that_fit_into_memory(monkeypatch):
    """With room for one at a time, the same kernels come out."""
    examples = [np.random.default_rng(i).random((1, 224, 224, 1), np.float32) for i in range(3)]
    results = []
    for room in (rounding.MOST_MOMENTS, 1):
        monkeypatch.setattr(rounding, "MOST_MOMENTS", room)
        model = TINY.network()
        TINY.start(model, Weights())
        round_kernels(model, examples)
        results.append([np.array(w) for w in model.get_weights()])
    assert all(np.allclose(a, b, atol=0.02) for a, b in zip(*results, strict=True))


def test_what_rounding_does_to_the_mean_is_given_back_to_a_bias_or_a_normalisation():
    """A channel that is nearly constant would otherwise lose its variations for the sake of its mean."""
    rng = np.random.default_rng(5)
    inputs = keras.Input((16, 16, 8))
    x = keras.layers.Conv2D(6, 3, padding="valid", use_bias=False, name="a")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    model = keras.Model(inputs, keras.layers.Conv2D(4, 1, name="b")(x))
    examples = [(5.0 + rng.normal(0, 0.1, (1, 16, 16, 8))).astype(np.float32) for _ in range(8)]
    film = np.concatenate(examples)
    before = np.asarray(model.predict_on_batch(film))
    round_kernels(model, examples)
    after = np.asarray(model.predict_on_batch(film))
    assert np.abs((after - before).mean(axis=(0, 1, 2))).max() < 0.02 * before.std()
