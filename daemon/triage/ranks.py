"""Where a share of many figures ends; pure."""

from __future__ import annotations

from collections.abc import Sequence


def p95(rising: Sequence[float]) -> float:
    """The figure that 95 of 100 do not exceed, by nearest rank.

    Args:
        rising: at least one, in order.
    """
    return rising[-(-95 * len(rising) // 100) - 1]
