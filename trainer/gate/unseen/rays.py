"""Rays through bodies: their lengths in tubes, shells, balls and boxes, and how a detector shows the sum."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw

from trainer.gate.unseen.shapes import SIDE, clouds, font, resized, shown, softened, to_image, to_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.gate.unseen.shapes import Picture, Plane, Point

_MARROW: Final = 0.75  # of a bone's radius


def tube(y: Plane, x: Plane, path: Sequence[Point], radius: float) -> Plane:
    """Through a tube around a path of straight pieces; the planes are those of `plane`, here and below."""
    least = np.full(y.shape, np.inf)
    for (ax, ay), (bx, by) in pairwise(path):
        near = _within(y, x, (min(ax, bx), max(ax, bx)), (min(ay, by), max(ay, by)), radius)
        away = _to_piece(y[near], x[near], (ax, ay), (bx, by))[0]
        least[near] = np.minimum(least[near], away)
    return _chord(least, radius)


def bone(y: Plane, x: Plane, start: Point, end: Point, radius: float, flare: float = 0.0) -> Plane:
    """Through a long bone: a cortex around marrow, its ends wider than its shaft by `flare`."""
    made = np.zeros(y.shape)
    spans = [(min(a, b), max(a, b)) for a, b in zip(start, end, strict=True)]
    near = _within(y, x, spans[0], spans[1], radius * (1 + flare))
    away, along = _to_piece(y[near], x[near], start, end)
    wide = radius * (1 + flare * (2 * along - 1) ** 4)
    made[near] = _chord(away, wide) - 0.75 * _chord(away, _MARROW * wide)
    return made


def ball(y: Plane, x: Plane, centre: Point, size: Point, turn: float = 0.0) -> Plane:
    """Through an ellipsoid, 0..1 of its depth; size is its radii along x and y before it is turned (radians)."""
    made = np.zeros(y.shape)
    near, along, across = _turned(y, x, centre, size, turn)
    made[near] = np.sqrt(np.maximum(1 - along**2 - across**2, 0))
    return made


def block(y: Plane, x: Plane, centre: Point, size: Point, turn: float = 0.0) -> Plane:
    """Through a rounded box (a superellipse), 0..1, flat in the middle; as `ball` otherwise."""
    made = np.zeros(y.shape)
    near, along, across = _turned(y, x, centre, size, turn)
    made[near] = np.sqrt(np.maximum(1 - np.square(np.square(along)) - np.square(np.square(across)), 0))
    return made


def vertebra(y: Plane, x: Plane, centre: Point, size: Point, rng: np.random.Generator, turn: float = 0.0) -> Plane:
    """A box with a bright rim."""
    inside = block(y, x, centre, (size[0] * rng.uniform(0.95, 1.05), size[1]), turn)
    return inside * 0.3 + 0.12 * ((inside > 0) & (inside < 0.75))


def gas(y: Plane, x: Plane, spots: Sequence[tuple[float, float, float]], rng: np.random.Generator) -> Plane:
    """Where bowels hold gas, 0..1: ragged blobs at some x, y, of a size."""
    near = sum((np.exp(-((x - at) ** 2 + (y - level) ** 2) / size**2) for at, level, size in spots), np.zeros(y.shape))
    return softened((near + 0.3 * clouds(y.shape, 1.4, rng) > 0.75).astype(float), 2.5)


def developed(thick: Plane, rng: np.random.Generator) -> Picture:
    """As a detector shows it, bones white: a tone curve, quanta, a turn, a collimator's rectangle, a letter."""
    thick = np.maximum(thick, 0)
    level: Plane = thick / max(float(np.quantile(thick, rng.uniform(0.985, 0.999))), 1e-6)
    level = (1 - np.exp(-rng.uniform(0.6, 2.2) * level)) ** rng.uniform(0.7, 1.3)
    level = level / max(float(level.max()), 1e-6)
    if rng.random() < 0.5:
        level = _warped(level, rng)
    if rng.random() < 0.4:
        level = to_picture(to_image(level).rotate(rng.uniform(-20, 20), Image.Resampling.BICUBIC))
    level = level + softened(0.5 + rng.standard_normal(level.shape) * 0.15, 0.7) * rng.uniform(0.05, 0.5) - 0.05
    height, width = level.shape
    if rng.random() < 0.4:
        edge = [int(side * rng.uniform(0, 0.12)) for side in (height, height, width, width)]
        lit = np.zeros(level.shape)
        lit[edge[0] : height - edge[1], edge[2] : width - edge[3]] = 1
        level = level * lit
    image = to_image(level)
    if rng.random() < 0.6:
        where = (int(width * rng.uniform(0.03, 0.85)), int(height * rng.uniform(0.02, 0.85)))
        ImageDraw.Draw(image).text(where, str(rng.choice(["L", "R", "LAT", "R AP"])), 235, font(int(SIDE * 0.07)))
    return resized(to_picture(image), int(height * rng.uniform(0.85, 1.2)), width)


def _warped(level: Plane, rng: np.random.Generator) -> Picture:
    """As no two bodies are alike: every pixel from a few pixels beside."""
    rows, columns = np.indices(level.shape)
    shifts = [clouds(level.shape, 2.5, rng) * rng.uniform(1.5, 5.0) for _ in range(2)]
    at = [
        np.clip(place + shift, 0, side - 1).astype(int)
        for place, shift, side in zip((rows, columns), shifts, level.shape, strict=True)
    ]
    return shown(level[at[0], at[1]])


def _chord(away: Plane, radius: Plane | float) -> Plane:
    return np.asarray(2 * np.sqrt(np.maximum(np.square(radius) - np.square(away), 0)))


def _to_piece(y: Plane, x: Plane, start: Point, end: Point) -> tuple[Plane, Plane]:
    (ax, ay), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
    along = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
    return np.hypot(x - ax - along * dx, y - ay - along * dy), along


def _within(y: Plane, x: Plane, across: Point, down: Point, margin: float) -> tuple[slice, slice]:
    """The rows and columns that a box of coordinates covers: a part is drawn where it is, which is ten times faster."""
    rows = np.searchsorted(y[:, 0], (down[0] - margin, down[1] + margin))
    columns = np.searchsorted(x[0], (across[0] - margin, across[1] + margin))
    return slice(int(rows[0]), int(rows[1])), slice(int(columns[0]), int(columns[1]))


def _turned(y: Plane, x: Plane, centre: Point, size: Point, turn: float) -> tuple[tuple[slice, slice], Plane, Plane]:
    near = _within(y, x, (centre[0], centre[0]), (centre[1], centre[1]), 1.2 * max(size))
    dx, dy = x[near] - centre[0], y[near] - centre[1]
    along, across = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
    return near, along / size[0], across / size[1]
