"""Draws what rays meet in limbs and heads: hands, joints, hips, necks, skulls, rows of teeth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.gate.unseen.rays import ball, block, bone, tube, vertebra
from trainer.gate.unseen.shapes import clouds, curve, plane, region

if TYPE_CHECKING:
    from trainer.gate.unseen.shapes import Plane, Point

_Y, _X = plane()


def hand(rng: np.random.Generator) -> Plane:
    """Five rays of a metacarpal and phalanges, a wrist of small bones, two bones of the forearm; or a foot's five."""
    spread, thick = rng.uniform(0.12, 0.3), rng.uniform(0.045, 0.06)
    bones, flesh = np.zeros(_Y.shape), np.zeros(_Y.shape)
    for number in range(5):
        thumb = number == 0
        angle = -np.pi / 2 + (number - 2.3) * spread - (0.5 if thumb else 0)
        at: Point = ((number - 2) * 0.1, 0.25)
        knots = [at]
        for length in (0.3, 0.22, 0.1) if thumb else (0.36, 0.25, 0.16, 0.1):
            reach = length * rng.uniform(0.9, 1.1) * (1.1 if number in (2, 3) else 0.95)
            to = (at[0] + np.cos(angle) * reach, at[1] + np.sin(angle) * reach)
            gap = (at[0] + np.cos(angle) * 0.025, at[1] + np.sin(angle) * 0.025)
            bones += bone(_Y, _X, gap, to, thick * (0.6 + reach), 0.5)
            at = to
            angle += rng.uniform(-0.06, 0.06)
            knots.append(at)
        flesh = np.maximum(flesh, tube(_Y, _X, knots, 0.1))
    for _ in range(8):
        bones += 0.06 * block(
            _Y, _X, (rng.uniform(-0.2, 0.2), rng.uniform(0.28, 0.45)), (0.08, 0.07), rng.uniform(0, 3)
        )
    bones += bone(_Y, _X, (-0.1, 0.52), (-0.08, 1.6), 0.09, 0.6) + bone(_Y, _X, (0.13, 0.5), (0.1, 1.6), 0.06, 0.5)
    flesh = np.maximum(flesh, tube(_Y, _X, [(0.0, 0.1), (0.0, 0.35)], 0.32) * 0.6)
    return np.maximum(flesh, tube(_Y, _X, [(0.0, 0.3), (0.0, 2.0)], 0.25)) * 0.5 + bones * 3


def joint(rng: np.random.Generator) -> Plane:
    """Two flared bones that meet at an angle (knee, elbow, ankle), a thin one beside, a kneecap, sometimes a nail."""
    bend, thick = rng.choice([0.0, rng.uniform(-1.3, 1.3)]), rng.uniform(0.13, 0.2)
    far = (np.sin(bend) * 1.8, np.cos(bend) * 1.8)
    near = (far[0] * 0.06, far[1] * 0.06 + 0.02)
    flesh = tube(_Y, _X, [(0.0, -2.0), (0.0, 0.0), far], rng.uniform(0.4, 0.6))
    bones = bone(_Y, _X, (0.0, -1.7), (0.0, -0.08), thick, 0.8) + bone(_Y, _X, near, far, thick * 0.9, 0.8)
    bones += 0.3 * thick * (ball(_Y, _X, (-thick, -0.12), (thick, 0.17)) + ball(_Y, _X, (thick, -0.12), (thick, 0.17)))
    if rng.random() < 0.7:
        beside = np.cos(bend) * thick * 1.7, -np.sin(bend) * thick * 1.7
        bones += bone(_Y, _X, (beside[0], beside[1] + 0.15), (far[0] + beside[0], far[1] + beside[1]), thick * 0.4, 0.7)
    if rng.random() < 0.6:
        bones += 0.12 * ball(_Y, _X, (rng.uniform(-0.3, 0.3), -0.2), (0.13, 0.15))
    if rng.random() < 0.2:
        bones += (tube(_Y, _X, [(0.0, -1.2), (0.0, -0.2)], thick * 0.3) > 0) * 0.8
        bones += (tube(_Y, _X, [(-0.2, -0.3), (0.2, -0.3)], 0.025) > 0) * 0.6
    return flesh * rng.uniform(0.25, 0.5) + bones * 2


def hip(rng: np.random.Generator) -> Plane:
    """One hip or shoulder with a prosthesis: a metal ball, its stem in the shaft, a cup, flesh around."""
    tilt = rng.uniform(0.15, 0.5)
    down = (0.3 + np.sin(tilt) * 2, np.cos(tilt) * 2)
    total = 0.6 * block(_Y, _X, (-0.3, 0.0), (1.1, 1.4)) + 0.08 * clouds(_Y.shape, 1.6, rng)
    total += 1.8 * bone(_Y, _X, (0.3, 0.05), down, 0.17, 0.3)
    rim = [(-0.9, -0.8), (-0.3, -0.5), (0.1, -0.35), (-0.2, 0.15), (-0.6, 0.3), (-0.9, 0.1)]
    total += 0.35 * region(_Y.shape, curve(rim, closed=True), 2)
    if rng.random() < 0.7:
        stem = [(0.0, -0.1), (0.3, 0.05), (down[0] * 0.45, down[1] * 0.4)]
        return total + 1.4 * (np.hypot(_X, _Y + 0.1) < 0.17) + 1.0 * (tube(_Y, _X, stem, 0.055) > 0)
    return np.asarray(
        total + 0.45 * ball(_Y, _X, (0.0, -0.1), (0.2, 0.2)) + bone(_Y, _X, (0.0, -0.1), (0.35, 0.1), 0.11)
    )


def neck(rng: np.random.Generator) -> Plane:
    """A neck from the side: the lower skull, a curved column with spines behind, the airway in front."""
    flesh = region(_Y.shape, [(-0.5, -1), (0.6, -1), (0.45, 0.2), (0.9, 1), (-0.8, 1), (-0.35, 0.4)], 5) * 0.4
    total = flesh + 0.5 * ball(_Y, _X, (0.1, -1.1), (0.75, 0.45))
    for number, level in enumerate(np.linspace(-0.6, 0.9, 7)):
        middle = 0.1 + 0.1 * np.cos(number)
        total += vertebra(_Y, _X, (middle, float(level)), (0.13, 0.085), rng, 0.15)
        total += 0.12 * block(_Y, _X, (middle + 0.3, level + 0.06), (0.13, 0.045), 0.35)
    airway = [(-0.2, -0.7), (-0.12, -0.2), (-0.2, 0.3), (-0.15, 1.1)]
    jaw = tube(_Y, _X, [(-0.9, -0.55), (-0.25, -0.55), (-0.1, -0.95)], 0.1) * 1.2
    return total + jaw - tube(_Y, _X, curve(airway, closed=False), 0.08) * 1.2


def skull(rng: np.random.Generator) -> Plane:
    """Shells of ellipsoids with orbits, sinuses, jaw, teeth and neck; from the front or the side."""
    long = rng.uniform(0.68, 0.8)
    outer, inner = ((0.0, -0.25), (long, 0.66)), ((0.0, -0.25), (long - 0.055, 0.61))
    total = 0.9 * ball(_Y, _X, *outer) - 0.62 * ball(_Y, _X, *inner)
    total *= 1 + 0.06 * clouds(_Y.shape, 1.5, rng)
    if rng.random() < 0.5:
        for side in (-1, 1):
            total -= 0.12 * ball(_Y, _X, (side * 0.27, 0.05), (0.17, 0.14))
            total += 0.15 * np.exp(-(((np.hypot((_X - side * 0.27) / 0.17, (_Y - 0.05) / 0.14) - 1) / 0.15) ** 2))
        total -= 0.15 * ball(_Y, _X, (0.0, 0.3), (0.09, 0.16))
        jaw = curve([(-0.5, 0.3), (-0.45, 0.65), (-0.15, 0.85), (0.15, 0.85), (0.45, 0.65), (0.5, 0.3)], closed=False)
    else:
        total += 0.3 * block(_Y, _X, (-0.5, 0.3), (0.25, 0.25)) - 0.15 * ball(_Y, _X, (-0.5, 0.25), (0.15, 0.1))
        jaw = curve([(0.0, 0.35), (-0.05, 0.65), (-0.35, 0.78), (-0.68, 0.75)], closed=False)
    total += tube(_Y, _X, jaw, 0.09) * 1.6
    for number in range(8):
        total += 0.3 * block(_Y, _X, (-0.32 + number * 0.09, 0.57), (0.035, 0.08))
    for level in np.arange(0.6, 1.3, 0.17):
        total += vertebra(_Y, _X, (0.15, float(level)), (0.12, 0.07), rng)
    return total


def teeth(rng: np.random.Generator) -> Plane:
    """A panorama of the jaws, twice as wide as high: two arches of teeth with roots and fillings."""
    y, x = plane(160, 320)
    smile = rng.uniform(0.05, 0.15)
    bend = smile * x**2 * np.sign(rng.uniform(-0.2, 1))
    total = 0.35 * block(y, x, (0.0, 0.1), (1.9, 0.9)) + 0.08 * clouds(y.shape, 1.5, rng) * 0.3
    for arch in (-1, 1):
        for number in range(-8, 8):
            middle, size = (number + 0.5) * 0.17, rng.uniform(0.055, 0.075)
            lift = arch * 0.17 - float(smile * middle**2)
            total += 0.5 * block(y, x, (middle, lift), (size, 0.12))
            total += 0.3 * ball(y, x, (middle, lift + arch * 0.22), (size * 0.6, 0.2))
            if rng.random() < 0.2:
                total += 0.9 * block(y, x, (middle, lift - arch * 0.03), (size * 0.7, 0.06))
    jaw = [(-1.7, -0.7), (-1.5, 0.3), (-0.8, 0.75), (0.0, 0.85), (0.8, 0.75), (1.5, 0.3), (1.7, -0.7)]
    total += tube(y, x, curve(jaw, closed=False), 0.16) * 0.9
    for side in (-0.6, 0.6):
        total -= 0.2 * ball(y, x, (side, -0.6), (0.4, 0.22))
    total -= 0.2 * np.exp(-(((y + bend - 0.0) / 0.03) ** 2))
    return np.asarray(total)


LIMBS: Final = (hand, joint, joint, hip, neck, skull, teeth)
