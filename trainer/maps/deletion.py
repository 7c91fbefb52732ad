"""The deletion test: hiding what a map calls hot must lower the logit more than hiding as much anywhere else; pure.

After Petsiuk, Das and Saenko, "RISE" (BMVC 2018), at one share of the area, against masks drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.heatmap import Cells
from models.statistics.metrics import wilson
from trainer.maps.masks import Fill, covered, hot_mask, moved_mask, scattered_mask

DRAWS: Final = 10  # random masks of either kind a film

Look = Callable[[NDArray[np.float32]], Cells]  # a tensor (224, 224, 1) -> its map


@dataclass(frozen=True, slots=True)
class Drops:
    """By how much masks lowered a film's logit.

    Attributes:
        hot: the hottest tenth.
        moved: masks of the same shape elsewhere.
        scattered: masks of as many pixels in blocks.
    """

    hot: float
    moved: tuple[float, ...]
    scattered: tuple[float, ...]


def drops_of(
    look: Look, tensor: NDArray[np.float32], cells: Cells, rng: np.random.Generator, draws: int, fill: Fill = Fill.BLUR
) -> Drops:
    """Try the masks on one film.

    Args:
        look: the network.
        tensor: of the film, (224, 224, 1).
        cells: its map; the mean is its logit.
        rng: of the random masks.
        draws: of either kind.
        fill: what is put under a mask.
    """
    logit = _logit(cells)
    hot = hot_mask(cells, tensor.shape[0])

    def drop(mask: NDArray[np.bool_]) -> float:
        return logit - _logit(look(covered(tensor, mask, fill)))

    return Drops(
        drop(hot),
        tuple(drop(moved_mask(hot, rng)) for _ in range(draws)),
        tuple(drop(scattered_mask(hot, rng)) for _ in range(draws)),
    )


def deletion_figures(drops: Sequence[Drops]) -> dict[str, Any]:
    """What the test gave, against either kind of mask and against all."""
    kinds = {
        "moved": [d.moved for d in drops],
        "scattered": [d.scattered for d in drops],
        "all": [(*d.moved, *d.scattered) for d in drops],
    }
    return {
        "films": len(drops),
        "hot_drop": _median([d.hot for d in drops]),
        "against": {kind: _against(drops, random) for kind, random in kinds.items()},
    }


def _against(drops: Sequence[Drops], random: Sequence[Sequence[float]]) -> dict[str, Any]:
    means = [float(np.mean(each)) for each in random]
    every = sum(d.hot > max(each) for d, each in zip(drops, random, strict=True))
    mean = sum(d.hot > m for d, m in zip(drops, means, strict=True))
    random_drop, hot_drop = _median(means), _median([d.hot for d in drops])
    # A film's own ratio may be anything where its random masks hardly move the logit, so the medians are compared.
    ratio = hot_drop / random_drop if hot_drop is not None and random_drop is not None and random_drop > 0 else None
    return {
        "more_than_every": share(every, len(drops)),
        "more_than_their_mean": share(mean, len(drops)),
        "random_drop": random_drop,
        "ratio": ratio,  # None too where random masks do not lower the logit
    }


def share(count: int, n: int) -> dict[str, Any]:
    """A share of films with its interval (Wilson); None without a film."""
    return {"count": count, "n": n, "share": count / n if n else None, "ci": list(wilson(count, n))}


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None


def _logit(cells: Cells) -> float:
    return float(np.mean(cells, dtype=np.float64))
