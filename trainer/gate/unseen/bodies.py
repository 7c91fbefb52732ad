"""Draws radiographs of what is no chest from the front: the sum of rays through tubes, shells, boxes and splines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.gate.unseen.limbs import LIMBS
from trainer.gate.unseen.rays import ball, block, bone, developed, gas, tube, vertebra
from trainer.gate.unseen.shapes import clouds, curve, one_of, plane, region, shown, softened

if TYPE_CHECKING:
    from trainer.gate.unseen.shapes import Picture, Plane

_Y, _X = plane()


def radiograph(rng: np.random.Generator) -> Picture:
    """Of one part of the body, as a detector shows it: attenuated, grainy, collimated, lettered, turned about."""
    parts = (*LIMBS, pelvis, spine, *(4 * [lateral_chest]), abdomen, mammogram)
    picture = developed(one_of(parts, rng)(rng), rng)
    if rng.random() < 0.3:
        picture = picture[:, ::-1]
    return shown(picture)


def pelvis(rng: np.random.Generator) -> Plane:
    """Wings of splines with bright rims, sockets, heads and shafts of the thigh, sacrum, rings below, flesh and gas."""
    total = 0.5 * block(_Y, _X, (0.0, 0.1), (rng.uniform(0.95, 1.15), 1.6)) * (1 + 0.03 * clouds(_Y.shape, 1.6, rng))
    for side in (-1.0, 1.0):
        wing = [(0.12, -0.1), (0.2, -0.45), (0.55, -0.6), (0.78, -0.4), (0.6, 0.0), (0.45, 0.25), (0.25, 0.2)]
        held = [(side * px * rng.uniform(0.97, 1.03), py + rng.uniform(-0.02, 0.02)) for px, py in wing]
        inside = region(_Y.shape, curve(held, closed=True), 1.5)
        total += inside * 0.22 + (inside - softened(inside, 6)).clip(0) * 0.7
        total += 0.28 * ball(_Y, _X, (side * 0.5, 0.3), (0.16, 0.16)) + bone(
            _Y, _X, (side * 0.55, 0.3), (side * 0.75, 0.45), 0.09
        )
        total += 1.6 * bone(_Y, _X, (side * 0.74, 0.42), (side * 0.62, 1.8), 0.12, 0.4)
        ring = np.hypot((_X - side * 0.22) / 0.18, (_Y - 0.5) / 0.2)
        total += 0.25 * np.exp(-(((ring - 1) / 0.3) ** 2))
    for level in np.arange(-1.2, -0.2, 0.24):
        total += vertebra(_Y, _X, (0.0, float(level)), (0.17, 0.1), rng)
    total += 0.25 * region(
        _Y.shape, curve([(-0.22, -0.2), (0.22, -0.2), (0.1, 0.2), (0.0, 0.35), (-0.1, 0.2)], True), 2
    )
    return total - gas(_Y, _X, [(0.0, -0.1, 0.5)], rng) * 0.15


def spine(rng: np.random.Generator) -> Plane:
    """A column of vertebrae along a spline, from the front or the side, in the flesh of a loin."""
    bend, from_side = rng.uniform(-0.25, 0.25), rng.random() < 0.5
    total = 0.45 * block(_Y, _X, (0.0, 0.0), (rng.uniform(0.5, 1.1), 3.0)) * (1 + 0.04 * clouds(_Y.shape, 1.5, rng))
    tall = rng.uniform(0.2, 0.34)
    for level in np.arange(-1.3, 1.3, tall):
        centre = (bend * np.sin(2.2 * level), float(level))
        slope = np.arctan(bend * 2.2 * np.cos(2.2 * level))
        total += vertebra(_Y, _X, centre, (tall * (0.75 if from_side else 0.85), tall * 0.42), rng, -float(slope))
        if from_side:
            total += 0.15 * block(_Y, _X, (centre[0] + tall * 1.3, level + tall * 0.3), (tall * 0.5, tall * 0.15), 0.5)
        else:
            across = [(centre[0] - tall * 1.5, float(level)), (centre[0] + tall * 1.5, float(level))]
            total += tube(_Y, _X, across, tall * 0.12) * 0.8
            for side in (-0.45, 0.45):
                total += 0.12 * ball(_Y, _X, (centre[0] + side * tall, float(level)), (tall * 0.13, tall * 0.18))
    return total - gas(_Y, _X, [(rng.uniform(-0.6, 0.6), 0.3, 0.4)], rng) * 0.12


def lateral_chest(rng: np.random.Generator) -> Plane:
    """A thorax from the side: both lungs as one, heart in front, spine behind, two domes, ribs across, arms above."""
    front = rng.uniform(0.55, 0.75)
    trunk = [(-0.25, -1.1), (0.35, -1.1), (front, -0.4), (front, 0.4), (0.7, 1.1), (-0.75, 1.1), (-0.7, -0.2)]
    total = region(_Y.shape, curve(trunk, closed=True), 3) * 0.75
    domes = 0.35 + 0.35 * (_X + 0.05) ** 2 * 2
    airy = [(-0.1, -0.85), (0.25, -0.8), (front - 0.14, -0.3), (front - 0.1, 0.3)]
    airy += [(0.3, 0.5), (-0.55, 0.95), (-0.56, -0.2)]
    lung = region(_Y.shape, curve(airy, closed=True), 4) * (1 / (1 + np.exp((_Y - domes) * 25)))
    total -= lung * 0.62
    total += lung * 0.4 * ball(_Y, _X, (front - 0.35, 0.2), (0.3, 0.36), -0.5)
    total += lung * 0.04 * np.abs(clouds(_Y.shape, 1.2, rng)) + 0.2 * lung * ball(_Y, _X, (0.0, -0.1), (0.12, 0.12))
    for level in np.arange(-1.1, 1.2, 0.17):
        total += 0.6 * vertebra(_Y, _X, (-0.48 - 0.12 * np.cos(level * 1.6), float(level)), (0.1, 0.065), rng)
        rib = [(-0.55, level), (-0.1, level + 0.16), (0.3, level + 0.36), (front - 0.1, level + 0.4)]
        total += 1.8 * tube(_Y, _X, curve(rib, closed=False, steps=5), 0.02)
    if rng.random() < 0.7:
        total += 0.35 * tube(_Y, _X, [(0.1, -0.7), (0.9, -1.3)], 0.2)
    return total


def abdomen(rng: np.random.Generator) -> Plane:
    """A belly from the front: loops with gas, flanks, the column, last ribs, wings of the pelvis below."""
    total = 0.5 * block(_Y, _X, (0.0, 0.0), (rng.uniform(0.75, 1.0), 1.8)) * (1 + 0.05 * clouds(_Y.shape, 1.8, rng))
    for level in np.arange(-1.1, 1.0, 0.23):
        total += 0.7 * vertebra(_Y, _X, (0.0, float(level)), (0.13, 0.09), rng)
    for side in (-1.0, 1.0):
        wing = [(side * px, py) for px, py in ((0.15, 0.75), (0.45, 0.45), (0.7, 0.6), (0.55, 1.1), (0.2, 1.1))]
        total += region(_Y.shape, curve(wing, closed=True), 2) * 0.15
        rib = [(side * 0.15, -1.0), (side * 0.5, -0.85), (side * 0.72, -0.6)]
        total += tube(_Y, _X, curve(rib, closed=False), 0.035)
    spots = [tuple(rng.uniform((-0.55, -0.6, 0.1), (0.55, 0.7, 0.3))) for _ in range(int(rng.integers(3, 9)))]
    return total - gas(_Y, _X, spots, rng) * rng.uniform(0.15, 0.3)


def mammogram(rng: np.random.Generator) -> Plane:
    """Half an egg at the edge of a black picture, fibrous within, with a triangle of muscle in the oblique view."""
    width, height = rng.uniform(0.8, 1.5), rng.uniform(0.6, 0.85)
    inside = ball(_Y, _X, (-1.0, rng.uniform(-0.1, 0.2)), (width, height))
    fibre = np.exp(rng.uniform(0.3, 0.8) * clouds(_Y.shape, rng.uniform(1.2, 1.7), rng)) * inside
    total = inside * 0.35 + fibre * 0.2 * (inside > 0.3)
    if rng.random() < 0.6:
        total += 0.5 * softened((_X + 1.0 < 0.6 - 0.45 * (_Y + 1)).astype(float) * (_Y > -0.98), 2)
    return np.asarray(total + (rng.random(_Y.shape) < 0.0002) * inside)
