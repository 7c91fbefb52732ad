"""Where maps have their peak and their evidence: within the film, or in its corners and along its edge; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.heatmap import Cells
from trainer.maps.deletion import share


def corner_cells(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The four corners."""
    corners = np.zeros(shape, bool)
    corners[np.ix_((0, -1), (0, -1))] = True
    return corners


def outer_cells(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The ring along the edge, corners too."""
    outer = np.ones(shape, bool)
    outer[1:-1, 1:-1] = False
    return outer


def place_figures(maps: Sequence[Cells]) -> dict[str, Any]:
    """How often a map's highest cell lies in a corner or in the outer ring, how much of what raises the logit does, and
    what their area would say."""
    if not maps:
        return {"films": 0}
    shape = maps[0].shape
    rings = {"corners": corner_cells(shape), "outer_ring": outer_cells(shape)}
    peaks = [np.unravel_index(int(cells.argmax()), shape) for cells in maps]
    return {
        "films": len(maps),
        **{
            name: {
                "peak": share(sum(bool(ring[peak]) for peak in peaks), len(maps)),
                "evidence": evidence_in(maps, ring),
                "area": float(ring.mean()),
            }
            for name, ring in rings.items()
        },
    }


def evidence_in(maps: Sequence[Cells], where: NDArray[np.bool_]) -> float | None:
    """The mean share, 0..1, of what raises the logit that lies in some cells; None where nothing raises any."""
    raised = [np.maximum(cells, 0.0) for cells in maps]
    shares = [float(cells[where].sum() / cells.sum()) for cells in raised if cells.sum() > 0]
    return float(np.mean(shares)) if shares else None


def is_near(cells: Cells, row: int, column: int) -> bool:
    """Whether the highest cell is this one or its neighbour, corners too."""
    r, c = np.unravel_index(int(cells.argmax()), cells.shape)
    return max(abs(int(r) - row), abs(int(c) - column)) <= 1
