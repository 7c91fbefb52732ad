"""Counts by bin and band -> the geometry of a stacked bar chart and a sentence that says the same."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.report.words import count
from daemon.triage.order import Band

WIDTH: Final = 480.0  # user units of the view box, as are all lengths here
HEIGHT: Final = 150.0
LEFT: Final = 30.0
BOTTOM: Final = 22.0
TOP: Final = 8.0
GAP: Final = 2.0
MAX_LINES: Final = 4
STACK: Final = (Band.FIRST, Band.NEXT, Band.UNSCORED, Band.IN_TURN)  # from the axis upwards


@dataclass(frozen=True, slots=True)
class Segment:
    """One band's part of one bar."""

    x: float
    y: float
    width: float
    height: float
    band: Band


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on an axis: `at` along it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A stacked bar chart, ready to be drawn into a view box of `WIDTH` x `HEIGHT`."""

    name: str
    title: str
    description: str
    segments: tuple[Segment, ...]
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]
    empty: bool
    outline: tuple[tuple[float, float], ...] = ()  # a line of steps over the bars


@dataclass(frozen=True, slots=True)
class Bins:
    """Where bins begin; values below the first edge fall into the first bin, the last bin is open.

    Attributes:
        edges: the lower edge of each bin, rising.
        names: what each bin is called in the text alternative.
        marks: (bin edge as a number of bins from the left, label) under the axis.
    """

    edges: Sequence[float]
    names: Sequence[str]
    marks: Sequence[tuple[float, str]]


PROBABILITY: Final = Bins(
    edges=[step / 20 for step in range(20)],
    names=[f"{5 * step} to {5 * step + 5} %" for step in range(20)],
    marks=[(step * 4.0, f"{20 * step} %") for step in range(6)],
)
_HOURS: Final = ("under 1 h", "1 to 2 h", "2 to 4 h", "4 to 8 h", "8 to 12 h", "12 to 24 h", "1 to 2 d", "2 d and more")
WAITING: Final = Bins(
    edges=[0, 1, 2, 4, 8, 12, 24, 48],  # hours
    names=_HOURS,
    marks=[(1, "1 h"), (2, "2 h"), (3, "4 h"), (4, "8 h"), (5, "12 h"), (6, "1 d"), (7, "2 d")],
)


def histogram(
    name: str,
    title: str,
    bins: Bins,
    values: Iterable[tuple[float, Band]],
    expected: Sequence[float] | None = None,
) -> Chart:
    """Count the values of each band by bin.

    Args:
        name: prefixes identifiers within the page; letters only.
        title: what one value is and what it is counted by.
        values: (value in the unit of the edges, band).
        expected: by bin, what a line over the bars shows; None: no line.
    """
    counts = [dict.fromkeys(STACK, 0) for _ in bins.edges]
    for value, band in values:
        counts[max(bisect_right(bins.edges, value) - 1, 0)][band] += 1
    totals = [sum(by_band.values()) for by_band in counts]
    top = max(totals)
    if expected is not None and top:
        top = max(top, math.ceil(max(expected)))
    step = _step(top)
    ceiling = max(-(-top // step) * step, 1)
    unit = (HEIGHT - TOP - BOTTOM) / ceiling
    breadth = (WIDTH - LEFT) / len(counts)
    segments = []
    for number, by_band in enumerate(counts):
        level = HEIGHT - BOTTOM
        for band in STACK:
            height = by_band[band] * unit
            level -= height
            if height:
                segments.append(Segment(LEFT + number * breadth + GAP / 2, level, breadth - GAP, height, band))
    return Chart(
        name=name,
        title=title,
        description=_sentence(bins.names, counts) + _line(bins.names, expected),
        segments=tuple(segments),
        across=tuple(Mark(LEFT + at * breadth, text) for at, text in bins.marks),
        up=tuple(Mark(HEIGHT - BOTTOM - value * unit, f"{value:,}") for value in range(0, ceiling + 1, step)),
        empty=top == 0,
        outline=_steps(expected or (), breadth, unit) if top else (),
    )


def _steps(expected: Sequence[float], breadth: float, unit: float) -> tuple[tuple[float, float], ...]:
    points: list[tuple[float, float]] = []
    for number, value in enumerate(expected):
        level = HEIGHT - BOTTOM - value * unit
        points += [(LEFT + number * breadth, level), (LEFT + (number + 1) * breadth, level)]
    return tuple(points)


def _line(names: Sequence[str], expected: Sequence[float] | None) -> str:
    if expected is None:
        return ""
    said = "; ".join(f"{name}: {value:.1f}" for name, value in zip(names, expected, strict=True) if value >= 0.05)
    return f" As the bundle's films lie: {said}."


def _step(top: int) -> int:
    """The distance of grid lines: 1, 2 or 5 times a power of ten, so that there are few of them."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if top <= MAX_LINES * factor * power:
                return factor * power
        power *= 10


def _sentence(names: Sequence[str], counts: Sequence[dict[Band, int]]) -> str:
    parts = []
    for name, by_band in zip(names, counts, strict=True):
        if total := sum(by_band.values()):
            bands = ", ".join(f"{by_band[band]:,} {word(band)}" for band in Band if by_band[band])
            parts.append(f"{name}: {count(total, 'study', 'studies')} ({bands})")
    return "; ".join(parts) + "." if parts else "No study."


def word(band: Band) -> str:
    """The band as it is written for people."""
    return band.replace("_", " ")
