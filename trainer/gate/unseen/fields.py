"""Draws pictures on which there is nothing: detectors and plates without a patient, with the faults that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.gate.unseen.shapes import clouds, curve, one_of, plane, region, resized, shown, softened

if TYPE_CHECKING:
    from trainer.gate.unseen.shapes import Picture, Plane

_SIDE: Final = 240
_SHAPE: Final = (_SIDE, _SIDE)
_Y, _X = plane(_SIDE, _SIDE)


def blank(_film: Picture, rng: np.random.Generator) -> Picture:
    """A grid, moire, dead modules, an erased plate, a flat field, light leaks, a shutter, interference, a ramp."""
    ways = (grid, modules, plate, flat_field, leak, shutter, interference, ramp)
    level = one_of(ways, rng)(rng) + rng.standard_normal(_SHAPE) * rng.uniform(0.0, 0.06)
    return resized(shown(level), int(_SIDE * rng.uniform(0.8, 1.3)), int(_SIDE * rng.uniform(0.8, 1.3)))


def grid(rng: np.random.Generator) -> Plane:
    """The lines of an anti-scatter grid, undersampled: moire, with a cut-off to the sides."""
    turn, fine = rng.uniform(-0.1, 0.1), rng.uniform(80, 700)
    lines = np.sin((_X * np.cos(turn) + _Y * np.sin(turn)) * fine + rng.uniform(0, 0.5) * _Y**2)
    return (
        rng.uniform(0.3, 0.7)
        + rng.uniform(0.05, 0.3) * lines
        - rng.uniform(0, 0.4) * (_X - rng.uniform(-0.5, 0.5)) ** 2
    )


def modules(rng: np.random.Generator) -> Plane:
    """A panel of tiles that were not matched, some dead, with lines and columns that answer nothing."""
    rows, columns = int(rng.integers(1, 5)), int(rng.integers(2, 9))
    tiles = rng.uniform(0.2, 0.8) + rng.uniform(0.02, 0.2) * rng.standard_normal((rows, columns))
    tiles[rng.random(tiles.shape) < 0.1] = float(rng.integers(0, 2))
    down, across = (np.arange(_SIDE) * count // _SIDE for count in (rows, columns))
    level = tiles[down][:, across]
    level[:, rng.integers(0, _SIDE, 6)] = rng.random()
    level[rng.integers(0, _SIDE, 3)] = rng.random()
    return np.asarray(level)


def plate(rng: np.random.Generator) -> Plane:
    """A storage plate that was erased and read: mottle, dust, scratches of splines, edges that were held."""
    level = rng.uniform(0.2, 0.8) + rng.uniform(0.02, 0.12) * clouds(_SHAPE, rng.uniform(0.5, 1.3), rng)
    for _ in range(int(rng.integers(0, 5))):
        start = rng.uniform(-1, 1, 2)
        points = [(float(px), float(py)) for px, py in start + np.cumsum(rng.uniform(-0.3, 0.3, (5, 2)), axis=0)]
        level += rng.uniform(-0.3, 0.3) * region(_SHAPE, curve(points, closed=False), 0.6)
    dust = softened((rng.random(_SHAPE) < rng.uniform(0, 0.003)).astype(float), 0.6)
    return np.asarray(level + dust * rng.choice([-1.5, 1.5]))


def flat_field(rng: np.random.Generator) -> Plane:
    """A uniform slab in an open beam: one grey with the heel of the anode and the beam's darker corners."""
    heel = rng.uniform(-0.25, 0.25) * _Y + rng.uniform(-0.25, 0.25) * _X
    level = rng.uniform(0.3, 0.8) + heel - rng.uniform(0, 0.3) * (_X**2 + _Y**2)
    if rng.random() < 0.5:
        half = rng.uniform(0.55, 0.9, 2)
        inside = softened(((np.abs(_X) < half[0]) & (np.abs(_Y) < half[1])).astype(float), rng.uniform(0.5, 4))
        level = level * inside + rng.choice([0.02, 0.95]) * (1 - inside)
    return np.asarray(level)


def leak(rng: np.random.Generator) -> Plane:
    """A cassette that light fell into: flares from an edge over an even ground."""
    level = np.full(_SHAPE, rng.uniform(0.1, 0.9))
    for _ in range(int(rng.integers(1, 4))):
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8)
        far = np.hypot(_X - 1.1 * np.cos(angle), (_Y - 1.1 * np.sin(angle)) * rng.uniform(0.5, 2))
        level += rng.uniform(-0.7, 0.7) * np.exp(-((far / reach) ** 2))
    return np.asarray(level)


def shutter(rng: np.random.Generator) -> Plane:
    """A round, square or many-sided shutter around a field with nothing in it; or all of it closed."""
    sides = int(rng.choice([3, 4, 4, 6, 8, 40]))
    angles = np.linspace(0, 2 * np.pi, sides, endpoint=False) + rng.uniform(0, 1)
    size = rng.uniform(0.0, 0.95)
    inside = region(_SHAPE, [(float(size * np.cos(a)), float(size * np.sin(a))) for a in angles], rng.uniform(0.4, 3))
    return inside * rng.uniform(0.2, 1.0) + (1 - inside) * rng.choice([0.0, 0.05, 1.0])


def interference(rng: np.random.Generator) -> Plane:
    """Hum: waves that roll over the readout, two that beat, lines that jump, salt and pepper."""
    row, column = np.arange(_SIDE)[:, None], np.arange(_SIDE)[None, :]
    first, second = rng.uniform(0.01, 0.9, 2)
    level = 0.5 + rng.uniform(0.05, 0.25) * np.sin(row * first + column * second * rng.choice([0.0, 0.1, 1.0]))
    level = (
        level
        + rng.uniform(0, 0.2) * np.sin(row * second * 0.31)
        + rng.uniform(0, 0.15) * rng.standard_normal((_SIDE, 1))
    )
    salt = rng.random(_SHAPE)
    share = rng.uniform(0, 0.05)
    return np.where(salt < share, 0.0, np.where(salt > 1 - share, 1.0, level))


def ramp(rng: np.random.Generator) -> Plane:
    """A smooth ramp, straight or round, in few or many steps, or one grey; white noise alone."""
    if rng.random() < 0.3:
        return rng.uniform(0.2, 0.8) + rng.uniform(0.0, 0.3) * rng.standard_normal(_SHAPE)
    angle = rng.uniform(0, 2 * np.pi)
    straight = 0.5 + 0.5 * (_X * np.cos(angle) + _Y * np.sin(angle))
    level = straight if rng.random() < 0.6 else np.hypot(_X - rng.uniform(-0.5, 0.5), _Y) / 1.5
    steps = int(rng.choice([4, 8, 16, 255]))
    level = np.floor(level * steps) / steps
    return np.asarray(level if rng.random() < 0.5 else 1 - level)
