"""How well what is not the lung tells the label: cross-validated AUCs of single features and of all together.

Each AUC is of scores that films got from a model that saw none of their patient (five folds, stratified). Single
features go through a shallow decision tree, so that "neither small nor large" counts as well as "larger"; all together
through gradient boosted trees. Intervals: Obuchowski, Biometrics 53 (1997), 567-578, for films in clusters (patients).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.statistics.metrics import Z95, auc, ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from trainer.inspection.look import Look

FOLDS: Final = 5
LEAST: Final = 10  # patients of a class, below which no AUC is given
GREY_LEVELS: Final = ("mean", "contrast")  # which pneumonia itself changes, too
TOGETHER: Final = "all together"
OUTSIDE: Final = "all but grey levels"


@dataclass(frozen=True, slots=True)
class Told:
    """How well something tells the label: the AUC with its 95 % interval, and how many films say it at all."""

    auc: float
    low: float
    high: float
    known: int


def _codes(values: Sequence[str]) -> NDArray[np.float64]:
    """Words as numbers in their order; NaN for a word that is not said."""
    codes = np.unique(np.asarray(values, str), return_inverse=True)[1].astype(np.float64)
    return np.where([bool(value) for value in values], codes, np.nan)


def features(looks: Sequence[Look]) -> dict[str, NDArray[np.float64]]:
    """Every feature of some films, NaN where it is not known; of words, codes."""
    number: dict[str, Callable[[Look], float | None]] = {
        "width": lambda look: look.width,
        "height": lambda look: look.height,
        "aspect": lambda look: look.width / look.height,
        "mean": lambda look: look.measures.mean,
        "contrast": lambda look: look.measures.contrast,
        "black border": lambda look: look.measures.black_border,
        "white border": lambda look: look.measures.white_border,
        "corner markers": lambda look: look.measures.marker,
        "JPEG quality": lambda look: look.quality,
        "age": lambda look: look.film.age,
    }
    word: dict[str, Callable[[Look], str]] = {
        "colour mode": lambda look: look.mode,
        "view": lambda look: look.film.view,
        "sex": lambda look: look.film.sex,
        "source": lambda look: look.film.source,
    }
    columns = {
        name: np.array([np.nan if (v := value(look)) is None else v for look in looks], np.float64)
        for name, value in number.items()
    }
    return columns | {name: _codes([value(look) for look in looks]) for name, value in word.items()}


def told(looks: Sequence[Look], seed: int = 0) -> dict[str, Told]:
    """What each feature, and all together, tell of the label of films of the two classes.

    Features that are the same for all films, such as the width of films of one size, have exactly 0.5.

    Returns:
        By the feature's name; empty where a class has fewer than ten patients.
    """
    from threadpoolctl import threadpool_limits

    labels = np.array([look.film.label for look in looks], int)
    _, groups = np.unique([look.film.patient for look in looks], return_inverse=True)
    if any(np.unique(groups[labels == label]).size < LEAST for label in (0, 1)):
        return {}
    folds = _folds(labels, groups, seed)
    with threadpool_limits(1):  # trees this small lose more to threads that wait than they gain
        return _told(looks, labels, groups, folds, seed)


def _told(
    looks: Sequence[Look], labels: NDArray[Any], groups: NDArray[Any], folds: Sequence[tuple[Any, Any]], seed: int
) -> dict[str, Told]:
    found: dict[str, Told] = {}
    useful: dict[str, NDArray[np.float64]] = {}
    for name, column in features(looks).items():
        known = int((~np.isnan(column)).sum())
        if not known:
            continue
        if known == len(looks) and np.unique(column).size == 1:
            found[name] = Told(0.5, 0.5, 0.5, known)
            continue
        useful[name] = column
        found[name] = _judged(column[:, None], labels, groups, folds, lambda: _tree(len(looks), seed), known)
    for name, left_out in ((TOGETHER, ()), (OUTSIDE, GREY_LEVELS)):
        chosen = [column for each, column in useful.items() if each not in left_out]
        if chosen:
            table = np.column_stack(chosen)
            found[name] = _judged(table, labels, groups, folds, lambda: _boosted(seed), len(looks))
    return found


def _folds(labels: NDArray[Any], groups: NDArray[Any], seed: int) -> list[tuple[Any, Any]]:
    from sklearn.model_selection import StratifiedGroupKFold

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of folds that cannot be even: intervals say how much that costs
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels, groups)
        return [(train, test) for train, test in folds if np.unique(labels[train]).size == 2]


def _tree(films: int, seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_depth=3, min_samples_leaf=max(5, films // 50), random_state=seed)


def _boosted(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, early_stopping=False, random_state=seed)


def _judged(
    table: NDArray[np.float64],
    labels: NDArray[Any],
    groups: NDArray[Any],
    folds: Sequence[tuple[Any, Any]],
    model: Callable[[], Any],
    known: int,
) -> Told:
    scores = np.full(labels.size, labels.mean())
    for train, test in folds:
        scores[test] = model().fit(table[train], labels[train]).predict_proba(table[test])[:, 1]
    low, high = clustered_interval(labels, scores, groups)
    return Told(auc(labels, scores), low, high, known)


def clustered_interval(labels: NDArray[Any], scores: NDArray[Any], groups: NDArray[Any]) -> tuple[float, float]:
    """95 % interval of an AUC whose films come in groups, by Obuchowski's variance; cut to 0..1.

    Args:
        labels: 0 or 1, (n,); both occur in at least two groups.
        scores: (n,).
        groups: the number of each film's patient, (n,), from 0.
    """
    y = labels.astype(bool)
    m, n = int(y.sum()), int((~y).sum())
    area = auc(y, scores)
    everywhere = ranks(scores.astype(np.float64))
    placed = np.empty(labels.size)
    placed[y] = (everywhere[y] - ranks(scores[y].astype(np.float64))) / n
    placed[~y] = 1.0 - (everywhere[~y] - ranks(scores[~y].astype(np.float64))) / m
    count = int(groups.max()) + 1
    ill = np.bincount(groups[y], placed[y] - area, count)
    well = np.bincount(groups[~y], placed[~y] - area, count)
    some_ill, some_well = np.unique(groups[y]).size, np.unique(groups[~y]).size
    variance = (
        some_ill / (some_ill - 1) * (ill @ ill) / m**2
        + some_well / (some_well - 1) * (well @ well) / n**2
        + 2 * count / (count - 1) * (ill @ well) / (m * n)
    )
    half = Z95 * max(float(variance), 0.0) ** 0.5
    return max(0.0, area - half), min(1.0, area + half)


def as_figures(found: Mapping[str, Told]) -> dict[str, dict[str, float | int]]:
    """For the document."""
    return {name: {"auc": t.auc, "low": t.low, "high": t.high, "known": t.known} for name, t in found.items()}
