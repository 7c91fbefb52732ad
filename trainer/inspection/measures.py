"""Measures of one picture that are none of its lungs: borders, markers, grey levels, compression; pure functions.

Pictures are float32 (height, width) in 0..1, as `models.radiograph` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SMALL: Final = 224  # pixels; the side at which borders and markers are looked for
THUMB: Final = 32  # pixels; the side of the thumbnail that near duplicates are found by
_EVEN: Final = 0.025  # standard deviation along a line that is border: JPEG leaves some noise in black
_DARK, _BRIGHT = 0.12, 0.88  # mean of a line that is black or white border
_CORNER: Final = (0.25, 0.30)  # of height and width, where markers and text stand
_STANDS_OUT: Final = 0.25  # grey levels above the neighbourhood, of a letter
_BLUR: Final = 12  # pixels around a pixel of the small picture that are its neighbourhood
# The luminance table of ITU-T T.81, K.1, in rows; libjpeg scales it by quality.
_LUMINANCE: Final = np.array(
    [
        *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56),
        *(14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
        *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
    ],
    dtype=np.float64,
)


@dataclass(frozen=True, slots=True)
class Measures:
    """What the picture shows at a glance.

    Attributes:
        mean, contrast: of the grey levels, mean and standard deviation, 0..1.
        black_border, white_border: even lines along the edges, as shares of height and width, added up.
        marker: share of the corners that stands out bright, as letters do.
        flatness: largest distance between the distribution of grey levels and a flat one, 0..1 (Kolmogorov-Smirnov);
            an equalised film has about 0.015, any other one 0.07 and more.
        thumb: uint8 (32, 32), squashed.
    """

    mean: float
    contrast: float
    black_border: float
    white_border: float
    marker: float
    flatness: float
    thumb: NDArray[np.uint8]


def measure(pixels: NDArray[np.float32]) -> Measures:
    """All measures of one picture."""
    picture = Image.fromarray(pixels)
    small = np.asarray(picture.resize((SMALL, SMALL), Image.Resampling.BOX))
    thumb = np.asarray(picture.resize((THUMB, THUMB), Image.Resampling.BOX))
    black, white = borders(small)
    return Measures(
        mean=float(pixels.mean()),
        contrast=float(pixels.std()),
        black_border=black,
        white_border=white,
        marker=marker(small),
        flatness=flatness(pixels),
        thumb=np.clip(np.rint(thumb * 255.0), 0, 255).astype(np.uint8),
    )


def borders(small: NDArray[np.float32]) -> tuple[float, float]:
    """Black and white border, each the sum of the shares that the four sides have of height or width, 0..2."""
    black = white = 0.0
    for axis in (0, 1):
        even, mean = small.std(axis=1 - axis) < _EVEN, small.mean(axis=1 - axis)
        dark, bright = even & (mean < _DARK), even & (mean > _BRIGHT)
        black += (_leading(dark) + _leading(dark[::-1])) / dark.size
        white += (_leading(bright) + _leading(bright[::-1])) / bright.size
    return black, white


def _leading(flags: NDArray[np.bool_]) -> int:
    """How many come before the first False."""
    return int(flags.size if flags.all() else np.argmin(flags))


def marker(small: NDArray[np.float32]) -> float:
    """The share of the four corners that is much brighter than its neighbourhood, 0..1."""
    height, width = int(small.shape[0] * _CORNER[0]), int(small.shape[1] * _CORNER[1])
    levels = Image.fromarray(np.clip(small * 255.0, 0, 255).astype(np.uint8))
    around = np.asarray(levels.filter(ImageFilter.BoxBlur(_BLUR)), np.int16)
    out = np.asarray(levels, np.int16) - around > _STANDS_OUT * 255
    corners = (out[:height, :width], out[:height, -width:], out[-height:, :width], out[-height:, -width:])
    return float(np.mean([corner.mean() for corner in corners]))


def box_mean(pixels: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """The mean over a square of 2 * radius + 1 around each pixel; beyond the edge the edge goes on."""
    side = 2 * radius + 1
    sums = np.pad(pixels.astype(np.float64), radius, mode="edge").cumsum(0).cumsum(1)
    sums = np.pad(sums, ((1, 0), (1, 0)))
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return (total / side**2).astype(np.float32)


def flatness(pixels: NDArray[np.float32]) -> float:
    """How far the grey levels are from being spread evenly, 0 (flat) to 1."""
    levels = np.clip(pixels * 255.0, 0, 255).astype(np.uint8)
    share = np.bincount(levels.ravel(), minlength=256).cumsum() / levels.size
    return float(np.abs(share - np.arange(1, 257) / 256).max())


def jpeg_quality(table: Sequence[int]) -> int:
    """The quality, 1 to 100, whose luminance table of libjpeg is nearest to a file's; 64 steps in rows."""
    scale = float(np.median(np.asarray(table, np.float64) / _LUMINANCE)) * 100
    quality = (200 - scale) / 2 if scale <= 100 else 5000 / scale
    return int(np.clip(round(quality), 1, 100))
