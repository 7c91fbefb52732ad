"""Films as drift looks at them: columns of numbers, by night, nights pooled until there are films enough; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.film_statistics import NAMES

LOGIT: Final = "logit"
UNLIKENESS: Final = "unlikeness"
REFUSED: Final = "refused"  # a rate, not a column
ODD: Final = "odd"  # a rate: films of which a number lies where the baseline had next to none
COLUMNS: Final = (LOGIT, UNLIKENESS, *NAMES)
FEWEST: Final = 20  # films of a block; a folder with fewer a night is judged over as many nights as it takes

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The films of one night, or of several that follow one another.

    Attributes:
        first, last: the nights, by the date of their report.
        films: that were scored or refused.
        refused: how many of them were refused.
        columns: what was measured, by name; a film that lacks a number is not in its column.
    """

    first: date
    last: date
    films: int
    refused: int
    columns: Mapping[str, Column]


def merged(blocks: Iterable[Block]) -> Block:
    """Several blocks as one, in their order; at least one."""
    listed = list(blocks)
    columns = {name: np.concatenate([block.columns[name] for block in listed]) for name in COLUMNS}
    films, refused = sum(block.films for block in listed), sum(block.refused for block in listed)
    return Block(listed[0].first, listed[-1].last, films, refused, columns)


def pooled(nights: Iterable[Block]) -> Iterator[Block]:
    """Nights in their order, each with those before it that had too few films; a rest of too few is not given yet."""
    waiting = list[Block]()
    for night in nights:
        waiting.append(night)
        if sum(block.films for block in waiting) >= FEWEST:
            yield merged(waiting)
            waiting = []
