"""Films in full size against their copies of 224 pixels: whether one film scores alike however it comes; pure figures.

A pair is two files of one name (but for its ending) and class, one in the folder of full size and one in the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.statistics.bootstrap import DRAWS, Interval, interval, weightings
from models.statistics.metrics import ranks, wilson
from trainer.shift.conditions import CLEAN
from trainer.shift.scoring import score_suite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.population import Population
    from trainer.data.films import Film
    from trainer.shift.judges import Judge
    from trainer.shift.scoring import Report


@dataclass(frozen=True, slots=True)
class Pair:
    """One film in two sizes."""

    full: Film
    small: Film


def pairs(full: Sequence[Film], films: Sequence[Film]) -> list[Pair]:
    """Films of full size with their copies, in the order of the full ones; a name that is not unique pairs nothing."""
    named: dict[tuple[str, int], list[Film]] = {}
    for film in films:
        named.setdefault((film.path.stem, film.label), []).append(film)
    found = ((film, named.get((film.path.stem, film.label), [])) for film in full)
    return [Pair(film, copies[0]) for film, copies in found if len(copies) == 1]


def score_pairs(
    some: Sequence[Pair], judge: Judge, report: Report
) -> tuple[list[Pair], NDArray[np.float64], NDArray[np.float64]]:
    """The pairs of which both films could be read, and the logits of the full and of the small ones."""
    scores = score_suite([film for pair in some for film in (pair.full, pair.small)], [CLEAN], judge, report)
    logits = dict(zip((film.path for film in scores.films), scores.logits[CLEAN.name], strict=True))
    kept = [pair for pair in some if pair.full.path in logits and pair.small.path in logits]
    return (
        kept,
        np.asarray([logits[pair.full.path] for pair in kept], np.float64),
        np.asarray([logits[pair.small.path] for pair in kept], np.float64),
    )


def parity(
    some: Sequence[Pair],
    full: NDArray[np.float64],
    small: NDArray[np.float64],
    thresholds: Mapping[Population | None, float],
    *,
    draws: int = DRAWS,
) -> dict[str, Any] | None:
    """How far the two sizes of a film are from each other; None without a pair.

    Args:
        some: the pairs.
        full, small: their logits, (n,).
        thresholds: where `next` begins, by population; the lowest for others.
        draws: of patients, for the intervals.

    Returns:
        ``mean_difference`` (of the absolute logit difference), ``bias`` (full less small), ``largest``, ``flips``
        (share on the other side of the operating point), ``rank_correlation``; ``_ci`` by patients, of flips Wilson's.
    """
    if not some:
        return None
    lowest = min(thresholds.values())
    at = np.asarray([thresholds.get(pair.small.population, lowest) for pair in some])
    gap, flipped = full - small, (full >= at) != (small >= at)
    labels, patients = [pair.small.label for pair in some], [pair.small.patient for pair in some]
    rows = []
    for weights in weightings(labels, patients, draws=draws):
        for weight in weights:
            times = np.repeat(np.arange(len(some)), weight.astype(np.intp))
            rows.append((np.abs(gap[times]).mean(), gap[times].mean(), _spearman(full[times], small[times])))
    table = np.asarray(rows)
    return {
        "pairs": len(some),
        "patients": len(set(patients)),
        "mean_difference": float(np.abs(gap).mean()),
        "mean_difference_ci": list(interval(table[:, 0])),
        "bias": float(gap.mean()),
        "bias_ci": list(interval(table[:, 1])),
        "largest": float(np.abs(gap).max()),
        "flips": float(flipped.mean()),
        "flips_ci": list(wilson(int(flipped.sum()), len(some))),
        "flipped": int(flipped.sum()),
        "rank_correlation": _number(_spearman(full, small)),
        "rank_correlation_ci": _interval(table[:, 2]),
    }


def _spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """NaN where all films of one size score the same."""
    x, y = ranks(a) - (a.size + 1) / 2, ranks(b) - (b.size + 1) / 2
    below = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / below if below else float("nan")


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _interval(values: NDArray[np.float64]) -> list[float] | None:
    if not np.isfinite(values).any():
        return None
    ends: Interval = interval(values)
    return list(ends)
