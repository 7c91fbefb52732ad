"""Says how far the quantised network departs from the float one on the same films; pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trainer.metrics import auc, ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

MOST_AUC_LOST: Final = 0.005
LEAST_RANK_CORRELATION: Final = 0.98
MOST_FLIPS: Final = 0.03  # share of the films that change sides of their threshold


@dataclass(frozen=True, slots=True)
class Certificate:
    """Float against int8 on one set of films.

    Attributes:
        films: how many.
        auc_float, auc_int8: None where the films are of one class.
        auc_difference: int8 less float.
        flips: share of the films that lie on the other side of the threshold, 0..1.
        max_logit_difference: the largest absolute one.
        rank_correlation: Spearman's.
        ties: films whose int8 logit another film has too.
    """

    films: int
    auc_float: float | None
    auc_int8: float | None
    auc_difference: float | None
    flips: float
    max_logit_difference: float
    rank_correlation: float
    ties: int

    @property
    def holds(self) -> bool:
        """Whether the quantised network may stand for the float one."""
        return (
            (self.auc_difference is None or self.auc_difference >= -MOST_AUC_LOST)
            and self.rank_correlation >= LEAST_RANK_CORRELATION
            and self.flips <= MOST_FLIPS
        )

    def document(self) -> dict[str, Any]:
        """As it stands in a bundle."""
        return asdict(self)


def certify(float_logits: ArrayLike, int8_logits: ArrayLike, labels: ArrayLike, thresholds: ArrayLike) -> Certificate:
    """Compare the two networks' logits of the same films, all (n,); a film's threshold is its population's."""
    f, q = np.asarray(float_logits, np.float64), np.asarray(int8_logits, np.float64)
    y, t = np.asarray(labels, bool), np.asarray(thresholds, np.float64)
    both = bool(y.any()) and not bool(y.all())
    auc_float, auc_int8 = (auc(y, f), auc(y, q)) if both else (None, None)
    _, counts = np.unique(q, return_counts=True)
    return Certificate(
        films=int(y.size),
        auc_float=auc_float,
        auc_int8=auc_int8,
        auc_difference=None if auc_int8 is None or auc_float is None else auc_int8 - auc_float,
        flips=float(np.mean((f >= t) != (q >= t))),
        max_logit_difference=float(np.abs(f - q).max()),
        rank_correlation=_correlation(ranks(f), ranks(q)),
        ties=int(counts[counts > 1].sum()),
    )


def _correlation(a: Sequence[float] | Any, b: Sequence[float] | Any) -> float:
    """Pearson's; 1 where neither varies, 0 where one does not."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 1.0 if np.ptp(a) == np.ptp(b) else 0.0
    return float(np.corrcoef(a, b)[0, 1])
