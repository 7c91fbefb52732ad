"""Draws what other modalities show: slices of CT and MR, ultrasound, vessels, a gamma camera, barium, a retina."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw

from trainer.gate.unseen.rays import ball, block, tube, vertebra
from trainer.gate.unseen.shapes import (
    SIDE,
    blurred,
    clouds,
    curve,
    folds,
    font,
    one_of,
    plane,
    region,
    resized,
    shown,
    softened,
    to_image,
    to_picture,
)

if TYPE_CHECKING:
    from trainer.gate.unseen.shapes import Picture, Plane, Point

_Y, _X = plane()
_SHAPE: Final = _Y.shape


def modality(rng: np.random.Generator) -> Picture:
    """Of one modality, with its grain, on some sides, sometimes with the letters that its station writes."""
    ways = (ct_trunk, ct_trunk, ct_head, mr_head, mr_head, ultrasound, vessels, gamma_camera, barium, retina)
    picture = shown(one_of(ways, rng)(rng) + rng.standard_normal(_SHAPE) * rng.uniform(0.0, 0.03))
    image = to_image(picture)
    if rng.random() < 0.4:
        draw = ImageDraw.Draw(image)
        for row in range(int(rng.integers(1, 5))):
            text = f"{rng.choice(['SE', 'IM', 'W', 'L', 'TR', 'TE', 'mA', 'kV'])} {int(rng.integers(1, 999))}"
            draw.text((4, 3 + row * 12), text, 220, font(10))
    return resized(to_picture(image), int(SIDE * rng.uniform(0.9, 1.3)), int(SIDE * rng.uniform(0.95, 1.3)))


def ct_trunk(rng: np.random.Generator) -> Plane:
    """Across a chest or a belly: skin, fat, ribs, vertebra, lungs or organs of splines, a table, a window."""
    wide, deep = rng.uniform(0.75, 0.92), rng.uniform(0.5, 0.65)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    rim = [(float(wide * np.cos(a) * rng.uniform(0.97, 1.03)), float(deep * np.sin(a))) for a in angles]
    body = region(_SHAPE, curve(rim, closed=True))
    flesh = region(_SHAPE, curve([(px * 0.87, py * 0.84) for px, py in rim], closed=True), 1.5)
    level = body * 0.38 + flesh * 0.2
    if rng.random() < 0.5:
        for side in (-1, 1):
            lung = [(0.12, -0.3), (0.35, -0.42), (0.6, -0.2), (0.64, 0.15), (0.4, 0.38), (0.18, 0.2)]
            scaled = [(side * px * wide / 0.85, py * deep / 0.58) for px, py in lung]
            inside = region(_SHAPE, curve(scaled, closed=True), 1.0)
            level = level * (1 - inside) + inside * (0.06 + 0.35 * (clouds(_SHAPE, 0.8, rng) > 2.1))
        level += 0.12 * (ball(_Y, _X, (-0.1, -0.15), (0.26, 0.22), 0.6) > 0)
    else:
        level += 0.15 * region(_SHAPE, curve(_blob((-0.38, -0.05), 0.34, rng), closed=True), 1)
        level += 0.12 * region(_SHAPE, curve(_blob((0.45, 0.05), 0.17, rng), closed=True), 1)
        for _ in range(int(rng.integers(3, 8))):
            at, size = (rng.uniform(-0.2, 0.5), rng.uniform(-0.35, 0.1)), rng.uniform(0.05, 0.11)
            inside = region(_SHAPE, curve(_blob(at, size, rng), closed=True), 1)
            level = level * (1 - inside) + inside * rng.choice([0.05, 0.5, 0.75])
        for kidney in (-0.3, 0.3):
            level += 0.2 * (ball(_Y, _X, (kidney, 0.2), (0.1, 0.13), kidney) > 0)
    level += 0.45 * (block(_Y, _X, (0.0, 0.27), (0.14, 0.1)) > 0) + 0.4 * (
        tube(_Y, _X, [(0.0, 0.35), (0.0, 0.47)], 0.03) > 0
    )
    for angle in np.arange(0.3, 6.2, 0.42):
        rib = (float(0.8 * wide * np.cos(angle)), float(0.77 * deep * np.sin(angle)))
        level += 0.4 * (ball(_Y, _X, rib, (0.06, 0.025), float(angle) + 1.6) > 0)
    level += 0.35 * np.exp(-(((_Y - deep - 0.06 - 0.1 * (1 - _X**2)) / 0.012) ** 2)) * (np.abs(_X) < 0.7)
    low, high = rng.uniform(0.0, 0.15), rng.uniform(0.75, 1.1)
    return np.asarray((level - low) / (high - low)) * (np.hypot(_Y, _X) < 1.05)


def ct_head(rng: np.random.Generator) -> Plane:
    """Across a head: a bright ring, two halves, ventricles, now and then a haemorrhage or a streak."""
    long = rng.uniform(0.72, 0.85)
    ring = (np.hypot(_X / (long * 0.8), _Y / long) - 1) * 8
    level = np.where(np.abs(ring) < rng.uniform(0.3, 0.5), 1.0, np.where(ring < 0, 0.42, 0.0))
    level += (ring < -0.4) * (0.05 * clouds(_SHAPE, 0.8, rng) - 0.08 * np.exp(-((_X / 0.015) ** 2)))
    for side in (-1, 1):
        horn = [
            (side * 0.05, -0.05),
            (side * 0.14, -0.32),
            (side * 0.07, -0.08),
            (side * 0.2, 0.3),
            (side * 0.06, 0.06),
        ]
        level -= 0.2 * region(_SHAPE, curve(horn, closed=True), 1.5)
    if rng.random() < 0.4:
        level += 0.3 * region(_SHAPE, curve(_blob((rng.uniform(-0.35, 0.35), 0.1), 0.15, rng), closed=True), 2)
    level += 0.3 * (np.abs(np.hypot(_X / (long * 0.95), _Y / (long * 1.13)) - 1) < 0.01)
    return np.asarray(level)


def mr_head(rng: np.random.Generator) -> Plane:
    """A brain folded by a labyrinth of one wavelength, in dark bone and bright scalp; across, or through the middle."""
    across = rng.random() < 0.6
    long = rng.uniform(0.7, 0.85)
    depth = 1 - np.hypot(_X / (long * (0.8 if across else 0.95)), (_Y + (0 if across else 0.15)) / (long * 0.95))
    brain, scalp = depth > 0.14, (depth > 0) & (depth < 0.06)
    cortex = np.clip(folds(_SHAPE, rng.uniform(11, 17), rng) * 1.2 + (0.28 - depth) * 4, -1, 1)
    t2 = rng.random() < 0.5
    white, grey, fluid = (0.35, 0.55, 0.95) if t2 else (0.75, 0.5, 0.15)
    level = np.where(brain, white + (grey - white) * (cortex > 0) * (depth < 0.5), 0.04)
    level = np.where(scalp, 0.8, np.where((cortex > 0.85) & brain & (depth < 0.3), fluid, level))
    for side in (-1, 1):
        level = np.where(ball(_Y, _X, (side * 0.1, -0.05), (0.05, 0.25), side * 0.25) > 0, fluid, level)
    if not across:
        neck = region(_SHAPE, [(-0.2, 0.5), (0.35, 0.4), (0.45, 1.1), (-0.15, 1.1)], 2)
        face = region(
            _SHAPE, curve([(-0.8, -0.1), (-0.95, 0.2), (-0.7, 0.75), (-0.2, 0.8), (-0.3, 0.2)], closed=True), 2
        )
        level = np.maximum(level, np.maximum(neck * 0.4, face * (0.45 + 0.12 * clouds(_SHAPE, 1.2, rng))) * ~brain)
        for number in range(4):
            level += vertebra(_Y, _X, (0.15, 0.6 + number * 0.16), (0.07, 0.06), rng)
        level += 0.3 * (tube(_Y, _X, curve([(0.0, 0.1), (0.1, 0.4), (0.25, 1.1)], closed=False), 0.05) > 0)
    return blurred(level, 0.7) + 0.1 * clouds(_SHAPE, 2.0, rng)


def ultrasound(rng: np.random.Generator) -> Plane:
    """A fan of speckle from a curved head: layers, cysts with brighter depth behind them, shadows, a scale."""
    apex = -1.0 - rng.uniform(0.1, 0.6)
    radius, angle = np.hypot(_X, _Y - apex), np.arctan2(_X, _Y - apex)
    fan = (np.abs(angle) < rng.uniform(0.4, 0.75)) & (radius > -1.0 - apex + 0.08) & (radius < 0.85 - apex)
    layers = 0.4 + 0.2 * np.sin(radius * rng.uniform(8, 25) + clouds(_SHAPE, 2.0, rng) * 1.5)
    for _ in range(int(rng.integers(1, 5))):
        at, size = (rng.uniform(-0.4, 0.4), rng.uniform(-0.5, 0.5)), rng.uniform(0.06, 0.25)
        inside = ball(_Y, _X, at, (size, size * rng.uniform(0.6, 1.2))) > 0
        behind = (np.abs(angle - np.arctan2(at[0], at[1] - apex)) < size * 0.5) & (
            np.hypot(at[0], at[1] - apex) < radius
        )
        layers = np.where(inside, rng.uniform(0.02, 0.25), layers * (1 + behind * rng.uniform(-0.8, 0.7)))
    grain = np.abs(blurred(rng.standard_normal(_SHAPE), 0.8) + 1j * blurred(rng.standard_normal(_SHAPE), 0.8))
    level = layers * grain * 2.4 * np.exp(-0.3 * (radius + apex)) * fan
    return level + 0.7 * ((_X > 0.93) & (_X < 0.96) & (np.abs((_Y * 8) % 1 - 0.5) < 0.05))


def vessels(rng: np.random.Generator) -> Plane:
    """An angiogram: a tree by a rule of growth, dark on subtracted grey or on a field of scatter in a round image."""
    image = Image.new("L", (SIDE * 2, SIDE * 2), 0)
    _grow(
        ImageDraw.Draw(image), (rng.uniform(0.3, 0.7), 1.0), -np.pi / 2, rng.uniform(0.2, 0.3), rng.uniform(12, 22), rng
    )
    tree = softened(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)) / 255.0, 0.7)
    behind = rng.uniform(0.55, 0.8) + clouds(_SHAPE, 1.7, rng) * rng.uniform(0.01, 0.1)
    level = behind - tree * rng.uniform(0.35, 0.6)
    return np.where(np.hypot(_Y, _X) < 0.98, level, 0.0) if rng.random() < 0.5 else level


def gamma_camera(rng: np.random.Generator) -> Plane:
    """Counts of a few quanta: a whole skeleton from both sides, or spots of an organ."""
    rate = np.full(_SHAPE, 0.02)
    if rng.random() < 0.6:
        for middle in (-0.5, 0.5):
            rate += (
                1.2 * ball(_Y, _X, (middle, -0.82), (0.08, 0.11))
                + 0.8 * tube(_Y, _X, [(middle, -0.7), (middle, 0.0)], 0.035) * 10
            )
            for side in (-1, 1):
                rate += 5 * tube(_Y, _X, [(middle + side * 0.17, -0.6), (middle + side * 0.25, 0.05)], 0.025)
                rate += 6 * tube(_Y, _X, [(middle + side * 0.09, 0.05), (middle + side * 0.07, 0.95)], 0.03)
                for level in np.arange(-0.55, -0.2, 0.07):
                    rate += 3 * tube(_Y, _X, [(middle, level), (middle + side * 0.14, level + 0.06)], 0.015)
            rate += 0.9 * ball(_Y, _X, (middle, 0.05), (0.15, 0.09))
    for _ in range(int(rng.integers(1, 6))):
        at = (rng.uniform(-0.7, 0.7), rng.uniform(-0.7, 0.7))
        rate += rng.uniform(0.5, 3) * ball(
            _Y, _X, at, (rng.uniform(0.04, 0.2), rng.uniform(0.04, 0.2)), rng.uniform(0, 3)
        )
    counts = rng.poisson(blurred(rate, 1.5).clip(0) * rng.uniform(3, 25)).astype(float)
    level = np.minimum(counts / max(float(np.quantile(counts, 0.995)), 1), 1)
    return 1 - level if rng.random() < 0.5 else level


def barium(rng: np.random.Generator) -> Plane:
    """A bowel filled with white, its pouches along a spline, on the haze of a belly with a column."""
    level = 0.35 * block(_Y, _X, (0.0, 0.0), (0.95, 1.8)) + 0.03 * clouds(_SHAPE, 1.6, rng)
    for row in np.arange(-1, 1, 0.24):
        level += 0.4 * vertebra(_Y, _X, (0.0, float(row)), (0.14, 0.1), rng)
    knots = [(0.6, 0.85), (0.65, 0.2), (0.6, -0.5), (0.0, -0.35), (-0.6, -0.5), (-0.65, 0.3), (-0.4, 0.7), (0.0, 0.6)]
    path = curve(
        [(px + rng.uniform(-0.1, 0.1), py + rng.uniform(-0.1, 0.1)) for px, py in knots], closed=False, steps=5
    )
    for number, (px, py) in enumerate(path[: int(rng.integers(15, len(path)))]):
        level = np.maximum(level, 0.95 * np.sqrt(ball(_Y, _X, (px, py), (0.1 + 0.02 * (number % 2), 0.09))))
    return level


def retina(rng: np.random.Generator) -> Plane:
    """The back of an eye: a round field, a bright disc, vessels that grow out of it, a dim spot."""
    image = Image.new("L", (SIDE * 2, SIDE * 2), 0)
    for start in (-2.4, -0.6, 0.7, 2.4):
        _grow(ImageDraw.Draw(image), (0.3, 0.5), start, 0.2, 7, rng)
    tree = softened(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)) / 255.0, 0.6)
    level = 0.5 - 0.15 * np.hypot(_X, _Y) + 0.4 * ball(_Y, _X, (-0.4, 0.0), (0.13, 0.15)) - 0.35 * tree
    level -= 0.15 * np.exp(-((np.hypot(_X - 0.25, _Y) / 0.2) ** 2)) + 0.02 * clouds(_SHAPE, 1.5, rng)
    return np.where(np.hypot(_X, _Y) < 0.95, level, 0.0)


def _grow(
    draw: ImageDraw.ImageDraw, at: Point, angle: float, length: float, wide: float, rng: np.random.Generator
) -> None:
    """A branch and its two branches, until they are thin; coordinates are shares of the picture."""
    if wide < 1.2:
        return
    side = SIDE * 2
    for _ in range(4):
        to = (at[0] + np.cos(angle) * length / 4, at[1] + np.sin(angle) * length / 4)
        draw.line(
            [at[0] * side, at[1] * side, to[0] * side, to[1] * side], fill=255, width=max(int(wide), 1), joint="curve"
        )
        at, angle = to, angle + rng.uniform(-0.2, 0.2)
    for turn in (-1, 1):
        _grow(
            draw,
            at,
            angle + turn * rng.uniform(0.2, 0.8),
            length * rng.uniform(0.65, 0.95),
            wide * rng.uniform(0.55, 0.8),
            rng,
        )


def _blob(centre: Point, size: float, rng: np.random.Generator) -> list[Point]:
    angles = np.linspace(0, 2 * np.pi, 7, endpoint=False)
    reach = size * rng.uniform(0.7, 1.25, 7)
    return [
        (float(centre[0] + r * np.cos(a)), float(centre[1] + r * np.sin(a))) for a, r in zip(angles, reach, strict=True)
    ]
