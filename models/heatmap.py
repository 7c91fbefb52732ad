"""Spreads a map over the film that it was made of, so that what is shown is the score; pure, it reads no file.

The map's cells are parts of the logit by place: their mean is the logit. Spread over the film they are joined without
steps, and the mean over the frame, the part of the film that the network saw, is the logit still.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.contract import Frame

HOT: Final = 0.1  # share of the frame's area that is called hot
_COARSE: Final = 256  # places a side at which the hot tenth is looked for: cells are far larger
_ROWS: Final = ("upper", "middle", "lower")
_COLUMNS: Final = ("left", "middle", "right")

Cells = NDArray[np.float32]  # (rows, columns), row 0 at the top


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a map.

    Attributes:
        row, column: from 0, from the upper left.
        value: its part of the logit; the mean of all cells' is the logit.
        place: in words, of the picture as it is shown: a film's left is mostly the patient's right.
    """

    row: int
    column: int
    value: float
    place: str


def spread(cells: Cells, height: int, width: int) -> NDArray[np.float32]:
    """A map joined without steps, float32 (height, width); its mean is the cells' mean.

    Between the centres of cells it is linear, beyond the outer ones it stays; each pixel gets the mean over its area.
    """
    rows, columns = cells.shape
    large: NDArray[np.float32] = _weights(rows, height) @ np.asarray(cells, np.float32) @ _weights(columns, width).T
    return large


def on_film(cells: Cells, frame: Frame, height: int, width: int) -> NDArray[np.float32]:
    """The same laid over a film, float32 (height, width); not a number where the network did not look.

    Args:
        cells: the map.
        frame: what the network saw of the film, in the film's pixels; see `models.contract`.
        height, width: of the film.
    """
    film = np.full((height, width), np.nan, np.float32)
    seen = spread(cells, frame.bottom - frame.top, frame.right - frame.left)
    film[frame.top : frame.bottom, frame.left : frame.right] = seen
    return film


def hot_level(cells: Cells, share: float = HOT) -> float:
    """From which value on a place of the spread map belongs to the highest `share` of the area."""
    return float(np.quantile(spread(cells, _COARSE, _COARSE), 1.0 - share))


def hot_cells(cells: Cells, share: float = HOT) -> list[Cell]:
    """The highest cells, the highest first: as many as make up `share` of the area, and only what raises the logit."""
    order = np.argsort(-cells, axis=None, kind="stable")[: max(1, round(share * cells.size))]
    places = [divmod(int(index), cells.shape[1]) for index in order]
    return [Cell(r, c, float(cells[r, c]), place_of(r, c, cells.shape)) for r, c in places if cells[r, c] > 0]


def place_of(row: int, column: int, shape: tuple[int, ...]) -> str:
    """Where a cell lies, in words of the picture: "upper left", "middle", "lower right"."""
    vertical, horizontal = _third(row, shape[0], _ROWS), _third(column, shape[1], _COLUMNS)
    return vertical if vertical == horizontal else f"{vertical} {horizontal}"


def _third(index: int, count: int, words: tuple[str, ...]) -> str:
    return words[min(2, int((index + 0.5) * 3 / count))]


def _weights(cells: int, pixels: int) -> NDArray[np.float32]:
    """How much of each cell each pixel of a side gets, (pixels, cells): rows sum to 1, columns to pixels / cells.

    A hat about the centre of each cell, integrated over each pixel. Beyond the outer centres the neighbour outside is
    taken for the outer cell itself.
    """
    ends = np.arange(pixels + 1) * (cells / pixels)
    centres = np.arange(-1, cells + 1) + 0.5
    below = _hat_integral(ends[:, np.newaxis] - centres)
    shares = np.diff(below, axis=0) * (pixels / cells)
    weights = shares[:, 1:-1].copy()
    weights[:, 0] += shares[:, 0]
    weights[:, -1] += shares[:, -1]
    return weights.astype(np.float32)


def _hat_integral(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area below x of a hat of height 1 over -1..1."""
    x = np.clip(x, -1.0, 1.0)
    area: NDArray[np.float64] = np.where(x < 0, (1 + x) ** 2 / 2, 1 - (1 - x) ** 2 / 2)
    return area
