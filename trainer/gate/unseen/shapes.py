"""The means by which the unseen pictures are drawn: noise, curves, perspective, type; knows no kind of picture.

A plane is float (height, width). Its coordinates run from -1 to 1 along the shorter side, 0 in the middle, y downwards.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Picture = NDArray[np.float32]
Plane = NDArray[Any]
Point = tuple[float, float]  # x, y
SIDE: Final = 224
_ONSETS: Final = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "ch")
_VOWELS: Final = ("a", "e", "i", "o", "u", "ai", "ou")
_ENDS: Final = ("n", "r", "s", "t", "l", "nd", "er", "en", "us")


def plane(height: int = SIDE, width: int = SIDE) -> tuple[Plane, Plane]:
    """y and x of every pixel."""
    short = min(height, width)
    y, x = ((np.arange(side) - (side - 1) / 2) * 2 / short for side in (height, width))
    return np.repeat(y[:, None], width, axis=1), np.repeat(x[None, :], height, axis=0)


def one_of(mechanisms: Sequence[Callable[..., Any]], rng: np.random.Generator) -> Callable[..., Any]:
    """One of the ways to make a picture, each as likely."""
    return mechanisms[int(rng.integers(0, len(mechanisms)))]


def clouds(shape: tuple[int, int], power: float, rng: np.random.Generator) -> Plane:
    """Noise whose amplitude falls with the frequency to a power (0 white, 1 mottle, 2 clouds); mean 0, deviation 1."""
    return _filtered(shape, lambda radius: np.maximum(radius, 1 / max(shape)) ** -power, rng)


def folds(shape: tuple[int, int], wavelength: float, rng: np.random.Generator) -> Plane:
    """A labyrinth as of reaction and diffusion: noise of one wavelength (pixels); mean 0, deviation 1."""
    return _filtered(shape, lambda radius: np.exp(-(((radius * wavelength - 1) / 0.25) ** 2)), rng)


def _filtered(shape: tuple[int, int], gain: Callable[[Plane], Plane], rng: np.random.Generator) -> Plane:
    radius = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :])
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) * gain(radius)
    spectrum[0, 0] = 0
    made = np.fft.irfft2(spectrum, shape)
    return np.asarray(made / max(float(made.std()), 1e-9))


def blurred(level: Plane, radius: float) -> Plane:
    """Under a Gaussian of a radius in pixels; the edges go on as they are."""
    margin = int(3 * radius) + 1
    wide = np.pad(level, margin, mode="edge")
    fy, fx = np.fft.fftfreq(wide.shape[0])[:, None], np.fft.rfftfreq(wide.shape[1])[None, :]
    spectrum = np.fft.rfft2(wide) * np.exp(-2 * (np.pi * radius) ** 2 * (fy**2 + fx**2))
    return np.asarray(np.fft.irfft2(spectrum, wide.shape)[margin:-margin, margin:-margin])


def softened(level: Plane, radius: float) -> Plane:
    """As `blurred`, of what lies in 0..1, in 8 bits and in a fifth of the time."""
    return np.asarray(to_image(level).filter(ImageFilter.GaussianBlur(radius))) / 255.0


def curve(points: Sequence[Point], closed: bool, steps: int = 12) -> list[Point]:
    """A Catmull-Rom spline through points."""
    held = np.asarray(points, float)
    held = np.vstack([held[-1:], held, held[:2]]) if closed else np.vstack([held[:1], held, held[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    made = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(held, held[1:], held[2:], held[3:], strict=False)
    ]
    return [(float(px), float(py)) for px, py in np.vstack([*made, held[-2:-1]])]


def region(shape: tuple[int, int], points: Sequence[Point], soft: float = 1.0) -> Plane:
    """What a closed curve surrounds, 0..1, its edge soft by so many pixels."""
    height, width = shape
    image, half = Image.new("L", (width, height)), min(shape) / 2
    placed = [(px * half + (width - 1) / 2, py * half + (height - 1) / 2) for px, py in points]
    ImageDraw.Draw(image).polygon(placed, fill=255)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(soft))) / 255.0


def shown(level: Plane) -> Picture:
    """As a picture: what lies outside of 0..1 is cut."""
    return np.asarray(np.clip(np.nan_to_num(level), 0, 1), np.float32)


def to_image(level: Plane) -> Image.Image:
    """In 8 bits."""
    return Image.fromarray(np.rint(np.clip(level, 0, 1) * 255.0).astype(np.uint8))


def to_picture(image: Image.Image) -> Picture:
    """From 8 bits."""
    return np.asarray(image.convert("L"), np.float32) / np.float32(255)


def resized(level: Plane, height: int, width: int) -> Picture:
    """With other pixels."""
    return to_picture(to_image(level).resize((max(width, 1), max(height, 1)), Image.Resampling.BICUBIC))


@cache
def font(size: int) -> Any:
    """The sans serif that Pillow carries; no machine has another."""
    return ImageFont.load_default(size)


def word(rng: np.random.Generator) -> str:
    """A word of no language."""
    return _word(rng.integers(0, 1 << 16, 8).tolist())


def words(count: int, rng: np.random.Generator) -> str:
    """Some of them, now and then a number or a stop."""
    made = []
    for drawn in rng.integers(0, 1 << 16, (count, 10)).tolist():
        text = f"{drawn[0] % 9999}" if drawn[8] % 8 == 0 else _word(drawn[:8])
        made.append(text + ("." if drawn[9] % 12 == 0 else ""))
    return " ".join(made).capitalize()


def _word(drawn: list[int]) -> str:
    long, end, *parts = drawn
    syllables = zip(parts[::2], parts[1::2], strict=True)
    made = [_ONSETS[onset % len(_ONSETS)] + _VOWELS[vowel % len(_VOWELS)] for onset, vowel in syllables]
    return "".join(made[: 1 + long % 3]) + _ENDS[end % len(_ENDS)]


def fitted(text: str, type_: Any, wide: float) -> str:
    """As much of a text as fits into so many pixels."""
    while text and (long := type_.getlength(text)) > wide:
        text = text[: min(int(len(text) * wide / long), len(text) - 1)]
    return text


def seen_aslant(image: Image.Image, size: tuple[int, int], corners: Sequence[Point], around: int) -> Image.Image:
    """An image in perspective: its corners (from the upper left clockwise) come to lie on those pixels.

    Outside of it there is `around` (0..255). The eight coefficients are those of `Image.transform`.
    """
    width, height = image.size
    rows, values = [], []
    flat = ((0, 0), (width, 0), (width, height), (0, height))
    for (u, v), (px, py) in zip(flat, corners, strict=True):
        rows += [[px, py, 1, 0, 0, 0, -u * px, -u * py], [0, 0, 0, px, py, 1, -v * px, -v * py]]
        values += [u, v]
    solved = np.linalg.solve(np.asarray(rows, float), np.asarray(values, float))
    how, by = Image.Transform.PERSPECTIVE, Image.Resampling.BILINEAR
    return image.transform(size, how, [float(value) for value in solved], by, fillcolor=around)
