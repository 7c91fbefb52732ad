"""Draws a map over its film, with a legend that has numbers; the picture can be read in grey print. Pillow, no files.

What raises the logit is orange, which makes lungs lighter, and what lowers it is blue, which makes them darker: the two
are told apart by every kind of colour vision. The hottest tenth of the area has a white line with a black rim about it,
which needs no colour at all: in grey print it is what is left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from models.heatmap import hot_level, on_film

if TYPE_CHECKING:
    from models.contract import Frame
    from models.heatmap import Cells

RAISES: Final = (255, 150, 20)
LOWERS: Final = (0, 70, 170)
STRONGEST: Final = 0.5  # share of colour at the end of the scale: the film must stay readable below it
LEAST_SCALE: Final = 5.0  # of a cell's value: a film in which nothing speaks stays pale, and is not blown up
LINE_FROM: Final = 0.1  # of the scale: what is paler than this has no line, though it be in the hottest tenth
BAND: Final = 256  # rows that are blended at a time; a film of 50 million pixels would need 1.8 GB at once
_ROUND: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0)
_PALE: Final = 0.45  # grey level of the lines where the frame ends

Picture = NDArray[np.uint8]


def overlay(pixels: NDArray[np.float32], cells: Cells, frame: Frame, notes: Sequence[str] = ()) -> Picture:
    """The film in grey with the map over it and the legend below, uint8 (height + legend, width, 3).

    Args:
        pixels: the film, (height, width) in 0..1.
        cells: the map; one cell colours the whole frame alike.
        frame: what the network saw of this film, in its pixels.
        notes: lines for the legend, above what it says itself.
    """
    height, width = pixels.shape
    scale = scale_of(cells)
    heat = on_film(cells, frame, height, width)
    picture = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, BAND):
        rows = slice(top, top + BAND)
        picture[rows] = blend(pixels[rows], heat[rows], scale)
    thick = max(1, round(max(height, width) / 500))
    dashed = _outline(picture, frame, thick)
    lined = bool(cells.size > 1 and cells.max() >= LINE_FROM * scale)
    if lined:
        _trace(picture, heat >= max(hot_level(cells), LINE_FROM * scale), thick)
    return np.concatenate([picture, _legend(width, scale, [*notes, *_words(cells, lined, dashed)])])


def scale_of(cells: Cells) -> float:
    """The value at which colour ends: a round number that no cell lies far below or above."""
    largest = max(LEAST_SCALE, float(np.abs(cells).max()))
    power = 10.0 ** math.floor(math.log10(largest))
    return next(step * power for step in _ROUND if step * power >= largest * (1 - 1e-6))


def blend(grey: NDArray[np.float32], heat: NDArray[np.float32], scale: float) -> Picture:
    """Grey levels 0..1 with values over them, uint8 (..., 3); where a value is not a number the film stays as it is."""
    share = np.nan_to_num(np.clip(np.abs(heat) / scale, 0.0, 1.0) * STRONGEST)[..., np.newaxis]
    colour = np.where(heat[..., np.newaxis] > 0, np.array(RAISES, np.float32), np.array(LOWERS, np.float32))
    mixed = np.clip(grey, 0.0, 1.0)[..., np.newaxis] * 255.0 * (1.0 - share) + colour * share
    picture: Picture = np.rint(mixed).astype(np.uint8)
    return picture


def _outline(picture: Picture, frame: Frame, thick: int) -> bool:
    """A thin dashed line where the network's view ends; False where that is the film's own edge."""
    height, width = picture.shape[:2]
    level = round(_PALE * 255)
    dash = np.arange(max(height, width)) // (6 * thick) % 2 == 0
    rows = [row for row in (frame.top, frame.bottom - 1) if 0 < row < height - 1]
    columns = [column for column in (frame.left, frame.right - 1) if 0 < column < width - 1]
    for row in rows:
        picture[row, np.flatnonzero(dash[:width])] = level
    for column in columns:
        picture[np.flatnonzero(dash[:height]), column] = level
    return bool(rows or columns)


def _trace(picture: Picture, mask: NDArray[np.bool_], thick: int) -> None:
    """A white line along the inside of a mask, a black rim along its outside."""
    inner, outer = mask.copy(), mask.copy()
    for axis in (0, 1):
        for step in (-thick, thick):
            moved = _moved(mask, step, axis)
            inner &= moved
            outer |= moved
    picture[outer & ~mask] = 0
    picture[mask & ~inner] = 255


def _moved(mask: NDArray[np.bool_], step: int, axis: int) -> NDArray[np.bool_]:
    """A mask moved along an axis; what comes in is what lay at the edge, so that the film's edge is no line."""
    moved = np.roll(mask, step, axis)
    edge = [slice(None), slice(None)]
    from_: list[slice] = [slice(None), slice(None)]
    edge[axis] = slice(0, step) if step > 0 else slice(step, None)
    from_[axis] = slice(0, 1) if step > 0 else slice(-1, None)
    moved[tuple(edge)] = mask[tuple(from_)]
    return moved


def _words(cells: Cells, lined: bool, dashed: bool) -> Iterator[str]:
    yield f"logit {float(np.mean(cells, dtype=np.float64)):.2f}: the mean of all places, whose values the colours are"
    if lined:
        yield "white line: the hottest tenth of the area, without what is pale"
    elif cells.size > 1:
        yield "no line: no place raises the score by much"
    else:
        yield "this network does not say where"
    if dashed:
        yield "dashed line: the network did not look beyond it"
    yield "It shows what the score was made of. It is no finding."


def _legend(width: int, scale: float, lines: Sequence[str]) -> Picture:
    """Black on white: the colours over a dark and a bright film, with numbers, then lines of text."""
    size = int(np.clip(width / 45, 11, 40))
    font = ImageFont.load_default(size)
    edge, line = size // 2 + 2, round(size * 1.35)
    wrapped = [part for text in lines for part in _wrapped(text, font, width - 2 * edge)]
    long = min(width - 2 * edge, 24 * size)
    strip = Image.new("RGB", (width, 2 * edge + (len(wrapped) + 3) * line), "white")
    draw = ImageDraw.Draw(strip)
    values = np.linspace(-scale, scale, long, dtype=np.float32)[np.newaxis].repeat(line, axis=0)
    ground = np.where(np.arange(line) < line // 2, np.float32(0.2), np.float32(0.8))[:, np.newaxis]
    strip.paste(Image.fromarray(blend(np.broadcast_to(ground, values.shape), values, scale)), (edge, edge + line))
    ends = ((0, "la", f"-{scale:g} lowers"), (long // 2, "ma", "0"), (long, "ra", f"raises +{scale:g}"))
    for x, anchor, text in ends:
        draw.text((edge + x, edge), text, "black", font, anchor)
    for number, text in enumerate(wrapped):
        draw.text((edge, round(edge + (2.4 + number) * line)), text, "black", font)
    return np.asarray(strip)


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> Iterator[str]:
    """A text in lines no wider than so many pixels; a single word may be."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            yield line
            line = word
        else:
            line = longer
    yield line
