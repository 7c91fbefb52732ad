"""Measures one bundle on the test part as the daemon runs it: what the projects report, and what a triage needs."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.contract import VERSIONS
from models.scorer import Scorer
from models.statistics.bootstrap import interval, resample
from models.statistics.metrics import wilson
from models.statistics.ranking import Ranking
from trainer.evidence.scoring import score_films
from trainer.training.judging import judged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.bundle import Bundle
    from trainer.data.sources import Film

SENSITIVITY: Final = 0.98  # at which specificity is compared
TIMED: Final = 60  # invocations
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """One bundle on the films of one part; shares are 0..1 and intervals 95 %.

    Attributes:
        films, patients, positives: that were scored.
        not_scored: refused or failed.
        accuracy, precision, recall, loss: at a probability of one half, of the network's own logit, as the student
            projects report them; intervals of shares are Wilson's.
        auc: and its interval by a bootstrap over patients.
        specificity: at the threshold that finds `SENSITIVITY` of these same films, and its interval by the same.
        size: of the model file, in bytes.
        milliseconds: of one invocation on one thread, the median.
    """

    films: int
    patients: int
    positives: int
    not_scored: int
    accuracy: float
    accuracy_ci: Interval
    precision: float
    precision_ci: Interval
    recall: float
    recall_ci: Interval
    loss: float
    auc: float
    auc_ci: Interval
    specificity: float
    specificity_ci: Interval
    size: int
    milliseconds: float


def measure(bundle: Bundle, films: Sequence[Film], progress: Callable[[int, int], None]) -> Measured:
    """Score films with a bundle and say how good it was; both classes must be among them.

    Raises:
        ScorerError: LiteRT refuses the model.
    """
    scores = score_films(films, bundle, None, progress)
    scored = scores.scored
    labels = np.asarray([s.film.label for s in scored], bool)
    logits = np.asarray([s.logit for s in scored])
    patients = [s.film.patient for s in scored]
    half, called = judged([int(y) for y in labels], logits), logits >= 0.0
    ranking = Ranking(labels, logits)

    def specificity(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return specificity_at(ranking, weights, SENSITIVITY)

    right, positives = int((called == labels).sum()), int(labels.sum())
    found, alarms = int((called & labels).sum()), int(called.sum())
    return Measured(
        films=len(scored),
        patients=len(set(patients)),
        positives=positives,
        not_scored=sum(scores.refused.values()) + sum(scores.failed.values()),
        accuracy=half.accuracy,
        accuracy_ci=wilson(right, len(scored)),
        precision=half.precision,
        precision_ci=wilson(found, alarms),
        recall=half.recall,
        recall_ci=wilson(found, positives),
        loss=half.loss,
        auc=half.auc,
        auc_ci=interval(resample(labels, patients, ranking.auc)),
        specificity=float(specificity(ranking.once)[0]),
        specificity_ci=interval(resample(labels, patients, specificity)),
        size=len(bundle.model),
        milliseconds=milliseconds(bundle),
    )


def specificity_at(ranking: Ranking, weights: NDArray[np.float64], sensitivity: float) -> NDArray[np.float64]:
    """The specificity at the highest threshold that finds a share of the films with pneumonia, (weightings,)."""
    found, alarms = ranking.above(weights)
    reached = found >= sensitivity * found[:, -1:] - 1e-9
    first = reached.argmax(axis=1)
    spared: NDArray[np.float64] = 1.0 - alarms[np.arange(len(alarms)), first] / alarms[:, -1]
    return spared


def milliseconds(bundle: Bundle) -> float:
    """Median time of one invocation on one thread."""
    scorer = Scorer(bundle)
    side = VERSIONS[bundle.preprocessing].side
    film = np.random.default_rng(0).random((side, side, 1), np.float32)
    taken = []
    for _ in range(TIMED):
        began = time.perf_counter()
        scorer.score(film)
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)
