"""The upper limit of a share of which few or none were counted; pure."""

from __future__ import annotations

import math
from typing import Final

LEVEL: Final = 0.05


def upper(count: int, n: int) -> float:
    """One-sided upper 95 % limit of a share, exact (Clopper and Pearson, Biometrika 1934); 1 where nothing was counted.

    The share at which so few would come up once in twenty, found by halving; 0 of 300 gives 0.00994.
    """
    if n == 0 or count >= n:
        return 1.0
    low, high = count / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(count, n, middle) > LEVEL else (low, middle)
    return high


def _at_most(count: int, n: int, share: float) -> float:
    """The chance of `count` or fewer of `n`."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if share <= 0.0 else 0.0
    log_n = math.lgamma(n + 1)
    return math.fsum(
        math.exp(
            log_n - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * math.log(share) + (n - k) * math.log1p(-share)
        )
        for k in range(count + 1)
    )
