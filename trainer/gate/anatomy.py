"""Draws other parts of the body and other modalities from ellipses and capsules; pure but for its generator.

Long bones, hands, skulls, abdomen and pelvis, breast; slices of CT and MR; fans of ultrasound.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from trainer.gate.negatives import Picture

SIDE = 256


def other_anatomy(_film: Picture, rng: np.random.Generator) -> Picture:
    """One of the drawings, turned, mirrored and grainy by chance; the film is not looked at."""
    draw = (limb, hand, skull, abdomen, breast, ct_slice, mr_slice, ultrasound)[int(rng.integers(0, 8))]
    picture = np.clip(draw(rng), 0, 1)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    image = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
    if rng.random() < 0.5:
        image = image.rotate(
            rng.uniform(-180, 180) if rng.random() < 0.3 else rng.uniform(-20, 20), Image.Resampling.BILINEAR
        )
    image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.5))))
    grain = np.asarray(image, np.float32) / 255 + rng.standard_normal(picture.shape, np.float32) * np.float32(
        rng.uniform(0, 0.04)
    )
    power = np.float32(math.exp(rng.uniform(-0.5, 0.5)))
    return np.asarray(np.power(np.clip(grain, 0, 1), power), np.float32)


def limb(rng: np.random.Generator) -> Picture:
    """Soft tissue along the picture with one bone or two, a joint where two meet."""
    x, y = _grid()
    lean = rng.uniform(-0.3, 0.3)
    axis = x - lean * y - rng.uniform(-0.2, 0.2)
    width = rng.uniform(0.3, 0.8) * (1 + rng.uniform(-0.3, 0.3) * y)
    picture = _soft(1 - np.abs(axis) / width, 0.15) * rng.uniform(0.2, 0.45)
    joint = rng.uniform(-0.6, 0.6)
    bones = [0.0] if rng.random() < 0.5 else [-0.35 * width, 0.3 * width]
    for bone in bones:
        flare = 1 + rng.uniform(0.3, 1.2) * np.exp(-(((y - joint) / 0.25) ** 2))
        half = rng.uniform(0.08, 0.2) * flare
        picture += _cortex(np.abs(axis - bone) / half, rng.uniform(0.25, 0.5))
    if rng.random() < 0.7:
        picture = picture * (1 - 0.6 * np.exp(-(((y - joint) / rng.uniform(0.015, 0.05)) ** 2)))
    return picture


def hand(rng: np.random.Generator) -> Picture:
    """Fingers of phalanges, fanned out of a palm."""
    flesh, bone = Image.new("L", (SIDE, SIDE)), Image.new("L", (SIDE, SIDE))
    soft, hard = ImageDraw.Draw(flesh), ImageDraw.Draw(bone)
    root = (SIDE * rng.uniform(0.4, 0.6), SIDE * rng.uniform(0.75, 0.95))
    width = int(rng.integers(7, 14))
    soft.ellipse((root[0] - 55, root[1] - 95, root[0] + 55, root[1] + 40), fill=90)
    for finger in range(5):
        angle = math.radians(-90 + (finger - 2) * rng.uniform(13, 22))
        at = np.array(root)
        for segment, length in enumerate((75, 45, 30, 22)):
            to = at + np.array([math.cos(angle), math.sin(angle)]) * length * rng.uniform(0.85, 1.15)
            soft.line([*at, *to], fill=90, width=width * 2 + 4)
            hard.line([*(at * 0.94 + to * 0.06), *(at * 0.06 + to * 0.94)], fill=200, width=max(3, width - segment))
            at = to
    picture = np.asarray(flesh.filter(ImageFilter.GaussianBlur(2)), np.float32) / 255
    return np.asarray(picture + np.asarray(bone.filter(ImageFilter.GaussianBlur(1))) * (0.7 / 255), np.float32)


def skull(rng: np.random.Generator) -> Picture:
    """A bright shell with orbits or a jaw, sutures as lines."""
    x, y = _grid()
    r = np.hypot((x - rng.uniform(-0.1, 0.1)) / rng.uniform(0.6, 0.85), (y + 0.1) / rng.uniform(0.7, 0.95))
    picture = _cortex(r, rng.uniform(0.3, 0.6), 0.93) + 0.25 * _soft(1 - r, 0.1)
    for side in (-1, 1):
        orbit = np.hypot((x - side * rng.uniform(0.2, 0.35)) / 0.18, (y - rng.uniform(0.1, 0.3)) / 0.15)
        picture += rng.uniform(-0.2, 0.3) * _soft(1 - orbit, 0.2) + 0.3 * np.exp(-(((orbit - 1) / 0.1) ** 2))
    jaw = np.hypot(x / 0.45, (y - 0.55) / 0.4)
    return picture + 0.3 * np.exp(-(((jaw - 1) / 0.12) ** 2)) * (y > 0.4)


def abdomen(rng: np.random.Generator) -> Picture:
    """A bright field with a spine, iliac wings and bubbles of gas."""
    x, y = _grid()
    picture = (
        0.5
        - 0.2 * np.abs(x) ** 4
        + 0.25 * np.exp(-((x / rng.uniform(0.1, 0.16)) ** 2)) * (0.8 + 0.2 * np.cos(y * rng.uniform(18, 30)))
    )
    for side in (-1, 1):
        wing = np.hypot((x - side * 0.5) / rng.uniform(0.3, 0.45), (y - rng.uniform(0.4, 0.7)) / rng.uniform(0.3, 0.45))
        picture += 0.25 * _soft(1 - wing, 0.2) + 0.2 * np.exp(-(((wing - 1) / 0.08) ** 2))
    for _ in range(int(rng.integers(2, 14))):
        bubble = np.hypot(
            (x - rng.uniform(-0.7, 0.7)) / rng.uniform(0.05, 0.22),
            (y - rng.uniform(-0.7, 0.5)) / rng.uniform(0.05, 0.18),
        )
        picture -= rng.uniform(0.1, 0.3) * _soft(1 - bubble, 0.3)
    return picture


def breast(rng: np.random.Generator) -> Picture:
    """Half an ellipse against one edge, with strands."""
    x, y = _grid()
    r = np.hypot((x + 1) / rng.uniform(0.9, 1.6), (y - rng.uniform(-0.2, 0.2)) / rng.uniform(0.6, 0.95))
    return _soft(1 - r, 0.1) * (0.35 + 0.5 * _clouds(rng, 2.2))


def ct_slice(rng: np.random.Generator) -> Picture:
    """A body in air: skin, fat, organs, a vertebra, ribs as spots; a third with lungs."""
    x, y = _grid()
    a, b = rng.uniform(0.65, 0.95), rng.uniform(0.45, 0.8)
    r = np.hypot(x / a, y / b)
    picture = _soft(1 - r, 0.03) * 0.35
    picture += _soft(0.88 - r, 0.04) * (0.15 + 0.1 * _clouds(rng, 2.0))
    for _ in range(int(rng.integers(2, 9))):
        organ = np.hypot(
            (x - rng.uniform(-0.5, 0.5)) / rng.uniform(0.08, 0.35),
            (y - rng.uniform(-0.35, 0.35)) / rng.uniform(0.08, 0.3),
        )
        picture += rng.uniform(-0.15, 0.2) * _soft(1 - organ, 0.05) * (r < 0.85)
    if rng.random() < 0.33:
        for side in (-1, 1):
            lung = np.hypot((x - side * a * 0.45) / (a * 0.33), y / (b * 0.6))
            picture -= 0.6 * _soft(1 - lung, 0.04)
    spine = np.hypot(x / 0.12, (y - b * 0.55) / 0.12)
    picture += 0.5 * _soft(1 - spine, 0.1)
    for angle in np.linspace(0, 2 * math.pi, int(rng.integers(0, 14)), endpoint=False):
        spot = np.hypot((x - 0.88 * a * math.cos(angle)) / 0.06, (y - 0.88 * b * math.sin(angle)) / 0.03)
        picture += 0.5 * _soft(1 - spot, 0.3)
    if rng.random() < 0.5:
        picture += 0.3 * np.exp(-(((y - b * rng.uniform(0.95, 1.1) - 0.1 * x**2) / 0.02) ** 2))  # the table
    return picture


def mr_slice(rng: np.random.Generator) -> Picture:
    """A head or a knee by magnetic resonance: bright fat, dark bone, folds."""
    x, y = _grid()
    r = np.hypot(x / rng.uniform(0.55, 0.85), y / rng.uniform(0.65, 0.9))
    picture = 0.6 * np.exp(-(((r - 0.97) / 0.04) ** 2)) + _soft(0.86 - r, 0.03) * 0.4
    folds = np.abs(np.sin(_clouds(rng, 2.4) * rng.uniform(15, 45)))
    picture += _soft(0.84 - r, 0.05) * folds * rng.uniform(-0.3, 0.3)
    for side in (-1, 1):
        ventricle = np.hypot(
            (x - side * rng.uniform(0.05, 0.15)) / 0.08, (y - rng.uniform(-0.1, 0.1)) / rng.uniform(0.15, 0.3)
        )
        picture += rng.choice([-0.4, 0.4]) * _soft(1 - ventricle, 0.1)
    return picture


def ultrasound(rng: np.random.Generator) -> Picture:
    """A sector of speckle on black, with dark cysts and bright interfaces."""
    x, y = _grid()
    down = y + 1 + rng.uniform(0.0, 0.4)
    radius, angle = np.hypot(x, down), np.arctan2(x, down)
    inside = (
        (np.abs(angle) < rng.uniform(0.4, 0.8)) & (radius > rng.uniform(0.1, 0.5)) & (radius < rng.uniform(1.6, 2.1))
    )
    speckle = np.hypot(_clouds(rng, rng.uniform(0.5, 1.5)) - 0.5, _clouds(rng, rng.uniform(0.5, 1.5)) - 0.5) * 2.0
    tissue = _clouds(rng, 2.5)
    picture = speckle * (0.3 + tissue) * inside
    for _ in range(int(rng.integers(0, 5))):
        cyst = np.hypot(
            (x - rng.uniform(-0.4, 0.4)) / rng.uniform(0.05, 0.3),
            (y - rng.uniform(-0.5, 0.6)) / rng.uniform(0.05, 0.25),
        )
        picture *= 1 - _soft(1 - cyst, 0.1) * rng.uniform(0.5, 1.0)
    return picture + inside * 0.5 * np.exp(-(((radius - rng.uniform(0.6, 1.5) - 0.1 * np.sin(angle * 6)) / 0.02) ** 2))


def _grid() -> tuple[Picture, Picture]:
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _soft(inside: Picture, edge: float) -> Picture:
    """1 where `inside` is well above 0, 0 where below, with a soft edge."""
    return np.asarray(1 / (1 + np.exp(-np.clip(inside / edge * 4, -30, 30))), np.float32)


def _cortex(distance: Picture, brightness: float, at: float = 0.8) -> Picture:
    """A tube: brightest at its walls."""
    return brightness * (0.5 * _soft(1 - distance, 0.1) + 0.7 * np.exp(-(((distance - at) / 0.15) ** 2)))


def _clouds(rng: np.random.Generator, beta: float) -> Picture:
    rows, columns = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    radius = np.maximum(np.hypot(rows, columns), 1.0 / SIDE)
    waves = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * radius ** (-beta / 2), s=(SIDE, SIDE))
    low, high = waves.min(), waves.max()
    return np.asarray((waves - low) / (high - low), np.float32)
