"""Takes writing out of a film's picture, or says that it cannot: what is read off a film must not leave the house.

In the rim it is blanked. Elsewhere it may lie over a lung, which nobody can give back, so such a film is left out; and
so is one on which something is still found after all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.collect.lettering import Box, Look, Picture, writing

RIM: Final = 0.15  # of a side, along every edge; docs/decisions/2026-11-25-burned-in-text.md
ROW: Final = 2  # times as long as it is high: a box of several letters
ENDS: Final = 3  # heights of a box, which has a rim of half a letter: about six letters
COVERED: Final = 0.8  # of a found box, at least, that has to be blanked
BLANKED: Final = (Look(0.30, 2, 0.35, 1.0), Look(0.15, 3, 0.30, 0.10), Look(0.08, 4, 0.25, 0.05))
"""Side markers too. Blanking too much of the rim costs little, so this looks closely."""
REFUSED: Final = (Look(0.30, 3, 0.25, 0.10), Look(0.20, 4, 0.25, 0.05), Look(0.12, 5, 0.20, 0.03))
"""What nothing must be found with in the picture that is handed out."""
_RING: Final = 2  # pixels around a box, whose middle grey it is filled with


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A picture that may leave.

    Attributes:
        picture: (height, width), 0..1, at the size that it is handed out in.
        blanked: share of it.
    """

    picture: Picture
    blanked: float


def cleaned(picture: Picture, side: int) -> Cleaned | None:
    """Blank writing in the rim and reduce the picture; None where writing lies elsewhere or is left.

    Args:
        picture: (height, width), 0..1.
        side: pixels of the longer side, at most.
    """
    height, width = picture.shape
    found = [box for box in writing(picture, BLANKED, BLANKED) if in_rim(box, height, width)]
    boxes = [lengthened(box, height, width) for box in found]
    mask = np.zeros(picture.shape, np.float32)
    for box in boxes:
        mask[box.top : box.bottom, box.left : box.right] = 1.0
    whole, covered = reduced(picture, side), reduced(mask, side)
    result = reduced(filled(picture, boxes), side)
    # On the picture as it came too: of a name that was blanked in part what is left may look like nothing.
    bare = [box for box in writing(whole, REFUSED, REFUSED[:1]) if _share(covered, box) < COVERED]
    if bare or writing(result, REFUSED, REFUSED[:1]):
        return None
    return Cleaned(result, float(mask.mean()))


def in_rim(box: Box, height: int, width: int) -> bool:
    """Whether a box lies along an edge, in the part of a film where lungs seldom are."""
    down, across = RIM * height, RIM * width
    return box.bottom <= down or box.top >= height - down or box.right <= across or box.left >= width - across


def lengthened(box: Box, height: int, width: int) -> Box:
    """A row with room at both ends, as far as the rim goes: black letters that run on into black cannot be found."""
    tall, wide = box.bottom - box.top, box.right - box.left
    if wide >= ROW * tall:
        longer = Box(box.top, max(0, box.left - ENDS * tall), box.bottom, min(width, box.right + ENDS * tall))
    elif tall >= ROW * wide:
        longer = Box(max(0, box.top - ENDS * wide), box.left, min(height, box.bottom + ENDS * wide), box.right)
    else:
        return box  # a side marker
    return longer if in_rim(longer, height, width) else box


def filled(picture: Picture, boxes: Iterable[Box]) -> Picture:
    """A copy in which each box has the middle grey of what surrounds it."""
    result = picture.copy()
    for box in boxes:
        around = result[
            max(0, box.top - _RING) : box.bottom + _RING, max(0, box.left - _RING) : box.right + _RING
        ].copy()
        top, left = min(box.top, _RING), min(box.left, _RING)
        around[top : top + box.bottom - box.top, left : left + box.right - box.left] = np.nan
        ring: NDArray[np.float32] = around[~np.isnan(around)]
        result[box.top : box.bottom, box.left : box.right] = np.median(ring) if ring.size else 0.0
    return result


def reduced(picture: Picture, side: int) -> Picture:
    """The picture with its longer side cut down to `side`, each pixel the mean of what it covers; never enlarged."""
    height, width = picture.shape
    share = side / max(height, width)
    if share >= 1.0:
        return picture
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX), dtype=np.float32)


def _share(covered: Picture, box: Box) -> float:
    return float(covered[box.top : box.bottom, box.left : box.right].mean())
