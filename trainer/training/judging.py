"""How good a network is on films that it was not trained on, while it is trained; a bundle is judged elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.contract import DEFAULT, VERSIONS
from models.statistics.metrics import auc
from trainer.data.batches import Views
from trainer.data.sources import Part
from trainer.recipes.recipe import Monitor

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras
    from numpy.typing import NDArray

    from trainer.training.run import Films

TOGETHER: Final = 32  # films a forward pass


@dataclass(frozen=True, slots=True)
class Judgement:
    """Figures of one look at the validation part, at a probability of one half and without weights.

    Attributes:
        loss: mean binary cross-entropy, natural logarithm.
        accuracy, precision, recall: 0..1; precision is 0 where nothing was called pneumonia.
        auc: 0.5 where the part lacks a class.
    """

    loss: float
    accuracy: float
    precision: float
    recall: float
    auc: float

    def value(self, monitor: Monitor) -> tuple[float, float]:
        """What early stopping compares; recall alone is best where everything is called pneumonia, so AUC breaks ties
        and a recall bought with a precision below one half counts for nothing."""
        if monitor is Monitor.RECALL:
            return (self.recall if self.precision >= 0.5 else 0.0, self.auc)
        return (self.auc, -self.loss)


def judged(labels: Sequence[int], logits: NDArray[np.float64]) -> Judgement:
    """The figures of logits (n,) against labels."""
    y = np.asarray(labels, bool)
    called = logits >= 0.0
    found = int((y & called).sum())
    return Judgement(
        loss=float(np.mean(np.logaddexp(0.0, logits) - y * logits)),
        accuracy=float(np.mean(called == y)),
        precision=found / max(1, int(called.sum())),
        recall=found / max(1, int(y.sum())),
        auc=auc(y, logits) if 0 < y.sum() < y.size else 0.5,
    )


def predict(model: keras.Model, views: Views, count: int, side: int) -> NDArray[np.float64]:
    """Logits (n,) of the first `count` films."""
    logits = []
    for start in range(0, count, TOGETHER):
        some = range(start, min(start + TOGETHER, count))
        inputs = np.stack([views.view(index, side) for index in some])[..., np.newaxis]
        logits.append(np.asarray(model.predict_on_batch(inputs)["logit"])[:, 0])
    return np.concatenate(logits).astype(np.float64) if logits else np.empty(0)


class Judge:
    """Judges a network on the validation part, again and again."""

    def __init__(self, films: Films, preprocessing: int = DEFAULT) -> None:
        """Keep the films of that part, as a version of the contract gives them."""
        self._held: Final = films.of(Part.VALIDATION)
        self._side: Final = VERSIONS[preprocessing].side
        self._views: Final = Views([films.pixels[film.sha256] for film in self._held], VERSIONS[preprocessing])

    def judge(self, model: keras.Model, side: int) -> Judgement | None:
        """The figures at an input size; None where the part is empty."""
        if not self._held:
            return None
        return judged([film.label for film in self._held], predict(model, self._views, len(self._held), side))

    def by_source(self, model: keras.Model) -> dict[str, float]:
        """AUC of each source that has both classes there."""
        logits = predict(model, self._views, len(self._held), self._side)
        scores = {}
        for name in dict.fromkeys(film.source for film in self._held):
            chosen = np.asarray([film.source == name for film in self._held])
            labels = np.asarray([film.label for film in self._held])[chosen]
            if 0 < labels.sum() < labels.size:
                scores[name] = auc(labels, logits[chosen])
        return scores
