"""Corruptions of grey levels: exposure, display, window, equalisation, light, depth, noise; pure, and in float64.

Pixels are float64 (height, width) in 0..1, bright where the body is dense, in and out; what leaves 0..1 is clipped by
`trainer.shift.corruptions`. In float64 the last bit of a power, which differs between machines, changes no grey level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trainer.shift.conditions import Corruption

Pixels = NDArray[np.float64]
Tone = Callable[[Pixels, float, np.random.Generator], Pixels]

TILES: Final = 8  # in each direction, of the adaptive equalisation
LEVELS_8: Final = 256
GRAIN: Final = 256  # cells of noise along the shorter side at most: finer noise is gone before a network sees it


def _underexposed(pixels: Pixels, shift: float, _: np.random.Generator) -> Pixels:
    return pixels + shift


def _overexposed(pixels: Pixels, shift: float, _: np.random.Generator) -> Pixels:
    return pixels - shift


def _gamma_dark(pixels: Pixels, gamma: float, _: np.random.Generator) -> Pixels:
    darker: Pixels = np.power(pixels, gamma)
    return darker


def _gamma_bright(pixels: Pixels, gamma: float, _: np.random.Generator) -> Pixels:
    brighter: Pixels = np.power(pixels, 1.0 / gamma)
    return brighter


def _low_contrast(pixels: Pixels, share: float, _: np.random.Generator) -> Pixels:
    """Drawn together about the mean, and rounded to the levels that are left."""
    mean = float(pixels.mean())
    return _rounded(mean + (pixels - mean) * share, LEVELS_8)


def _narrow_window(pixels: Pixels, width: float, _: np.random.Generator) -> Pixels:
    low, high = (float(end) for end in np.percentile(pixels, (1.0, 99.0)))
    reach = max((high - low) * width, 1.0 / 255.0)
    return (pixels - ((low + high) / 2 - reach / 2)) / reach


def _sigmoid_window(pixels: Pixels, width: float, _: np.random.Generator) -> Pixels:
    low, high = (float(end) for end in np.percentile(pixels, (1.0, 99.0)))
    reach = max((high - low) * width, 1.0 / 255.0)
    curved: Pixels = 1.0 / (1.0 + np.exp(np.clip(-4.0 * (pixels - (low + high) / 2) / reach, -60.0, 60.0)))
    return curved


def _gradient(pixels: Pixels, lost: float, rng: np.random.Generator) -> Pixels:
    """Darker towards the corners, and from one side, by chance, to the other."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    y, x = (np.linspace(-1.0, 1.0, side) for side in pixels.shape)
    ramp = np.cos(angle) * x[None, :] + np.sin(angle) * y[:, None]
    light: Pixels = pixels * (1.0 - lost * (x[None, :] ** 2 + y[:, None] ** 2) / 2.0) + lost / 4.0 * ramp
    return light


def _depth(pixels: Pixels, bits: float, rng: np.random.Generator) -> Pixels:
    """To so many bits; above eight, what eight bits rounded away is drawn by chance."""
    if bits > 8:
        pixels = np.clip(pixels + (rng.random(pixels.shape) - 0.5) / 255.0, 0.0, 1.0)
    return _rounded(pixels, 2 ** int(bits))


def _noise(pixels: Pixels, sd: float, rng: np.random.Generator) -> Pixels:
    """Quantum noise of a logarithmic detector over two decades: the denser the body, the fewer quanta, as their root.

    It is drawn on at most `GRAIN` cells, so that a large film is not averaged clean again.
    """
    height, width = pixels.shape
    scale = min(1.0, GRAIN / min(height, width))
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    drawn = rng.standard_normal((rows, columns))
    grain = drawn[np.arange(height) * rows // height][:, np.arange(width) * columns // width]
    noisy: Pixels = pixels + sd * np.power(10.0, pixels - 0.5) * grain
    return noisy


def _clahe(pixels: Pixels, limit: float, _: np.random.Generator) -> Pixels:
    """Contrast-limited adaptive histogram equalisation (Zuiderveld, Graphics Gems IV, 1994)."""
    levels = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.intp)
    tables = _tables(levels, limit)
    rows, columns = tables.shape[:2]
    (top, bottom, fy), (left, right, fx) = _between(levels.shape[0], rows), _between(levels.shape[1], columns)
    upper = tables[top[:, None], left, levels] * (1 - fx) + tables[top[:, None], right, levels] * fx
    lower = tables[bottom[:, None], left, levels] * (1 - fx) + tables[bottom[:, None], right, levels] * fx
    mixed: Pixels = upper * (1 - fy[:, None]) + lower * fy[:, None]
    return mixed


def _tables(levels: NDArray[np.intp], limit: float) -> Pixels:
    """The grey level that each tile gives to each of 256, (rows, columns, 256)."""
    height, width = levels.shape
    rows, columns = min(TILES, height), min(TILES, width)
    tile = (np.arange(height) * rows // height)[:, None] * columns + np.arange(width) * columns // width
    counts = np.bincount((tile * LEVELS_8 + levels).ravel(), minlength=rows * columns * LEVELS_8)
    histogram = counts.reshape(rows * columns, LEVELS_8).astype(np.float64)
    most = limit * histogram.sum(axis=1, keepdims=True) / LEVELS_8
    excess = np.clip(histogram - most, 0.0, None).sum(axis=1, keepdims=True)
    summed = np.cumsum(np.minimum(histogram, most) + excess / LEVELS_8, axis=1)
    tables: Pixels = (summed / summed[:, -1:]).reshape(rows, columns, LEVELS_8)
    return tables


def _between(side: int, tiles: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Pixels]:
    """Of each pixel along a side the tiles on either hand, and how far it is from one's centre to the other's."""
    place = (np.arange(side) + 0.5) / side * tiles - 0.5
    first = np.clip(np.floor(place), 0, tiles - 1).astype(np.intp)
    second = np.minimum(first + 1, tiles - 1)
    return first, second, np.clip(place - first, 0.0, 1.0)


def _rounded(pixels: Pixels, levels: int) -> Pixels:
    return np.rint(pixels * (levels - 1)) / (levels - 1)


TONES: Final[Mapping[Corruption, Tone]] = {
    Corruption.UNDEREXPOSED: _underexposed,
    Corruption.OVEREXPOSED: _overexposed,
    Corruption.GAMMA_DARK: _gamma_dark,
    Corruption.GAMMA_BRIGHT: _gamma_bright,
    Corruption.LOW_CONTRAST: _low_contrast,
    Corruption.NARROW_WINDOW: _narrow_window,
    Corruption.SIGMOID_WINDOW: _sigmoid_window,
    Corruption.CLAHE: _clahe,
    Corruption.GRADIENT: _gradient,
    Corruption.DEPTH: _depth,
    Corruption.NOISE: _noise,
}
