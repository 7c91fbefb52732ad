"""Films, or studies, with a label and a score each: what a bundle is judged by; only values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from daemon.triage.order import Band


@dataclass(frozen=True, slots=True)
class Cases:
    """One population's.

    Attributes:
        logits, labels, weights: (n,); a label is true where there is pneumonia, a weight is one over the chance of a
            draw, and 1 where nothing was drawn.
        patients: whose each is; one that nobody knows is a patient of its own.
        strata: the band that each was drawn from; None where nothing was drawn.
    """

    logits: NDArray[np.float64]
    labels: NDArray[np.bool_]
    patients: tuple[str, ...]
    weights: NDArray[np.float64]
    strata: tuple[Band, ...] | None = None

    @property
    def n(self) -> int:
        """Cases."""
        return int(self.labels.size)

    @property
    def positives(self) -> int:
        """Cases with pneumonia."""
        return int(self.labels.sum())

    @property
    def clustered(self) -> bool:
        """Whether some patient has several."""
        return len(set(self.patients)) < self.n

    def of(self, some: NDArray[np.bool_]) -> Cases:
        """Those that are chosen, (n,)."""
        places = some.nonzero()[0]
        return Cases(
            self.logits[some],
            self.labels[some],
            tuple(self.patients[place] for place in places),
            self.weights[some],
            None if self.strata is None else tuple(self.strata[place] for place in places),
        )


@dataclass(frozen=True, slots=True)
class Least:
    """How many cases of either class a judgement needs, in each population."""

    pneumonia: int
    without: int

    def missing(self, pneumonia: int, without: int) -> tuple[int, int]:
        """How many more of either class it takes."""
        return max(0, self.pneumonia - pneumonia), max(0, self.without - without)


ENOUGH: Final = Least(100, 300)  # no setting and no option lowers it
