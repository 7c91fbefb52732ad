"""What is kept of each night in numbers, and the last thirty of them as lines with gaps; pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from daemon.report.words import count, duration

NIGHTS: Final = 30
WIDTH: Final = 480.0  # user units of the view box, as are all lengths here
HEIGHT: Final = 118.0
LEFT: Final = 46.0
RIGHT: Final = 10.0
BOTTOM: Final = 20.0
TOP: Final = 8.0
FEWEST: Final = 2  # nights with a number, below which there is nothing to be seen

Figures = Mapping[str, float]
"""Of one night: `FIGURES` that are known; durations in seconds."""

FIGURES: Final = (
    "arrived",  # films
    "refused",
    "failed",
    "latency_median",
    "latency_p95",
    "turnaround_median",
    "waiting",  # studies, when the report was written
    "overdue",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a picture, in pieces: a night without a number is a gap, and one alone is a point."""

    name: str
    dashed: bool
    pieces: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """A picture, ready to be drawn into a view box of `WIDTH` x `HEIGHT`.

    Attributes:
        name: prefixes identifiers within the page; letters only.
        description: says in words what the picture shows.
        across, up: (place along the axis, label).
    """

    name: str
    title: str
    description: str
    lines: tuple[Line, ...]
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    title: str
    figures: Sequence[tuple[str, str]]  # name in `FIGURES`, in words; the second is dashed
    written: Callable[[float], str]
    on_axis: Callable[[float], str]
    ceiling: Callable[[float], float]


def _films(value: float) -> str:
    return f"{round(value):,}"


def _seconds(value: float) -> str:
    return duration(timedelta(seconds=value))


def _short(value: float) -> str:
    """A duration of an axis, in one unit: those at the ends of `_SPANS` and their halves are short in one."""
    for unit, seconds in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if value >= seconds:
            return f"{value / seconds:g} {unit}"
    return f"{value:g} s" if value else "0"


def _round(top: float) -> float:
    """The next of 2, 4, 10 times a power of ten, whose half is whole, too."""
    power = 1.0
    while True:
        for factor in (2, 4, 10):
            if top <= factor * power:
                return factor * power
        power *= 10


_SPANS: Final = (2, 10, 20, 60, 120, 600, 1200, 3600, 7200, 14400, 28800, 43200, 86400)  # seconds


def _span(top: float) -> float:
    """The next span whose half is short to write as well; from a day on the next even number of days."""
    return next((float(span) for span in _SPANS if top <= span), 2 * 86400.0 * math.ceil(top / (2 * 86400.0)))


_KINDS: Final = (
    _Kind(
        "arrived",
        "Films that arrived; dashed: refused or failed",
        [("arrived", "arrived"), ("out", "out")],
        _films,
        _films,
        _round,
    ),
    _Kind(
        "latency",
        "Arrival to score: median; dashed: 95th percentile",
        [("latency_median", "median"), ("latency_p95", "p95")],
        _seconds,
        _short,
        _span,
    ),
    _Kind("turnaround", "Arrival to reading: median", [("turnaround_median", "median")], _seconds, _short, _span),
    _Kind(
        "left",
        "Waiting at the report; dashed: overdue",
        [("waiting", "waiting"), ("overdue", "overdue")],
        _films,
        _films,
        _round,
    ),
)


def trends_of(last: date, nights: Mapping[date, Figures]) -> tuple[Trend, ...]:
    """The pictures of the thirty nights up to a date; those of which fewer than two nights are known are left out."""
    days = [last - timedelta(days=back) for back in range(NIGHTS - 1, -1, -1)]
    known = [_with_sum(nights.get(day)) for day in days]
    found = (_drawn(kind, days, known) for kind in _KINDS)
    return tuple(trend for trend in found if trend is not None)


def _with_sum(figures: Figures | None) -> Figures:
    if figures is None:
        return {}
    return {**figures, "out": figures.get("refused", 0.0) + figures.get("failed", 0.0)}


def _drawn(kind: _Kind, days: Sequence[date], known: Sequence[Figures]) -> Trend | None:
    first = [figures.get(kind.figures[0][0]) for figures in known]
    there = [value for value in first if value is not None]
    if len(there) < FEWEST:
        return None
    top = max(1.0, *(figures.get(name, 0.0) for figures in known for name, _ in kind.figures))
    ceiling = kind.ceiling(top)
    step = (WIDTH - LEFT - RIGHT) / (len(days) - 1)

    def at(night: int, value: float) -> tuple[float, float]:
        return LEFT + night * step, HEIGHT - BOTTOM - value / ceiling * (HEIGHT - TOP - BOTTOM)

    lines = tuple(
        Line(words, number > 0, _pieces([(n, figures.get(name)) for n, figures in enumerate(known)], at))
        for number, (name, words) in enumerate(kind.figures)
    )
    weeks = [n for n in range(len(days)) if (len(days) - 1 - n) % 7 == 0]
    return Trend(
        name=f"trend{kind.name}",
        title=kind.title,
        description=_sentence(kind, there, len(days)),
        lines=lines,
        across=tuple((at(n, 0.0)[0], f"{days[n].day}.{days[n].month}.") for n in weeks),
        up=tuple((at(0, ceiling * part)[1], kind.on_axis(ceiling * part)) for part in (0.0, 0.5, 1.0)),
    )


def _pieces(
    values: Sequence[tuple[int, float | None]], at: Callable[[int, float], tuple[float, float]]
) -> tuple[tuple[tuple[float, float], ...], ...]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for night, value in values:
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(at(night, value))
    return tuple(tuple(piece) for piece in pieces if piece)


def _sentence(kind: _Kind, there: Sequence[float], nights: int) -> str:
    said = (
        f"lowest {kind.written(min(there))}, highest {kind.written(max(there))}, last known {kind.written(there[-1])}"
    )
    gaps = nights - len(there)
    return f"{said}, of {count(len(there), 'night')}" + (f"; {count(gaps, 'night')} without a number." if gaps else ".")
