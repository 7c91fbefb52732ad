"""Parts of a mask are those that a flood fill finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from daemon.collect.components import joined, parts_of


def flooded(mask: NDArray[np.bool_]) -> list[tuple[int, int, int, int, int]]:
    """Box and area of each part, by the slow way."""
    left, found = set(zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True)), []
    while left:
        todo, part = [left.pop()], []
        while todo:
            y, x = todo.pop()
            part.append((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            todo += near
        rows, columns = zip(*part, strict=True)
        found.append((min(rows), min(columns), max(rows) + 1, max(columns) + 1, len(part)))
    return sorted(found)


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 12), st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]))
def test_parts_are_those_of_a_flood_fill(seed: int, height: int, width: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < share
    weight = rng.random((height, width)).astype(np.float32)
    parts = parts_of(mask, weight, 1.0 - weight)
    boxes = np.stack([parts.top, parts.left, parts.bottom, parts.right, parts.area], axis=1)
    assert sorted(map(tuple, boxes.tolist())) == flooded(mask)
    assert np.isclose((parts.contrast * parts.area).sum(), weight[mask].sum(), rtol=1e-4)
    assert np.allclose(parts.contrast + parts.level, 1.0, atol=1e-4)


def test_strokes_that_a_row_crosses_are_counted() -> None:
    comb = np.zeros((6, 9), bool)
    comb[0] = True
    comb[:, ::2] = True
    parts = parts_of(comb, comb.astype(np.float32), comb.astype(np.float32))
    assert (parts.runs.tolist(), parts.height.tolist(), parts.width.tolist()) == ([1 + 5 * 5], [6], [9])


def test_what_hangs_together_through_others_is_one() -> None:
    assert joined(5, np.array([4, 3]), np.array([3, 1])).tolist() == [0, 1, 2, 1, 1]
