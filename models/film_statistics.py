"""What a picture as a whole is like, in nine numbers: brightness, contrast, clipping, sharpness, size; of no patient.

They tell a new scanner, another export or another exposure from the films of before. They are worked out of the decoded
film, not of the tensor, whose grey levels are stretched so that exposure matters less. At most 64 rows and columns are
looked at: on one of 2,500 x 2,048 pixels that takes 0.1 ms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAMPLES: Final = 64  # rows and columns
VERSION: Final = 1  # what another version wrote is set beside nothing
_LIMIT: Final = 1e6  # no figure of a film lies beyond


@dataclass(frozen=True, slots=True)
class FilmStatistics:
    """One film's numbers.

    Attributes:
        mean, contrast: of the grey levels 0..1, and their standard deviation.
        dark, bright: their 5th and 95th percentile.
        black, white: shares of pixels at either end of the range (1 of 256 levels).
        sharpness: mean difference between neighbours in a row, over `contrast`.
        aspect: log2 of width over height.
        size: log2 of the number of pixels.
    """

    mean: float
    contrast: float
    dark: float
    bright: float
    black: float
    white: float
    sharpness: float
    aspect: float
    size: float

    @property
    def numbers(self) -> tuple[float, ...]:
        """In the order of `NAMES`."""
        return _numbers(self)


NAMES: Final = tuple(field.name for field in fields(FilmStatistics))
_numbers: Final[Callable[[FilmStatistics], tuple[float, ...]]] = attrgetter(*NAMES)  # astuple copies each, at length


def statistics_of(pixels: NDArray[np.float32], width: int, height: int) -> FilmStatistics:
    """The numbers of one film.

    Args:
        pixels: (rows, columns) in 0..1, bright where the body is dense, as decoded.
        width, height: of the whole film, before any reduction while decoding.
    """
    rows = pixels[:: -(-pixels.shape[0] // SAMPLES)]
    grid = np.sort(rows[:, :: -(-pixels.shape[1] // SAMPLES)], axis=None)
    contrast = float(grid.std())
    last = grid.size - 1
    step = float(np.abs(np.diff(rows[::2])).mean()) if pixels.shape[1] > 1 else 0.0
    return FilmStatistics(
        mean=float(grid.mean()),
        contrast=contrast,
        dark=float(grid[round(0.05 * last)]),
        bright=float(grid[round(0.95 * last)]),
        black=float(np.searchsorted(grid, 1 / 256)) / grid.size,
        white=1.0 - float(np.searchsorted(grid, 255 / 256)) / grid.size,
        sharpness=step / max(contrast, 1e-4),
        aspect=math.log2(width / height),
        size=math.log2(width * height),
    )


def written(found: FilmStatistics) -> str:
    """As a text: the version and the numbers, by blanks."""
    return " ".join([str(VERSION), *(f"{number:.4g}" for number in found.numbers)])


def read(text: str) -> FilmStatistics | None:
    """What `written` wrote; None of another version.

    Raises:
        ValueError: it is no such text.
    """
    version, *cells = text.split(" ")
    if not version.isdecimal():
        raise ValueError("no version of film statistics")
    if int(version) != VERSION:
        return None
    numbers = [float(cell) for cell in cells]
    if len(numbers) != len(NAMES) or not all(abs(number) <= _LIMIT for number in numbers):  # also no nan
        raise ValueError("not the numbers of a film")
    return FilmStatistics(*numbers)
