"""Corruptions of a film as a picture of 8 bits: sharpness, compression, geometry, frames, letters; pure.

A grey Pillow picture goes in and one of the same size comes out. On 8 bits Pillow computes in whole numbers, which are
the same on every machine, and the files that these things happen to have 8 bits.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from trainer.shift.conditions import LEVELS, Corruption

Picture = Callable[[Image.Image, float, np.random.Generator], Image.Image]

TENSOR: Final = 224  # pixels that a network sees of the shorter side
KERNELS: Final = (Image.Resampling.NEAREST, Image.Resampling.BOX, Image.Resampling.LANCZOS)
BLACK, WHITE = 0, 255
TEXTS: Final = ("L", "R", "PA", "AP", "PORTABLE", "SUPINE", "12:45", "XR-7", "ERECT", "B 2041")


def _blur(film: Image.Image, share: float, _: np.random.Generator) -> Image.Image:
    return film.filter(ImageFilter.GaussianBlur(share * min(film.size)))


def _jpeg(film: Image.Image, quality: float, _: np.random.Generator) -> Image.Image:
    stream = io.BytesIO()
    film.save(stream, "JPEG", quality=int(quality))
    with Image.open(stream) as image:
        return image.convert("L")


def _resize(film: Image.Image, share: float, rng: np.random.Generator) -> Image.Image:
    """Down to a share of the shorter side, and up again."""
    down, up = (KERNELS[int(number)] for number in rng.integers(0, len(KERNELS), 2))
    scale = share * min(TENSOR, *film.size) / min(film.size)
    small = (max(1, round(film.width * scale)), max(1, round(film.height * scale)))
    return film.resize(small, down).resize(film.size, up)


def _crop(film: Image.Image, kept: float, rng: np.random.Generator) -> Image.Image:
    """A window near a corner, enlarged to the film's size."""
    across, down = (abs(float(rng.integers(0, 2)) - float(rng.uniform(0.0, 0.25))) for _ in range(2))
    left, top = across * (1 - kept) * film.width, down * (1 - kept) * film.height
    box = (left, top, left + kept * film.width, top + kept * film.height)
    return film.resize(film.size, Image.Resampling.BICUBIC, box)


def _aspect(film: Image.Image, factor: float, rng: np.random.Generator) -> Image.Image:
    """The middle, stretched in one direction: the lungs become wider or taller in the same frame."""
    lost = (1 - 1 / factor) / 2
    x, y = (lost, 0.0) if rng.random() < 0.5 else (0.0, lost)
    box = (x * film.width, y * film.height, (1 - x) * film.width, (1 - y) * film.height)
    return film.resize(film.size, Image.Resampling.BICUBIC, box)


def _rotation(film: Image.Image, degrees: float, rng: np.random.Generator) -> Image.Image:
    sign = 1.0 if rng.random() < 0.5 else -1.0
    return film.rotate(sign * degrees, Image.Resampling.BILINEAR, fillcolor=BLACK)


def _border(film: Image.Image, most: float, rng: np.random.Generator) -> Image.Image:
    """The whole film, smaller, in a frame whose four sides have widths of their own."""
    level = WHITE if rng.random() < 1 / 3 else BLACK
    left, right, top, bottom = (float(width) * most for width in rng.uniform(0.5, 1.0, 4))
    inner = (
        max(1, round(film.width * (1 - left - right))),
        max(1, round(film.height * (1 - top - bottom))),
    )
    framed = Image.new("L", film.size, level)
    framed.paste(film.resize(inner, Image.Resampling.BICUBIC), (round(left * film.width), round(top * film.height)))
    return framed


def _markers(film: Image.Image, height: float, rng: np.random.Generator) -> Image.Image:
    """Bright letters along the edges, one text in three in a black box; a stronger severity keeps those of a milder."""
    marked = film.copy()
    for _ in range(2 ** LEVELS[Corruption.MARKERS].index(height)):
        text = TEXTS[int(rng.integers(0, len(TEXTS)))]
        along, across = rng.random(), rng.uniform(0.02, 0.1)
        side, boxed, level = int(rng.integers(0, 4)), rng.random() < 1 / 3, int(rng.integers(200, 256))
        letters = _letters(text, max(1, round(height * min(film.size))), film.width)
        x, y = (along, across) if side < 2 else (across, along)
        x, y = (1 - x, 1 - y) if side % 2 else (x, y)
        corner = (
            round(x * max(0, film.width - letters.width)),
            round(y * max(0, film.height - letters.height)),
        )
        if boxed:
            marked.paste(BLACK, (*corner, corner[0] + letters.width, corner[1] + letters.height))
        marked.paste(level, (*corner, corner[0] + letters.width, corner[1] + letters.height), letters)
    return marked


def _letters(text: str, height: int, widest: int) -> Image.Image:
    """A text as a mask of some height in pixels, in the bitmap font that Pillow carries, which no library redraws."""
    font = ImageFont.load_default_imagefont()
    left, top, right, bottom = (math.ceil(end) for end in font.getbbox(text))
    mask = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=font)
    width = min(widest, max(1, round(mask.width * height / mask.height)))
    return mask.resize((width, height), Image.Resampling.BILINEAR)


PICTURES: Final[Mapping[Corruption, Picture]] = {
    Corruption.BLUR: _blur,
    Corruption.JPEG: _jpeg,
    Corruption.RESIZE: _resize,
    Corruption.CROP: _crop,
    Corruption.ASPECT: _aspect,
    Corruption.ROTATION: _rotation,
    Corruption.BORDER: _border,
    Corruption.MARKERS: _markers,
}
