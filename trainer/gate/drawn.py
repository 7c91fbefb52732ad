"""Draws what is no film at all: photographs, screens, pages, other anatomy, nothing; pure but for its generator.

None of them is meant to look real to a person. They are to cover what tells such pictures from films: text, edges of
windows, paper, textures, other bones. Every picture is float32 (height, width) in 0..1.
"""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from trainer.gate.anatomy import other_anatomy
from trainer.gate.kinds import Kind
from trainer.gate.negatives import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LETTERS: Final = string.ascii_letters * 4 + string.digits + ".,;:()-/%"


def blank(_film: Picture, rng: np.random.Generator) -> Picture:
    """Noise of any grain, a gradient, a shutter with nothing behind it, with or without a marker."""
    height, width = 256, int(rng.integers(200, 320))
    picture = cloud(height, width, rng, beta=rng.uniform(0.0, 3.0))
    if rng.random() < 0.4:
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        angle = rng.uniform(0, 2 * math.pi)
        ramp = math.cos(angle) * x + math.sin(angle) * y + rng.uniform(-1, 1) * (x**2 + y**2)
        picture = _spread(ramp) * 0.9 + picture * rng.uniform(0.0, 0.1)
    if rng.random() < 0.4:
        top, left = int(height * rng.uniform(0.05, 0.3)), int(width * rng.uniform(0.05, 0.3))
        shutter = np.full_like(picture, 0.0 if rng.random() < 0.8 else 1.0)
        shutter[top : height - top, left : width - left] = picture[top : height - top, left : width - left]
        picture = shutter
    if rng.random() < 0.3:
        row, column = int(rng.integers(0, height - 24)), int(rng.integers(0, width - 24))
        picture[row : row + int(rng.integers(6, 22)), column : column + int(rng.integers(6, 22))] = 1.0
    return _scaled(picture, rng)


def photograph(film: Picture, rng: np.random.Generator) -> Picture:
    """A scene of textured surfaces lit from somewhere; one in five shows a film on something, from aslant."""
    height, width = (256, 340) if rng.random() < 0.7 else (320, 256)
    scene = _spread(cloud(height, width, rng, beta=rng.uniform(1.4, 2.6)))
    if rng.random() < 0.5:  # a horizon
        line = int(height * rng.uniform(0.3, 0.7))
        scene[:line] = scene[:line] * rng.uniform(0.05, 0.5) + rng.uniform(0.3, 0.6)
    image = _image(scene)
    for _ in range(int(rng.integers(2, 14))):
        surface = _image(
            np.clip(
                _spread(cloud(height, width, rng, beta=rng.uniform(0.8, 3.0))) * rng.uniform(0.1, 0.7)
                + rng.uniform(0, 0.5),
                0,
                1,
            )
        )
        image.paste(surface, mask=_shape(height, width, rng))
    if rng.random() < 0.2:
        image = _aslant(image, film, rng)
    image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.2))))
    lit = np.asarray(image, np.float32) / 255 * (1 - rng.uniform(0, 0.5) * _vignette(height, width, rng))
    return _scaled(np.clip(lit + rng.standard_normal((height, width)) * rng.uniform(0, 0.04), 0, 1), rng)


def screenshot(film: Picture, rng: np.random.Generator) -> Picture:
    """Windows with bars, buttons, lists and text, dark or light; half of them show a film in a viewer."""
    height, width = (300, 480) if rng.random() < 0.8 else (480, 270)
    dark = rng.random() < 0.5
    ground, ink = (
        (int(rng.integers(0, 60)), int(rng.integers(150, 256)))
        if dark
        else (int(rng.integers(190, 256)), int(rng.integers(0, 90)))
    )
    image = Image.new("L", (width, height), ground)
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(1, 5))):
        left, top = int(rng.integers(-40, width // 2)), int(rng.integers(-20, height // 2))
        right, bottom = left + int(rng.integers(width // 3, width)), top + int(rng.integers(height // 3, height))
        face = int(np.clip(ground + rng.integers(-30, 31), 0, 255))
        draw.rectangle((left, top, right, bottom), fill=face, outline=int(rng.integers(0, 256)))
        draw.rectangle((left, top, right, top + int(rng.integers(8, 18))), fill=int(rng.integers(0, 256)))
        _window(draw, (left + 4, top + 20, right - 4, bottom - 4), ink, rng)
    if rng.random() < 0.5:
        share = rng.uniform(0.35, 0.85)
        shown = _image(film).resize((int(width * share * rng.uniform(0.5, 1)), int(height * share)))
        image.paste(shown, (int(rng.integers(0, width - shown.width)), int(rng.integers(0, height - shown.height))))
    if rng.random() < 0.7:
        edge = int(rng.integers(10, 40))
        draw.rectangle(
            (0, 0, width, edge) if rng.random() < 0.6 else (0, 0, edge, height), fill=int(rng.integers(0, 256))
        )
        _lines(draw, (4, 2, width - 4, edge), ink, rng)
    return _scaled(np.asarray(image, np.float32) / np.float32(255.0), rng)


def scanned_page(film: Picture, rng: np.random.Generator) -> Picture:
    """Paper with lines of text, tables, boxes, aslant, shaded and grainy; one in eight shows a small film."""
    height, width = (420, 297) if rng.random() < 0.8 else (297, 420)
    image = Image.new("L", (width, height), int(rng.integers(215, 256)))
    draw = ImageDraw.Draw(image)
    ink = int(rng.integers(0, 110))
    margin = int(rng.integers(8, 45))
    top = margin
    while top < height - margin - 20:
        block = int(rng.integers(20, 160))
        bottom = min(top + block, height - margin)
        choice = rng.random()
        if choice < 0.7:
            _lines(draw, (margin, top, width - margin, bottom), ink, rng)
        elif choice < 0.85:
            _table(draw, (margin, top, width - margin, bottom), ink, rng)
        top = bottom + int(rng.integers(4, 30))
    if rng.random() < 0.125:
        small = _image(film).resize((int(width * 0.45), int(height * 0.3)))
        image.paste(small, (int(rng.integers(0, width - small.width)), int(rng.integers(0, height - small.height))))
    image = image.rotate(rng.uniform(-4, 4), Image.Resampling.BILINEAR, fillcolor=int(rng.integers(150, 256)))
    paper = np.asarray(image, np.float32) / 255 * (1 - rng.uniform(0, 0.3) * _vignette(height, width, rng))
    return _scaled(np.clip(paper + rng.standard_normal(paper.shape) * rng.uniform(0, 0.05), 0, 1), rng)


DRAWERS: Final[Mapping[Kind, Callable[[Picture, np.random.Generator], Picture]]] = {
    Kind.NOT_CHEST: other_anatomy,
    Kind.PHOTOGRAPH: photograph,
    Kind.SCREENSHOT: screenshot,
    Kind.SCANNED_PAGE: scanned_page,
    Kind.BLANK: blank,
}


def cloud(height: int, width: int, rng: np.random.Generator, beta: float) -> Picture:
    """Noise whose amplitude falls with frequency to the power of half `beta`, spread over 0..1."""
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    radius = np.maximum(np.hypot(rows, columns), 1.0 / max(height, width))
    wave = np.fft.rfft2(rng.standard_normal((height, width)))
    return _spread(np.fft.irfft2(wave * radius ** (-beta / 2), s=(height, width)).astype(np.float32))


def _lines(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], ink: int, rng: np.random.Generator) -> None:
    """Lines of words in a box."""
    left, top, right, bottom = box
    size = int(rng.integers(6, 15))
    font = ImageFont.load_default(size)
    while top + size < bottom:
        words = " ".join(_word(rng) for _ in range(24))[: max(1, int((right - left) / size * 1.9))]
        if rng.random() < 0.15:
            words = words[: max(1, len(words) // 2)]
        draw.text((left, top), words, fill=ink, font=font)
        top += int(size * 1.45)


def _word(rng: np.random.Generator) -> str:
    return "".join(LETTERS[i] for i in rng.integers(0, len(LETTERS), int(rng.integers(1, 11))))


def _table(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], ink: int, rng: np.random.Generator) -> None:
    left, top, right, bottom = box
    rows, columns = int(rng.integers(2, 8)), int(rng.integers(2, 6))
    for row in range(rows + 1):
        y = top + (bottom - top) * row // rows
        draw.line((left, y, right, y), fill=ink)
    for column in range(columns + 1):
        x = left + (right - left) * column // columns
        draw.line((x, top, x, bottom), fill=ink)
        if column < columns and (bottom - top) // rows > 9:
            for row in range(rows):
                draw.text((x + 2, top + (bottom - top) * row // rows + 1), _word(rng), ink, ImageFont.load_default(7))


def _window(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], ink: int, rng: np.random.Generator) -> None:
    """Text, a table, or buttons."""
    left, top, right, bottom = box
    if right - left < 30 or bottom - top < 30:
        return
    choice = rng.random()
    if choice < 0.55:
        _lines(draw, box, ink, rng)
    elif choice < 0.8:
        _table(draw, box, ink, rng)
    for _ in range(int(rng.integers(0, 14))):
        x, y = int(rng.integers(left, right - 20)), int(rng.integers(top, bottom - 10))
        draw.rounded_rectangle(
            (x, y, x + int(rng.integers(10, 60)), y + int(rng.integers(6, 16))),
            3,
            fill=int(rng.integers(0, 256)),
            outline=ink,
        )


def _shape(height: int, width: int, rng: np.random.Generator) -> Image.Image:
    """A filled ellipse or polygon, as a mask."""
    mask = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    rx, ry = rng.uniform(0.05, 0.45, 2) * (width, height)
    if rng.random() < 0.5:
        draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=255)
        return mask
    angles = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(3, 9))))
    draw.polygon([(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles], fill=255)
    return mask


def _aslant(image: Image.Image, film: Picture, rng: np.random.Generator) -> Image.Image:
    """The film lying in the scene, a third to two thirds of it wide, seen from aslant."""
    width, height = image.size
    wide, high = width * rng.uniform(0.35, 0.65), height * rng.uniform(0.4, 0.65)
    left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
    corners = np.array([(left, top), (left, top + high), (left + wide, top + high), (left + wide, top)])
    corners += rng.uniform(-0.12, 0.12, (4, 2)) * (wide, high)
    shown = _image(film)
    source = np.array([(0, 0), (0, shown.height), (shown.width, shown.height), (shown.width, 0)], float)
    rows = []
    for (x, y), (u, v) in zip(corners, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    matrix = np.linalg.lstsq(np.array(rows), source.ravel(), rcond=None)[0]
    warped = shown.transform((width, height), Image.Transform.PERSPECTIVE, matrix.tolist(), Image.Resampling.BILINEAR)
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).polygon([tuple(c) for c in corners.tolist()], fill=255)
    image.paste(warped, mask=mask)
    return image


def _vignette(height: int, width: int, rng: np.random.Generator) -> Picture:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(np.clip(((x - rng.uniform(-1, 1)) ** 2 + (y - rng.uniform(-1, 1)) ** 2) / 4, 0, 1), np.float32)


def _spread(values: Picture) -> Picture:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-6), np.float32)


def _scaled(picture: Picture, rng: np.random.Generator) -> Picture:
    """Grey levels over all of 0..1 or a part of it."""
    low, high = rng.uniform(0, 0.2), rng.uniform(0.7, 1.0)
    return np.asarray(low + (high - low) * picture if rng.random() < 0.3 else picture, dtype=np.float32)


def _image(picture: Picture) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255.0).astype(np.uint8))
