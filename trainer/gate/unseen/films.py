"""Spoils chest films as departments do: inverted, turned, too little or too much light, cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageOps

from trainer.gate.unseen.shapes import blurred, clouds, one_of, resized, shown, to_image, to_picture
from trainer.gate.unseen.shifts import turned

if TYPE_CHECKING:
    from trainer.gate.unseen.shapes import Picture, Plane

_LEAST_KEPT: Final = 0.3  # of a side, in a film that is cut off; the most is a half


def inverted(film: Picture, rng: np.random.Generator) -> Picture:
    """Photometric interpretation misread, transmission shown without its logarithm, or a negative of a hard copy."""

    def misread(level: Plane) -> Plane:
        return 1 - level

    def transmitted(level: Plane) -> Plane:
        strength = rng.uniform(1.0, 3.5)
        least = np.exp(-strength)
        return (np.exp(-strength * level) - least) / (1 - least)

    def copied(level: Plane) -> Plane:
        steep = rng.uniform(4, 8)
        return 1 / (1 + np.exp(steep * (level - np.median(level)) + rng.uniform(-0.5, 0.5)))

    def equalised(level: Plane) -> Plane:
        return to_picture(ImageOps.equalize(to_image(1 - level)))

    made = shown(one_of((misread, transmitted, copied, equalised), rng)(film)) ** np.float32(rng.uniform(0.7, 1.4))
    if rng.random() < 0.3:
        made = to_picture(to_image(made).rotate(rng.uniform(-9, 9), Image.Resampling.BICUBIC, fillcolor=255))
    if rng.random() < 0.3:  # the frame was not part of the film and kept its own black or white
        made = np.pad(made, max(film.shape) // int(rng.integers(16, 40)), constant_values=float(rng.integers(0, 2)))
    return shown(made)


def rotated(film: Picture, rng: np.random.Generator) -> Picture:
    """By quarters and a tilt, by flips top to bottom, or by 42 to 180 degrees either way; four sorts of corners."""

    def quarters(level: Picture) -> Picture:
        tilt = rng.uniform(-14, 14) if rng.random() < 0.5 else 0.0
        return turned(np.rot90(level, int(rng.integers(1, 4))), tilt, rng)

    def flipped(level: Picture) -> Picture:
        return turned(level[::-1], rng.uniform(-20, 20) if rng.random() < 0.5 else 0.0, rng)

    def aslant(level: Picture) -> Picture:
        mirrored = level[:, ::-1] if rng.random() < 0.2 else level
        return turned(mirrored, rng.uniform(42, 180) * rng.choice([-1, 1]), rng)

    return shown(one_of((quarters, flipped, aslant, aslant), rng)(film))


def under_exposed(film: Picture, rng: np.random.Generator) -> Picture:
    """White-out by window; electronic noise over a few quanta; bands of the readout; fog of scatter; lone specks."""
    shape = film.shape

    def white_out(level: Plane) -> Plane:
        lowest = np.quantile(_middle(level), rng.uniform(0.004, 0.03))
        return np.minimum(1.0, (level / max(float(lowest), 1e-3)) ** rng.uniform(1, 3) * rng.uniform(0.97, 1.05))

    def starved(level: Plane) -> Plane:
        counts = rng.poisson(rng.uniform(0.2, 0.9) * np.exp(-3.5 * level)) + rng.normal(0, rng.uniform(0.5, 1.5), shape)
        return _stretched(-counts - rng.normal(0, 0.3, (shape[0], 1)), 0.005)

    def banded(level: Plane) -> Plane:
        bands = np.cumsum(rng.standard_normal(shape[0]))[:, None] * rng.uniform(0.02, 0.05)
        rows = rng.standard_normal((shape[0], 1)) * rng.uniform(0.1, 0.3)
        faint = rng.uniform(0.02, 0.05) * level
        return _stretched(faint + bands + rows + rng.standard_normal(shape) * rng.uniform(0.1, 0.3), 0.01)

    def fogged(level: Plane) -> Plane:
        mottle = clouds(shape, rng.uniform(0.3, 0.8), rng) * rng.uniform(0.06, 0.15)
        body = np.tanh(6 * blurred(level, min(shape) / 30)) * rng.uniform(0.02, 0.3)
        return rng.uniform(0.5, 0.7) + body + mottle

    def specks(level: Plane) -> Plane:
        beam = np.exp(-5 * level)  # most of what is counted passed beside the body
        hit = rng.random(shape) < rng.uniform(0.01, 0.04) * beam
        return np.where(hit, rng.random(shape) * 0.6, 1.0) * rng.uniform(0.8, 1.0)

    return shown(one_of((white_out, white_out, starved, banded, fogged, specks), rng)(film))


def over_exposed(film: Picture, rng: np.random.Generator) -> Picture:
    """A characteristic curve beyond its shoulder; blooming; a window on bones; too dark a print; burnt and veiled."""
    burnt = float(np.quantile(_middle(film), rng.uniform(0.64, 0.84)))  # the lungs are half of the middle
    rest = np.maximum(film - burnt, 0) / max(float(film.max()) - burnt, 1e-3)

    def shoulder(level: Plane) -> Plane:
        steep = rng.uniform(8, 16)
        density = 1 / (1 + np.exp(-steep * (level - burnt - 0.25)))
        return np.maximum(density - 1 / (1 + np.exp(steep * 0.25)), 0)

    def bloomed(level: Plane) -> Plane:
        spill = blurred((level <= burnt).astype(float), rng.uniform(0.01, 0.03) * min(level.shape))
        return rest * np.clip(1.2 - spill * rng.uniform(1.2, 2.5), 0, 1)

    def bones(_level: Plane) -> Plane:
        return np.minimum(rest * rng.uniform(1.0, 2.5), 1)

    def dark_print(level: Plane) -> Plane:
        return rest ** rng.uniform(1.2, 2.2) * rng.uniform(0.3, 0.7) + rng.standard_normal(level.shape) * 0.006

    def veiled(_level: Plane) -> Plane:
        veil = rng.uniform(0.03, 0.12)
        return veil + (1 - veil) * rest ** rng.uniform(0.7, 1.2)

    return shown(one_of((shoulder, bloomed, bones, dark_print, veiled), rng)(film))


def window(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """What is left of a film that is cut off: top, bottom, left, right as shares; at most a half of one side."""
    first = int(rng.integers(0, 2))
    spans = [(0.0, 1.0), (0.0, 1.0)]
    for axis in (first, 1 - first):
        if axis != first and rng.random() < 0.6:
            continue
        kept = rng.uniform(_LEAST_KEPT, 0.5 if axis == first else 0.95)
        start = float(rng.choice([0.0, 1.0, 0.0, 1.0, rng.random()])) * (1 - kept)
        spans[axis] = (start, start + kept)
    (top, bottom), (left, right) = spans
    return top, bottom, left, right


def cut_off(film: Picture, rng: np.random.Generator) -> Picture:
    """A window of the film alone, enlarged, behind a collimator, in a frame of one grey or noise, or slid elsewhere."""
    height, width = film.shape
    top, bottom, left, right = window(rng)
    rows = slice(int(np.ceil(top * height)), int(bottom * height))
    columns = slice(int(np.ceil(left * width)), int(right * width))
    kept = film[rows, columns]

    def alone() -> Plane:
        return kept

    def enlarged() -> Plane:
        return resized(kept, height, width)

    def collimated() -> Plane:
        lit = np.zeros(film.shape)
        lit[rows, columns] = 1
        return film * np.minimum(lit, blurred(lit, rng.uniform(0.5, 3.0)) * 1.05)

    def framed() -> Plane:
        frame = np.full(film.shape, float(rng.choice([0.0, rng.random(), 1.0])))
        frame[rows, columns] = kept
        return frame

    def slid() -> Plane:
        frame = np.full(film.shape, float(rng.choice([0.0, rng.random() * 0.3, 1.0])))
        frame += rng.standard_normal(film.shape) * rng.uniform(0, 0.02)
        y, x = (int(rng.integers(0, whole - part + 1)) for whole, part in zip(film.shape, kept.shape, strict=True))
        frame[y : y + kept.shape[0], x : x + kept.shape[1]] = kept
        return frame

    return shown(one_of((alone, enlarged, collimated, framed, slid), rng)())


def _middle(film: Plane) -> Plane:
    height, width = film.shape
    return film[height // 6 : height * 5 // 6, width // 8 : width * 7 // 8]


def _stretched(level: Plane, tail: float) -> Plane:
    low, high = np.quantile(level, [tail, 1 - tail])
    return (level - low) / max(float(high - low), 1e-9)
