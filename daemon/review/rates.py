"""How often the bands were right, from blind cases: weighted rates, their intervals and a calibration table; pure.

A case that was drawn with a chance of 1 in 20 stands for 20: rates are sums of such weights (Hajek's ratio of two
Horvitz-Thompson sums, 1971), so that a band of which few were drawn counts as much as it did among all films.

Intervals: the count in each cell (band by verdict) is Poisson, and what it may come from is a gamma distribution. Each
limit counts one case more on the side that is against it, with the largest weight of that side, as Fay and Feuer
(Statistics in Medicine 16, 791, 1997) do for one weighted sum, so that 2.5 % lie beyond a limit at most: measured over
5,000 simulated sites each, 95.1 to 98.7 % of intervals hold the truth. With half a case on every side (Jeffreys) it was
94.0 to 97.3 %. The usual intervals fail where it matters: of a few missed cases with a weight of 20 each, a bootstrap
that has seen none draws none, and a normal approximation passes 1. Where weights within a cell differ, it counts for as
many cases of equal weight as would be known as well (Kish: the square of their sum over the sum of their squares).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.triage.order import Band

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS: Final = 4000
TAILS: Final = (2.5, 97.5)  # percent
CALLED: Final = (Band.FIRST, Band.NEXT)  # at or above the operating point
BANDS: Final = (*CALLED, Band.IN_TURN)
EDGES: Final = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)  # of the calibration table; few cases are judged, so few bins


@dataclass(frozen=True, slots=True)
class BlindCase:
    """A study that a reader judged without its score.

    Attributes:
        band: in which its score put it.
        pneumonia: what the reader said.
        share: the chance that it was drawn by, above 0.
        probability: as it would have been shown.
        root: the folder that it came through.
    """

    band: Band
    pneumonia: bool
    share: float
    probability: float
    root: str = ""
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval; `value` is None where the cases cannot tell, and `why` says what is missing.

    `cases` is how many it rests on, unweighted.
    """

    cases: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """How the bands did among some cases: a study of `first` or `next` is called, one of `in_turn` is not."""

    sensitivity: Rate
    specificity: Rate


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases whose probabilities lie in [low, high): the weighted mean of these, and how many had pneumonia."""

    low: float
    high: float
    stated: float
    found: Rate


def rates_of(cases: Sequence[BlindCase], rng: np.random.Generator) -> Rates:
    """Sensitivity and specificity of the operating point.

    Args:
        cases: drawn while every band had a share, each with a verdict of pneumonia or none.
        rng: draws the intervals.
    """
    return Rates(_rate(cases, True, CALLED, rng), _rate(cases, False, (Band.IN_TURN,), rng))


def drawn_share(
    strata: Sequence[Band],
    weights: NDArray[np.float64],
    hit: NDArray[np.bool_],
    among: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Rate:
    """The weighted share of some cases that are hits, whichever of the bands they were drawn from they may lie in.

    Args:
        strata: the band that each was drawn from, by whatever thresholds held then.
        weights: one over the chance of each draw, (n,).
        hit, among: of each case, (n,).
        rng: draws the interval.
    """
    rest = int(among.sum())
    within = {band: np.array([each is band for each in strata], bool) for band in BANDS}
    if empty := [band for band, those in within.items() if not those.any()]:
        names = ", ".join(band.replace("_", " ") for band in empty)
        return Rate(rest, why=f"no blind case of the band {names} was judged")
    if not rest:
        return Rate(rest, why="there is no such case")
    hits, misses = list[_Cell | None](), list[_Cell | None]()
    for those in within.values():
        hits.append(_Cell.weighing(weights[those & among & hit], weights[those]))
        misses.append(_Cell.weighing(weights[those & among & ~hit], weights[those]))
    return _ratio(hits, misses, rest, rng)


def calibration_of(cases: Sequence[BlindCase], rng: np.random.Generator) -> list[Bin]:
    """Stated probabilities against what readers found, for each bin that has a case."""
    found = []
    for low, high in pairwise(EDGES):
        within = [case for case in cases if low <= case.probability < high or case.probability == high == EDGES[-1]]
        if not within:
            continue
        weights = _weights(within)
        stated = float(np.average([case.probability for case in within], weights=weights))
        hits = [_Cell.of(within, band, True) for band in BANDS]
        others = [_Cell.of(within, band, False) for band in BANDS]
        found.append(Bin(low, high, stated, _ratio(hits, others, len(within), rng)))
    return found


def _rate(cases: Sequence[BlindCase], pneumonia: bool, right: Iterable[Band], rng: np.random.Generator) -> Rate:
    """The weighted share of the cases with one verdict that stand in the bands which are right for it."""
    rest = sum(case.pneumonia is pneumonia for case in cases)
    empty = [band for band in BANDS if not any(case.band is band for case in cases)]
    if empty:
        names = ", ".join(band.replace("_", " ") for band in empty)
        return Rate(rest, why=f"no blind case of the band {names} was judged")
    if not rest:
        return Rate(rest, why=f"no blind case {'with' if pneumonia else 'without'} pneumonia was judged")
    hits = [_Cell.of(cases, band, pneumonia) for band in BANDS if band in right]
    misses = [_Cell.of(cases, band, pneumonia) for band in BANDS if band not in right]
    return _ratio(hits, misses, rest, rng)


@dataclass(frozen=True, slots=True)
class _Cell:
    """Cases of one band and verdict: `count` of equal weight that are known as well, what each stands for, at most."""

    count: float
    weight: float
    largest: float

    @classmethod
    def of(cls, cases: Iterable[BlindCase], band: Band, pneumonia: bool) -> _Cell | None:
        """None where the band has no case; an empty cell keeps its band's weight, for what may be missed in it."""
        of_band = [case for case in cases if case.band is band]
        if not of_band:
            return None
        return cls.weighing(_weights([case for case in of_band if case.pneumonia is pneumonia]), _weights(of_band))

    @classmethod
    def weighing(cls, weights: NDArray[np.float64], of_band: NDArray[np.float64]) -> _Cell:
        """The cell of some of a band's cases."""
        largest = float(of_band.max())
        if not weights.size:
            return cls(0.0, largest, largest)
        count = float(weights.sum() ** 2 / (weights**2).sum())
        return cls(count, float(weights.sum()) / count, largest)


def _ratio(hits: list[_Cell | None], misses: list[_Cell | None], cases: int, rng: np.random.Generator) -> Rate:
    """Hits over hits and misses."""
    right, wrong = [cell for cell in hits if cell], [cell for cell in misses if cell]
    up, against = (sum(cell.count * cell.weight for cell in cells) for cells in (right, wrong))
    hit, missed = _drawn(right, rng), _drawn(wrong, rng)
    one_hit, one_missed = _one_more(right, rng), _one_more(wrong, rng)
    low = np.percentile(hit / (hit + missed + one_missed), TAILS[0])
    high = np.percentile((hit + one_hit) / (hit + one_hit + missed), TAILS[1])
    return Rate(cases, up / (up + against), float(low), float(high))


def _drawn(cells: Iterable[_Cell], rng: np.random.Generator) -> NDArray[np.float64]:
    """`DRAWS` weighted sums that the cells may come from; shape (DRAWS,)."""
    found = np.zeros(DRAWS)
    for cell in cells:
        found += cell.weight * rng.gamma(cell.count, size=DRAWS)
    return found


def _one_more(cells: Iterable[_Cell], rng: np.random.Generator) -> NDArray[np.float64]:
    """What one more case might add to that."""
    return max(cell.largest for cell in cells) * rng.gamma(1.0, size=DRAWS)


def _weights(cases: Sequence[BlindCase]) -> NDArray[np.float64]:
    return np.array([1.0 / case.share for case in cases])
