"""Rounding to the int8 grid so that errors cancel on what a layer sees."""

from __future__ import annotations

import numpy as np
import pytest
from builders.training import TINY, need_keras

need_keras()

from trainer.rounding import round_kernels, rounded  # noqa: E402 - needs Keras


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


def test_a_networks_kernels_are_rounded_in_place_and_nothing_else_is():
    model = TINY.build(224)
    TINY.start(model)
    before = [np.array(w) for w in model.get_weights()]
    examples = [np.random.default_rng(i).random((1, 224, 224, 1), np.float32) for i in range(3)]
    round_kernels(model, examples)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(old, new) == (old.ndim != 4 or np.ptp(np.abs(old)) == 0)
        assert np.allclose(old, new, atol=0.05)
