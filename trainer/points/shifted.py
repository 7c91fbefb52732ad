"""Held-out films of one population under every condition, as columns of numbers; what points are chosen on; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from trainer.errors import TrainerError
from trainer.statistics.labelled import Labelled

if TYPE_CHECKING:
    from collections.abc import Sequence

CLEAN: Final = "clean"
TRUSTED: Final = 1.0  # a film's weight below which nothing is chosen by it: its label was mined from a report
_REMEDY: Final = "correct what is given"


@dataclass(frozen=True, slots=True, eq=False)
class Shifted(Labelled):
    """One row a condition, one column a film.

    Attributes:
        labels: pneumonia or not, (films,).
        patients: whose film it is.
        sources: the set that it came from.
        logits: (conditions, films); the first row is of the films as they came.
        conditions: names of the rows: ``clean``, then such as ``blur-2``: corruption, hyphen, severity.
        weights: of the films, 0..1; 1 where the label is a reader's.
    """

    labels: NDArray[np.bool_]
    patients: tuple[str, ...]
    sources: tuple[str, ...]
    logits: NDArray[np.float64]
    conditions: tuple[str, ...]
    weights: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse columns and rows that do not fit together.

        Raises:
            TrainerError: lengths differ, the first condition is not ``clean``, or a logit is no finite number.
        """
        n = self.labels.size
        if not n == len(self.patients) == len(self.sources) == self.weights.size == self.logits.shape[1]:
            raise TrainerError("use scored films", None, "labels, patients, sources, logits differ in number", _REMEDY)
        if len(self.conditions) != self.logits.shape[0] or self.conditions[:1] != (CLEAN,):
            cause = f"{len(self.conditions)} conditions name {self.logits.shape[0]} rows, or the first is not {CLEAN!r}"
            raise TrainerError("use scored films", None, cause, _REMEDY)
        if not np.isfinite(self.logits).all():
            raise TrainerError("use scored films", None, "a logit is no finite number", "score the films again")

    @property
    def clean(self) -> NDArray[np.float64]:
        """Logits of the films as they came, (films,)."""
        row: NDArray[np.float64] = self.logits[0]
        return row

    @property
    def shifts(self) -> NDArray[np.float64]:
        """Logits of the films as they were changed, (conditions - 1, films)."""
        rows: NDArray[np.float64] = self.logits[1:]
        return rows

    def films(self, chosen: NDArray[np.bool_]) -> Shifted:
        """Some of the films, under all conditions."""
        rows = np.flatnonzero(chosen)
        return Shifted(
            self.labels[rows],
            tuple(self.patients[i] for i in rows),
            tuple(self.sources[i] for i in rows),
            self.logits[:, rows],
            self.conditions,
            self.weights[rows],
        )

    def under(self, names: Sequence[str]) -> Shifted:
        """All films under some of the conditions; ``clean`` stays, and stays first."""
        kept = [i for i, name in enumerate(self.conditions) if name == CLEAN or name in names]
        conditions = tuple(self.conditions[i] for i in kept)
        return Shifted(self.labels, self.patients, self.sources, self.logits[kept], conditions, self.weights)

    def trusted(self) -> Shifted:
        """The films whose labels may choose something."""
        return self.films(self.weights >= TRUSTED)

    def of_source(self, name: str) -> Shifted:
        """The films of one source."""
        return self.films(np.asarray([source == name for source in self.sources], bool))


def kind_of(condition: str) -> str:
    """The corruption of a condition without its severity; `CLEAN` of the films as they came."""
    head, hyphen, severity = condition.rpartition("-")
    return head if hyphen and severity.isdigit() else condition


def folds(patients: Sequence[str], number: int, seed: int = 1) -> NDArray[np.intp]:
    """The fold of each film, 0..number-1; films of one patient share theirs, and folds are as even as patients allow.

    Raises:
        TrainerError: there are fewer patients than folds.
    """
    names, owner, count = np.unique(np.asarray(patients), return_inverse=True, return_counts=True)
    if names.size < number:
        cause = f"{names.size} patients cannot make {number} folds"
        raise TrainerError("cross-validate", None, cause, "give films of more patients")
    order = np.random.default_rng(seed).permutation(names.size)
    filled, fold = np.zeros(number), np.empty(names.size, np.intp)
    for patient in order[np.argsort(-count[order], kind="stable")]:  # the largest first: the small ones even them out
        fold[patient] = int(np.argmin(filled))
        filled[fold[patient]] += count[patient]
    return fold[owner]
