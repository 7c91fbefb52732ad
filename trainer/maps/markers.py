"""Plants a marker in a corner of a film called normal: a lead letter, or a disc as of an electrode; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from trainer.maps.deletion import share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.contract import Frame

SIZE: Final = 0.08  # of the frame's shorter side: 3 cm of a film of 35, as large as lead letters get
EDGE: Final = 0.02  # of it: between the marker and the end of what the network sees


class Marker(StrEnum):
    """What is planted."""

    LETTER = "letter"
    DISC = "disc"


@dataclass(frozen=True, slots=True)
class Planted:
    """What a marker did to one film.

    Attributes:
        before, after: the logit.
        threshold: of the film's population.
        attracted: whether the map's peak lies at the marker's corner (or next to it) now, and did not before.
    """

    before: float
    after: float
    threshold: float
    attracted: bool


def plant(
    pixels: NDArray[np.float32], frame: Frame, marker: Marker, rng: np.random.Generator
) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """A film with a white marker in a corner of what the network sees.

    Args:
        pixels: the film, (height, width) in 0..1; it is not changed.
        frame: what the network sees of it.
        marker: which.
        rng: chooses corner and letter.

    Returns:
        The film, and the corner: 0 or -1 for the first or last row and column of a map.
    """
    low, left_side = bool(rng.integers(2)), bool(rng.integers(2))
    height, width = frame.bottom - frame.top, frame.right - frame.left
    size, edge = (max(1, round(part * min(height, width))) for part in (SIZE, EDGE))
    size = max(size, 4)
    top = frame.bottom - edge - size if low else frame.top + edge
    left = frame.left + edge if left_side else frame.right - edge - size
    shape = np.asarray(_stencil(marker, size, "LR"[int(rng.integers(2))]), np.float32) / np.float32(255.0)
    changed = pixels.copy()
    patch = changed[top : top + size, left : left + size]
    np.maximum(patch, shape[: patch.shape[0], : patch.shape[1]], out=patch)
    return changed, (-1 if low else 0, 0 if left_side else -1)


def _stencil(marker: Marker, size: int, letter: str) -> Image.Image:
    """White on black, (size, size)."""
    stencil = Image.new("L", (size, size))
    draw = ImageDraw.Draw(stencil)
    if marker is Marker.DISC:
        draw.ellipse((0, 0, size - 1, size - 1), fill=255)
    else:
        font = ImageFont.load_default(size * 1.2)
        draw.text((size / 2, size / 2), letter, 255, font, "mm", stroke_width=max(1, size // 20))
    return stencil


def marker_figures(planted: Sequence[Planted]) -> dict[str, Any]:
    """How often a marker moved a film over its threshold, and drew the map's peak to itself."""
    shifts = [p.after - p.before for p in planted]
    return {
        "films": len(planted),
        "over_threshold": share(sum(p.after >= p.threshold for p in planted), len(planted)),
        "peak_attracted": share(sum(p.attracted for p in planted), len(planted)),
        "shift": None if not shifts else float(np.mean(shifts)),
        "largest_shift": None if not shifts else float(max(shifts, key=abs)),
    }
