"""Says how far the exported network departs from the one that was trained, on the same films; pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.bundle import OperatingPoint, point_for
from trainer.statistics.metrics import auc, ranks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import ArrayLike, NDArray

    from models.population import Population
    from trainer.evidence.scoring import Scored

MOST_AUC_LOST: Final = 0.005
LEAST_RANK_CORRELATION: Final = 0.98
MOST_FLIPS: Final = 0.03  # share of the films that change sides of their threshold


@dataclass(frozen=True, slots=True)
class Certificate:
    """The trained network against the exported file on one set of films.

    Attributes:
        films: how many.
        auc_float, auc_exported: None where the films are of one class.
        auc_difference: the exported file less the trained network.
        flips: share of the films that lie on the other side of the threshold, 0..1.
        max_logit_difference: the largest absolute one.
        rank_correlation: Spearman's.
        ties: films whose logit another film has too, by the exported file.
    """

    films: int
    auc_float: float | None
    auc_exported: float | None
    auc_difference: float | None
    flips: float
    max_logit_difference: float
    rank_correlation: float
    ties: int

    @property
    def holds(self) -> bool:
        """Whether the exported file may stand for the trained network."""
        return (
            (self.auc_difference is None or self.auc_difference >= -MOST_AUC_LOST)
            and self.rank_correlation >= LEAST_RANK_CORRELATION
            and self.flips <= MOST_FLIPS
        )

    def document(self) -> dict[str, Any]:
        """As it stands in a bundle."""
        return asdict(self)


def certify(
    float_logits: ArrayLike, exported_logits: ArrayLike, labels: ArrayLike, thresholds: ArrayLike
) -> Certificate:
    """Compare the two networks' logits of the same films, all (n,); a film's threshold is its population's."""
    f, q = np.asarray(float_logits, np.float64), np.asarray(exported_logits, np.float64)
    y, t = np.asarray(labels, bool), np.asarray(thresholds, np.float64)
    both = bool(y.any()) and not bool(y.all())
    auc_float, auc_exported = (auc(y, f), auc(y, q)) if both else (None, None)
    _, counts = np.unique(q, return_counts=True)
    return Certificate(
        films=int(y.size),
        auc_float=auc_float,
        auc_exported=auc_exported,
        auc_difference=None if auc_exported is None or auc_float is None else auc_exported - auc_float,
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


def certificates(
    scored: Sequence[Scored],
    floats: NDArray[np.float64],
    points: Mapping[Population, OperatingPoint],
    trusted: AbstractSet[str],
) -> dict[str, Any]:
    """Certificates as they stand in a bundle: over the trusted sources together, and of each source alone.

    Certified where each trusted source holds.

    Args:
        scored: films with the exported file's logits.
        floats: the trained network's logits of the same films, (n,).
        points: whose thresholds are looked at.
        trusted: names of the sources of full weight.
    """

    def certificate(names: AbstractSet[str]) -> Certificate:
        chosen = [i for i, s in enumerate(scored) if s.film.source in names]
        some = [scored[i] for i in chosen]
        return certify(
            floats[chosen],
            [s.logit for s in some],
            [s.film.label for s in some],
            [point_for(points, s.population).threshold for s in some],
        )

    alone = {name: certificate({name}) for name in dict.fromkeys(s.film.source for s in scored)}
    return {
        "certified": all(alone[name].holds for name in trusted),
        **certificate(trusted).document(),
        "sources": {name: one.document() for name, one in alone.items()},
    }
