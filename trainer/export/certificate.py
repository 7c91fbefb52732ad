"""Says how far the exported network departs from the one that was trained, on the same tensors; pure.

Looked at are films as they came (clean), films as other scanners and exports change them (shifted), and pictures that
are no films (edge), where only a difference of the logits means anything. A bundle that misses a limit is written as
uncertified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.statistics.metrics import auc, ranks
from trainer.statistics.pairing import auc_difference
from trainer.statistics.peaks import within_one_cell

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Limits:
    """What an exported file may differ by.

    Attributes:
        auc_lost: at most.
        flips: share of the films on the other side of their threshold, 0..1, at most.
        peaks: share of the films at or above their threshold whose map's peak lies within one cell, 0..1, at least.
        rank_correlation: Spearman's, at least.
    """

    auc_lost: float
    flips: float
    peaks: float
    rank_correlation: float


CLEAN: Final = Limits(auc_lost=0.002, flips=0.005, peaks=0.95, rank_correlation=0.99)
# A shifted film lies nearer to the threshold, and more of them do: the same error of a logit turns more of them over.
SHIFTED: Final = Limits(auc_lost=0.005, flips=0.01, peaks=0.90, rank_correlation=0.985)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The same tensors through both networks, one row each.

    Attributes:
        labels: pneumonia or not, (n,).
        patients: whose film it is.
        sources: the set that it came from.
        thresholds: of the film's population, on the logit, (n,).
        trained, exported: the maps, (n, rows, columns); their means are the logits.
    """

    labels: NDArray[np.bool_]
    patients: tuple[str, ...]
    sources: tuple[str, ...]
    thresholds: NDArray[np.float64]
    trained: NDArray[np.float32]
    exported: NDArray[np.float32]

    def of(self, sources: AbstractSet[str]) -> Pairs:
        """The rows of some sources."""
        rows = [i for i, name in enumerate(self.sources) if name in sources]
        return Pairs(
            self.labels[rows],
            tuple(self.patients[i] for i in rows),
            tuple(self.sources[i] for i in rows),
            self.thresholds[rows],
            self.trained[rows],
            self.exported[rows],
        )


@dataclass(frozen=True, slots=True)
class Certificate:
    """The trained network against the exported file on one set of films.

    Attributes:
        films: how many.
        auc_float, auc_exported: None where the films are of one class.
        auc_difference: the exported file less the trained network; and its 95 % interval, by patients.
        flips: share of the films that lie on the other side of the threshold, 0..1.
        max_logit_difference: the largest absolute one.
        rank_correlation: Spearman's.
        peaks: share of the films at or above the threshold whose map's peak lies within one cell; None without one.
        ties: films whose logit another film has too, by the exported file.
    """

    films: int
    auc_float: float | None
    auc_exported: float | None
    auc_difference: float | None
    auc_difference_ci: tuple[float, float] | None
    flips: float
    max_logit_difference: float
    rank_correlation: float
    peaks: float | None
    ties: int

    def holds(self, limits: Limits) -> bool:
        """Whether the exported file may stand for the trained network."""
        return (
            (self.auc_difference is None or self.auc_difference >= -limits.auc_lost)
            and self.rank_correlation >= limits.rank_correlation
            and self.flips <= limits.flips
            and (self.peaks is None or self.peaks >= limits.peaks)
        )

    def document(self) -> dict[str, Any]:
        """As it stands in a bundle."""
        return asdict(self)


def certify(pairs: Pairs) -> Certificate:
    """Compare the two networks on some films; at least one."""
    f, q = logits_of(pairs.trained), logits_of(pairs.exported)
    y = pairs.labels
    both = bool(y.any()) and not bool(y.all())
    difference = auc_difference(y, q, f, pairs.patients) if both else None
    called = f >= pairs.thresholds
    _, counts = np.unique(q, return_counts=True)
    return Certificate(
        films=int(y.size),
        auc_float=auc(y, f) if both else None,
        auc_exported=auc(y, q) if both else None,
        auc_difference=None if difference is None else difference.value,
        auc_difference_ci=None if difference is None else difference.interval,
        flips=float(np.mean(called != (q >= pairs.thresholds))),
        max_logit_difference=float(np.abs(f - q).max()),
        rank_correlation=_correlation(ranks(f), ranks(q)),
        peaks=float(within_one_cell(pairs.trained[called], pairs.exported[called]).mean()) if called.any() else None,
        ties=int(counts[counts > 1].sum()),
    )


def logits_of(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """The means of maps (n, rows, columns), (n,)."""
    return maps.reshape(len(maps), -1).mean(axis=1, dtype=np.float64)


def _correlation(a: Sequence[float] | Any, b: Sequence[float] | Any) -> float:
    """Pearson's; 1 where neither varies, 0 where one does not."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 1.0 if np.ptp(a) == np.ptp(b) else 0.0
    return float(np.corrcoef(a, b)[0, 1])


def certificates(
    clean: Pairs, shifted: Pairs | None, edge: Mapping[str, tuple[float, float]], trusted: AbstractSet[str]
) -> dict[str, Any]:
    """Certificates as they stand in a bundle: over the trusted sources together, of each source alone, and shifted.

    Certified where the trusted sources hold together, clean and shifted.

    Args:
        clean: films as they came.
        shifted: films under the conditions of the benchmark of shift; None where nobody looked, and then nothing is
            certified.
        edge: by the name of a picture that is no film, its logit by the trained network and by the file.
        trusted: names of the sources of full weight.
    """
    together = certify(clean.of(trusted))
    apart = None if shifted is None else certify(shifted.of(trusted))
    names = dict.fromkeys(clean.sources)
    return {
        "certified": together.holds(CLEAN) and apart is not None and apart.holds(SHIFTED),
        "limits": {"clean": asdict(CLEAN), "shifted": asdict(SHIFTED)},
        **together.document(),
        "sources": {name: certify(clean.of({name})).document() for name in names},
        "shifted": None if apart is None else apart.document(),
        "edge": {
            "pictures": {name: {"trained": f, "exported": q} for name, (f, q) in edge.items()},
            "max_logit_difference": max((abs(f - q) for f, q in edge.values()), default=0.0),
        },
    }
