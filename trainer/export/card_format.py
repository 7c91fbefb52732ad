"""How a model card writes figures: with their intervals, and no more digits than they deserve; pure text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def with_interval(value: float | None, interval: Sequence[float] | None) -> str:
    """A figure with its interval; a dash where it cannot be had."""
    if value is None or interval is None:
        return "-"
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def share(evidence: Mapping[str, Any], key: str) -> str:
    """A figure of a document with its interval, by its key."""
    return with_interval(evidence[key], evidence[f"{key}_ci"])


def count(row: Mapping[str, Any], key: str) -> str:
    """Films in 1,000, to one decimal; more would be a pretence."""
    value, interval = row[key], row[f"{key}_ci"]
    return "-" if value is None else f"{value:.1f} ({interval[0]:.1f} to {interval[1]:.1f})"


def number(value: float | None, places: int = 4) -> str:
    """A figure alone; a dash where it cannot be had."""
    return "-" if value is None else f"{value:.{places}f}"
