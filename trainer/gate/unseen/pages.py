"""Draws paper as a scanner sees it: letters, forms, tables, hand, music, codes, tracings, plans; no film."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from trainer.gate.unseen.shapes import curve, fitted, font, one_of, resized, shown, softened, to_picture, word, words

if TYPE_CHECKING:
    from trainer.gate.unseen.shapes import Picture

_WIDTH: Final = 310
_HEIGHT: Final = 438
_MARGIN: Final = 26
Draw = ImageDraw.ImageDraw


def scanned_page(_film: Picture, rng: np.random.Generator) -> Picture:
    """One sheet, skewed, with grain and edges; now and then a quarter turned, a copy of a copy, a negative."""
    paper = int(rng.integers(205, 256))
    image = Image.new("L", (_WIDTH, _HEIGHT), paper)
    sheets = (letter, letter, columns, form, table, handwritten, music, codes, tracing, plan)
    one_of(sheets, rng)(ImageDraw.Draw(image), rng)
    if rng.random() < 0.3:
        _stamp(image, rng)
    around = int(rng.choice([255, 235, 60, 0]))
    image = image.rotate(rng.uniform(-3, 3), Image.Resampling.BILINEAR, expand=True, fillcolor=around)
    if rng.random() < 0.2:
        image = image.transpose(Image.Transpose.ROTATE_90)
    level = to_picture(image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.8))))
    shape = level.shape
    if rng.random() < 0.25:  # what a copier makes of it: black and white, with dirt
        clean = softened((rng.random(shape) < rng.uniform(0, 0.004)) * 1.0, 0.5) < 0.2
        return shown(clean * (level > rng.uniform(0.5, 0.7)) * 1.0)
    lamp = 1 - rng.uniform(0, 0.3) * np.linspace(0, 1, shape[1])[None, :] ** rng.uniform(2, 8)
    stains = resized(rng.random((9, 7)), *shape) - 0.5
    aged = level * lamp + rng.uniform(0, 0.08) * stains + rng.standard_normal(shape) * 0.01
    return shown(1 - aged if rng.random() < 0.08 else aged)  # microfilm


def letter(draw: Draw, rng: np.random.Generator) -> None:
    """A head with a line, an address, a subject, paragraphs, a name that is signed."""
    draw.text((_MARGIN, 18), words(3, rng), 20, font(int(rng.integers(13, 22))))
    draw.line([_MARGIN, 46, _WIDTH - _MARGIN, 46], fill=60)
    for row in range(4):
        draw.text((_MARGIN, 56 + row * 11), words(2, rng), 40, font(9))
    draw.text(
        (_WIDTH - 90, 100),
        f"{int(rng.integers(1, 29))}.{int(rng.integers(1, 13))}.20{int(rng.integers(10, 27))}",
        40,
        font(9),
    )
    draw.text((_MARGIN, 118), words(5, rng), 10, font(11))
    low = _paragraphs(
        draw, _MARGIN, 140, _WIDTH - 2 * _MARGIN, int(rng.integers(300, 430)), int(rng.integers(8, 12)), rng
    )
    _hand(draw, _MARGIN + 10, min(low + 14, _HEIGHT - 40), 90, 9, rng)


def columns(draw: Draw, rng: np.random.Generator) -> None:
    """A paper or a journal: a title, two or three columns, a halftone picture, a curve."""
    draw.text((_MARGIN, 20), words(3, rng), 5, font(20))
    wide = (_WIDTH - 2 * _MARGIN) // (count := int(rng.integers(2, 4)))
    for number in range(count):
        left, top = _MARGIN + number * wide, 56
        if rng.random() < 0.5:
            for row in range(0, 80, 4):
                for column in range(0, wide - 12, 4):
                    dot = 1 + np.sin(row / 17 + number) * np.cos(column / 13)
                    draw.ellipse([left + column - dot, top + row - dot, left + column + dot, top + row + dot], fill=30)
            top += 92
        _paragraphs(draw, left, top, wide - 10, _HEIGHT - 40, int(rng.integers(8, 10)), rng)


def form(draw: Draw, rng: np.random.Generator) -> None:
    """Boxes with captions, crosses in some, hand in others, lines to sign on, a sticker."""
    draw.rectangle([_MARGIN - 8, 14, _WIDTH - _MARGIN + 8, 40], fill=int(rng.integers(40, 190)))
    draw.text((_MARGIN, 18), words(3, rng), 250, font(15))
    top = 50
    while top < _HEIGHT - 50:
        high, left = int(rng.integers(20, 40)), _MARGIN - 8
        while left < _WIDTH - 90:
            wide = int(rng.choice([70, 110, 150, 290]))
            right = min(left + wide, _WIDTH - _MARGIN + 8)
            draw.rectangle([left, top, right, top + high], outline=50)
            draw.text((left + 3, top + 1), words(2, rng), 70, font(7))
            if rng.random() < 0.5:
                _hand(draw, left + 6, top + high * 0.7, min(right - left - 12, 90), 5, rng)
            left = right
        for box in range(int(rng.integers(0, 4))):
            px = _MARGIN + box * 80
            draw.rectangle([px, top + high + 4, px + 8, top + high + 12], outline=20)
            draw.text((px + 12, top + high + 3), word(rng), 30, font(9))
            if rng.random() < 0.5:
                draw.line([px, top + high + 4, px + 8, top + high + 12, px, top + high + 4], fill=0, width=2)
        top += high + 18


def table(draw: Draw, rng: np.random.Generator) -> None:
    """Ruled or banded rows of words and figures under a head: laboratory values, a roster, an invoice."""
    draw.text((_MARGIN, 18), words(4, rng), 20, font(14))
    count, high, banded = int(rng.integers(3, 7)), int(rng.integers(12, 20)), rng.random() < 0.5
    wide = (_WIDTH - 2 * _MARGIN) / count
    for row in range((_HEIGHT - 90) // high):
        top = 46 + row * high
        if row == 0 or (banded and row % 2 == 0):
            draw.rectangle([_MARGIN, top, _WIDTH - _MARGIN, top + high], fill=190)
        if not banded:
            draw.line([_MARGIN, top, _WIDTH - _MARGIN, top], fill=80)
        for column in range(count):
            text = word(rng) if column == 0 or row == 0 else f"{rng.uniform(0, 300):.1f}"
            draw.text((_MARGIN + 3 + column * wide, top + 2), text, 20, font(min(high - 4, 10)))
            if not banded:
                draw.line([_MARGIN + column * wide, 46, _MARGIN + column * wide, top + high], fill=80)


def handwritten(draw: Draw, rng: np.random.Generator) -> None:
    """Lines by a pen, on plain, ruled or squared paper; words struck out."""
    if rng.random() < 0.6:
        step = int(rng.integers(12, 24))
        for row in range(20, _HEIGHT, step):
            draw.line([0, row, _WIDTH, row], fill=190)
        if rng.random() < 0.4:
            for column in range(10, _WIDTH, step):
                draw.line([column, 0, column, _HEIGHT], fill=190)
    top, size = 40.0, rng.uniform(7, 12)
    while top < _HEIGHT - 20:
        left = float(_MARGIN)
        while left < _WIDTH - 60:
            long = rng.uniform(20, 80)
            _hand(draw, left, top + rng.uniform(-2, 2), long, size, rng)
            if rng.random() < 0.05:
                draw.line([left, top - 3, left + long, top - 4], fill=20, width=2)
            left += long + 12
        top += size * rng.uniform(2.5, 3.5)


def music(draw: Draw, rng: np.random.Generator) -> None:
    """Staves with bars, heads, stems and beams, words sung below."""
    draw.text((_WIDTH // 3, 14), words(2, rng), 10, font(16))
    gap = int(rng.integers(4, 7))
    for top in range(50, _HEIGHT - 50, gap * 11):
        for line in range(5):
            draw.line([_MARGIN, top + line * gap, _WIDTH - _MARGIN, top + line * gap], fill=40)
        place = _MARGIN + 24
        while place < _WIDTH - _MARGIN - 8:
            level = top + int(rng.integers(-1, 10)) * gap / 2
            draw.ellipse(
                [place - gap * 0.7, level - gap / 2, place + gap * 0.7, level + gap / 2],
                fill=0 if rng.random() < 0.8 else None,
                outline=0,
            )
            draw.line([place + gap * 0.6, level, place + gap * 0.6, level - gap * 3.2], fill=0)
            if rng.random() < 0.3:
                draw.line([place + gap * 0.6, level - gap * 3.2, place + 18, level - gap * 3], fill=0, width=3)
            place += int(rng.integers(11, 26))
            if rng.random() < 0.2:
                draw.line([place, top, place, top + 4 * gap], fill=0)
                place += 8
        draw.text((_MARGIN + 20, top + gap * 6), words(6, rng), 40, font(8))


def codes(draw: Draw, rng: np.random.Generator) -> None:
    """Labels and requests: bars, a square of squares, big numbers, short lines."""
    for number in range(int(rng.integers(2, 6))):
        top = 20 + number * 90
        draw.text((_MARGIN, top), words(4, rng), 20, font(10))
        if rng.random() < 0.6:
            left = float(_MARGIN)
            while left < _WIDTH * rng.uniform(0.6, 0.9):
                wide = int(rng.integers(1, 5))
                draw.rectangle([left, top + 16, left + wide - 1, top + 52], fill=0)
                left += wide + int(rng.integers(1, 4))
            draw.text((_MARGIN + 20, top + 56), " ".join(str(d) for d in rng.integers(0, 10, 12)), 0, font(11))
        else:
            for row, column in np.argwhere(rng.random((21, 21)) < 0.5):
                draw.rectangle(
                    [_MARGIN + column * 3, top + 14 + row * 3, _MARGIN + column * 3 + 2, top + 16 + row * 3], fill=0
                )
            draw.text((_MARGIN + 80, top + 30), f"{int(rng.integers(10**5, 10**7))}", 0, font(26))


def tracing(draw: Draw, rng: np.random.Generator) -> None:
    """An electrocardiogram on its squared paper, or the curves of a monitor: leads below each other."""
    for step, grey in ((6, 228), (30, 190)):
        for at in range(0, _HEIGHT, step):
            draw.line([0, at, _WIDTH, at], fill=grey)
            draw.line([at, 0, at, _HEIGHT], fill=grey)
    beat, place = rng.uniform(35, 70), np.arange(_WIDTH - 30)
    for number, top in enumerate(range(50, _HEIGHT - 20, int(rng.integers(45, 80)))):
        phase = (place + rng.uniform(0, 4) * np.sin(place / 40)) % beat / beat
        size = rng.uniform(-1, 1.5, 3) * (6, 26, 9)
        wave = sum(
            high * np.exp(-(((phase - at) / wide) ** 2))
            for high, at, wide in zip(size, (0.2, 0.4, 0.68), (0.04, 0.018, 0.06), strict=True)
        )
        points = [(float(15 + px), float(top - py)) for px, py in zip(place, wave, strict=True)]
        draw.line(points, fill=20, width=int(rng.integers(1, 3)))
        draw.text(
            (16, top - 28), ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4")[number % 10], 10, font(9)
        )


def plan(draw: Draw, rng: np.random.Generator) -> None:
    """A drawing: rooms of a house with doors and measures, or a scheme of boxes and arrows."""
    for _ in range(int(rng.integers(5, 12))):
        left, top = rng.uniform(20, _WIDTH - 120), rng.uniform(20, _HEIGHT - 120)
        right, low = left + rng.uniform(40, 140), top + rng.uniform(30, 130)
        draw.rectangle([left, top, right, low], outline=10, width=int(rng.integers(1, 4)))
        draw.text((left + 6, (top + low) / 2), word(rng), 30, font(9))
        draw.arc([left, low - 24, left + 24, low], 180, 270, fill=40)
        draw.line([right, (top + low) / 2, right + 30, (top + low) / 2 + rng.uniform(-30, 30)], fill=10)


def _paragraphs(draw: Draw, left: int, top: int, wide: int, low: int, size: int, rng: np.random.Generator) -> int:
    type_, dark = font(size), int(rng.integers(10, 70))
    while top < low:
        text = fitted(words(max(int(wide / size / 2.8), 2), rng), type_, wide)
        ends = rng.random() < 0.12
        draw.text((left, top), text[: len(text) // 2] if ends else text, dark, type_)
        top += int(size * 1.35) + (size if ends else 0)
    return top


def _hand(draw: Draw, left: float, base: float, long: float, size: float, rng: np.random.Generator) -> None:
    """A word by hand: one spline through loops of uneven height."""
    count = max(int(long / size * 1.6), 3)
    high = size * rng.choice([0.5, 0.6, 1.3, -0.6], count, p=[0.4, 0.3, 0.2, 0.1])
    points = []
    for number in range(count):
        at = left + long * number / count
        points += [
            (at, base),
            (at + size * 0.5, base - float(high[number])),
            (at + size * 0.15, base - float(high[number]) * 0.5),
        ]
    draw.line(curve(points, closed=False, steps=3), fill=int(rng.integers(0, 80)), width=1)


def _stamp(image: Image.Image, rng: np.random.Generator) -> None:
    """A rubber stamp, and the holes of a punch."""
    draw = ImageDraw.Draw(image)
    px, py = rng.uniform(60, _WIDTH - 120), rng.uniform(60, _HEIGHT - 120)
    draw.ellipse([px, py, px + 70, py + 70], outline=110, width=3)
    draw.text((px + 14, py + 28), word(rng), 110, font(12))
    for hole in (_HEIGHT * 0.3, _HEIGHT * 0.7):
        draw.ellipse([6, hole, 18, hole + 12], fill=20)
