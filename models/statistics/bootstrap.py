"""Draws patients again and again, with all their films, and says how far a figure moves; pure, and seeded.

Efron 1979, by clusters: films of one patient are no independent witnesses, so patients are drawn, not films.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Values = NDArray[np.float64]
Interval = tuple[float, float]
Statistic = Callable[[Values], Values]  # weights (draws, films) -> (draws,) or (draws, figures)

SEED: Final = 0
DRAWS: Final = 1000
BLOCK: Final = 2_000_000  # weights held at once: 16 MB, however many films there are


def weightings(labels: ArrayLike, groups: Sequence[str], *, seed: int = SEED, draws: int = DRAWS) -> Iterator[Values]:
    """How often each film was drawn, in blocks of (some draws, films).

    A draw that lost one of two classes is thrown away: nothing that needs both can be told from it. The same films
    and seed give the same draws, so two figures of one sample can be paired.
    """
    y = np.asarray(labels, bool)
    if not y.size:
        return
    both = 0 < y.sum() < y.size
    names, owner = np.unique(np.asarray(groups), return_inverse=True)
    sick = np.bincount(owner, y, names.size) > 0
    well = np.bincount(owner, ~y, names.size) > 0
    rng, rows, done = np.random.default_rng(seed), max(1, BLOCK // max(y.size, names.size)), 0
    while done < draws:
        wanted = min(rows, draws - done)
        drawn = rng.integers(0, names.size, (wanted, names.size)) + names.size * np.arange(wanted)[:, None]
        times = np.bincount(drawn.ravel(), minlength=wanted * names.size).reshape(wanted, names.size)
        if both:
            times = times[(times[:, sick].any(axis=1)) & (times[:, well].any(axis=1))]
        done += len(times)
        if len(times):
            yield times[:, owner].astype(np.float64)


def resample(
    labels: ArrayLike, groups: Sequence[str], statistic: Statistic, *, seed: int = SEED, draws: int = DRAWS
) -> Values:
    """A figure, or a row of figures, in every draw, (draws,) or (draws, figures)."""
    return np.concatenate([statistic(weights) for weights in weightings(labels, groups, seed=seed, draws=draws)])


def interval(values: Values) -> Interval:
    """95 % interval by percentiles; draws in which the figure did not exist (NaN) are left out."""
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def band(values: Values) -> tuple[Values, Values]:
    """95 % interval of each figure of a row, lower and upper ends, point by point."""
    low, high = np.nanpercentile(values, [2.5, 97.5], axis=0)
    return low, high


def recentred(values: Values, found: float, lowest: float = 0.0) -> Interval:
    """An interval for a figure that any resampling raises, such as a calibration error: moved back by its own bias.

    Equal films that were drawn twice agree with each other more than new ones would, so the mean over the draws lies
    above the figure itself, and a plain percentile interval may miss it altogether.
    """
    low, high = interval(values - float(np.nanmean(values)) + found)
    return max(lowest, min(low, found)), max(high, found)
