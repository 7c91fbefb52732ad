"""Finds what looks like writing in a picture, by the shape of strokes; it reads nothing, and knows no film.

Writing is rows of parts of one height and one contrast, each made of thin strokes against what lies around them, bright
or dark, level or upright. Looked for at several sizes of the picture, so that a stroke is thin in one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.collect.components import Parts, joined, parts_of

Picture = NDArray[np.float32]

SIDES: Final = (2048, 1024, 512, 256)  # longest sides at which it is looked for
STROKE: Final = 9  # pixels; what is narrower than this, at one of those sizes, can be a stroke
HEIGHTS: Final = (6, 72)  # pixels of a letter, at one of those sizes
ENLARGED: Final = 600  # pixels; a picture whose sides are no longer is looked at enlarged too: its letters are tiny
FAINTEST: Final = 0.06  # contrast of a letter that is taken for one because it stands in a row of clearer ones
REACH: Final = 2.5  # heights of a row; how far such a letter may stand from it
NARROWEST: Final = 0.35  # width of the middle letter of a row, of its height
STEEPEST: Final = 0.12  # of a row: seven degrees
UNEVEN: Final = 0.08  # heights of a letter, that the middle one may stand off the line
MOST_PARTS: Final = 3000  # the strongest of more: a picture of noise


@dataclass(frozen=True, slots=True)
class Look:
    """One way of looking.

    Attributes:
        contrast: of a stroke against its surroundings, of the full range.
        letters: at least so many in a row.
        spread: of their contrasts, relative to their mean, at most.
        levels: the same of their grey levels, of the full range: letters that a program wrote are of one grey.
    """

    contrast: float
    letters: int
    spread: float
    levels: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the picture, half open, in pixels."""

    top: int
    left: int
    bottom: int
    right: int


def writing(picture: Picture, level: Sequence[Look], upright: Sequence[Look]) -> list[Box]:
    """Where a picture may hold writing.

    Args:
        picture: (height, width), 0..1.
        level: writing is what any of these finds in level rows.
        upright: the same of rows that run up or down, as ribs do.
    """
    height, width = picture.shape
    found = dict[Box, None]()
    for small, scale in _sizes(picture):
        for turned, looks in ((False, level), (True, upright)):
            view = np.ascontiguousarray(small.T) if turned else small
            for strokes in (above(view), above(1.0 - view)):
                for box in _rows(strokes, view, looks):
                    straight = Box(box.left, box.top, box.right, box.bottom) if turned else box
                    found[_rimmed(straight, scale, height, width)] = None
    return list(found)


def _sizes(picture: Picture) -> Iterator[tuple[Picture, float]]:
    """The picture at several sizes, and how many of its pixels one of theirs is."""
    longest = max(picture.shape)
    steps = sorted({max(1, -(-longest // side)) for side in SIDES})
    if longest <= ENLARGED:
        height, width = picture.shape
        large = Image.fromarray(picture).resize((2 * width, 2 * height), Image.Resampling.BICUBIC)
        yield np.asarray(large, dtype=np.float32), 0.5
    for step in steps:
        if min(picture.shape) >= 2 * STROKE * step:
            yield shrunk(picture, step), float(step)


def shrunk(picture: Picture, step: int) -> Picture:
    """The means of squares of `step` pixels; what is left over at the edges is squared up with the last pixels."""
    if step == 1:
        return picture
    height, width = picture.shape
    padded = np.pad(picture, ((0, -height % step), (0, -width % step)), mode="edge")
    squares = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    means: Picture = squares.mean(axis=(1, 3), dtype=np.float32)
    return means


def above(picture: Picture) -> Picture:
    """How far bright things thinner than `STROKE` stand out of what lies around them (white top-hat)."""
    low = _slid(_slid(picture, 0, np.minimum), 1, np.minimum)
    return picture - _slid(_slid(low, 0, np.maximum), 1, np.maximum)


def _slid(picture: Picture, axis: int, of: np.ufunc) -> Picture:
    """The least or greatest of `STROKE` pixels around each, along an axis."""
    before, length = STROKE // 2, picture.shape[axis]
    padded = np.pad(picture, [(before, before) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
    result = padded.take(range(length), axis=axis)
    for shift in range(1, STROKE):
        cut = [slice(None), slice(None)]
        cut[axis] = slice(shift, shift + length)
        of(result, padded[tuple(cut)], out=result)
    return result


def _rows(strokes: Picture, picture: Picture, looks: Sequence[Look]) -> Iterator[Box]:
    """Boxes of what stands in level rows, with what stands beside them and may be of the same row."""
    seeds = [box for look in looks for box in _seeds(strokes, picture, look)]
    if not seeds:
        return
    faint = _like_letters(parts_of(strokes > FAINTEST, strokes, picture))
    for box in seeds:
        yield _grown(box, faint)


def _seeds(strokes: Picture, picture: Picture, look: Look) -> Iterator[Box]:
    parts = _like_letters(parts_of(strokes > look.contrast, strokes, picture))
    if not len(parts):
        return
    first, second = _neighbours(parts, look)
    row = joined(len(parts), first, second)
    for number in np.unique(row):
        members = parts.chosen(row == number)
        if _is_writing(members, look):
            yield _around(members)


def _around(parts: Parts) -> Box:
    return Box(int(parts.top.min()), int(parts.left.min()), int(parts.bottom.max()), int(parts.right.max()))


def _grown(box: Box, parts: Parts) -> Box:
    """A row with the letters beside it that were too faint, or too unlike, to be found: half a name is a name."""
    tall = box.bottom - box.top
    level = np.minimum(parts.bottom, box.bottom) - np.maximum(parts.top, box.top) >= 0.5 * parts.height
    level &= (parts.height >= 0.4 * tall) & (parts.height <= 1.6 * tall)
    beside = parts.chosen(level)
    left, right = box.left, box.right
    while True:
        near = (beside.left <= right + REACH * tall) & (beside.right >= left - REACH * tall)
        new = (
            min(left, int(beside.left[near].min(initial=left))),
            max(right, int(beside.right[near].max(initial=right))),
        )
        if new == (left, right):
            return Box(box.top, left, box.bottom, right)
        left, right = new


def _like_letters(parts: Parts) -> Parts:
    """Those that can be a letter, or several that touch."""
    height, width = parts.height, parts.width
    filled = parts.area / (height * width)
    fits = (height >= HEIGHTS[0]) & (height <= HEIGHTS[1]) & (width <= 14 * height) & (width >= 2)
    fits &= (filled > 0.12) & (filled < 0.97) & (parts.area >= 8)
    strokes = parts.runs / height  # a row of them crosses one to three a letter
    fits &= (width <= 2 * height) | (strokes >= 0.6 * width / height)
    chosen = parts.chosen(fits)
    if len(chosen) > MOST_PARTS:
        chosen = chosen.chosen(np.argsort(-chosen.contrast, kind="stable")[:MOST_PARTS])
    return chosen


def _neighbours(parts: Parts, look: Look) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs that can stand beside each other in one row."""
    order = np.argsort(parts.left, kind="stable")
    p = parts.chosen(order)
    tall = np.maximum.outer(p.height, p.height)
    short = np.minimum.outer(p.height, p.height)
    overlap = np.minimum.outer(p.bottom, p.bottom) - np.maximum.outer(p.top, p.top)
    gap = np.subtract.outer(p.left, p.right).T  # [i, j]: from the right of i to the left of j
    level = (overlap >= 0.6 * short) & (tall <= 1.8 * short)
    near = (gap <= 1.2 * tall) & (gap >= -0.3 * short)
    alike = np.abs(np.subtract.outer(p.contrast, p.contrast)) <= 0.4 * np.maximum.outer(p.contrast, p.contrast)
    same = np.abs(np.subtract.outer(p.level, p.level)) <= 2 * look.levels
    first, second = np.nonzero(level & near & alike & same & (np.arange(len(p))[:, None] != np.arange(len(p))[None, :]))
    return order[first], order[second]


def _is_writing(row: Parts, look: Look) -> bool:
    tall = float(np.median(row.height))
    letters = np.maximum(1.0, row.width / (0.8 * row.height)).sum()  # letters that touch count by their width
    if letters < look.letters or row.bottom.max() - row.top.min() > 2.5 * tall:
        return False
    if np.std(row.contrast) > look.spread * np.mean(row.contrast) or np.std(row.level) > look.levels:
        return False
    # Ribs stand in rows too, each thin and long, and along a curve.
    return float(np.median(row.width / row.height)) >= NARROWEST and _on_a_line(row, tall)


def _on_a_line(row: Parts, tall: float) -> bool:
    """Whether the feet or the heads of most letters lie on a line."""
    if len(row) < 3:
        return True
    middle = (row.left + row.right) / 2.0
    for edge in (row.bottom, row.top):
        slope, start = np.polyfit(middle, edge, 1)
        off = np.abs(edge - (slope * middle + start))
        if abs(slope) <= STEEPEST and float(np.median(off)) <= UNEVEN * tall + 0.5:
            return True
    return False


def _rimmed(box: Box, scale: float, height: int, width: int) -> Box:
    """Back to the picture's pixels, with a rim for what is soft at the edges and for the dots and tails of letters."""
    rim = max(2, (min(box.bottom - box.top, box.right - box.left) + 1) // 2)
    return Box(
        max(0, int((box.top - rim) * scale)),
        max(0, int((box.left - rim) * scale)),
        min(height, int((box.bottom + rim) * scale) + 1),
        min(width, int((box.right + rim) * scale) + 1),
    )
