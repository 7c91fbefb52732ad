"""Whether two maps of the same film point at the same place; pure numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def within_one_cell(first: ArrayLike, second: ArrayLike) -> NDArray[np.bool_]:
    """Whether the highest cells of two maps are the same or neighbours, corners too.

    Args:
        first, second: maps of the same films, (n, rows, columns). Where several cells of a map are equally high, any of
            them may be the one.

    Returns:
        (n,).
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    tops_a, tops_b = (m == m.max(axis=(1, 2), keepdims=True) for m in (a, b))
    near = np.zeros_like(tops_a)
    padded = np.pad(tops_a, ((0, 0), (1, 1), (1, 1)))
    rows, columns = a.shape[1:]
    for dy in range(3):
        for dx in range(3):
            near |= padded[:, dy : dy + rows, dx : dx + columns]
    found: NDArray[np.bool_] = (near & tops_b).any(axis=(1, 2))
    return found
