"""Tails of two distributions, Student's t and the beta-binomial; pure, and without SciPy, which no daemon needs."""

from __future__ import annotations

import math


def t_two_sided(value: float, freedom: int) -> float:
    """The chance that |t| is at least so large.

    Args:
        value: of t.
        freedom: degrees of it, at least 1.
    """
    return _incomplete_beta(freedom / (freedom + value * value), freedom / 2, 0.5)


def at_least(k: int, n: int, a: float, b: float) -> float:
    """The chance of at least k of n, where the rate itself is drawn from Beta(a, b)."""
    if k <= 0:
        return 1.0
    rest = sum(math.exp(_log_chance(i, n, a, b)) for i in range(k, n + 1))
    return min(1.0, rest)


def _log_chance(k: int, n: int, a: float, b: float) -> float:
    choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choose + _log_beta(k + a, n - k + b) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function by Lentz's continued fraction (Numerical Recipes, 6.4)."""
    if x <= 0.0 or x >= 1.0:
        return min(1.0, max(0.0, x))
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(1.0 - x, b, a)
    tiny = 1e-300
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b)) / a
    c, d = 1.0, 1.0 / max(tiny, 1.0 - (a + b) * x / (a + 1))
    h = d
    for m in range(1, 300):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / (1.0 + term * d or tiny)
            c = 1.0 + term / c or tiny
            h *= d * c
        if abs(d * c - 1.0) < 1e-12:
            break
    return front * h
