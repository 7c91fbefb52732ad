"""Looks at films as the daemon does, and keeps what drift is looked for in: score, unlikeness, refusal, statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from models.contract import VERSIONS, Preprocessing
from models.film_statistics import FilmStatistics, statistics_of
from models.gate import findings
from models.pixel_gate import PixelGate, gate_of
from models.scorer import Scorer

if TYPE_CHECKING:
    from models.bundle import Bundle
    from models.radiograph import Radiograph


@dataclass(frozen=True, slots=True)
class Measured:
    """One film.

    Attributes:
        statistics: of its picture.
        logit, unlikeness: None where it was refused; the second also of a bundle without a gate.
        code: why it was refused, None where it was not.
    """

    statistics: FilmStatistics
    logit: float | None = None
    unlikeness: float | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """A bundle that films are measured with, on one thread."""

    scorer: Scorer
    gate: PixelGate | None
    preprocess: Preprocessing

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """Of a bundle.

        Raises:
            ModelsError: its model cannot be loaded, or is not the one that it describes.
        """
        scorer = Scorer(bundle)
        return cls(scorer, gate_of(bundle, scorer), VERSIONS[bundle.preprocessing])

    def __call__(self, film: Radiograph) -> Measured:
        """Measure one film; its header is not asked."""
        statistics = statistics_of(film.pixels, film.width, film.height)
        found = findings(film) or (self.gate.picture_findings(film) if self.gate is not None else ())
        if found:
            return Measured(statistics, code=found[0].code.value)
        score = self.scorer.score(self.preprocess(film))
        if self.gate is None or score.gate is None:
            return Measured(statistics, score.logit)
        if found := self.gate.findings(score.gate):
            return Measured(statistics, code=found[0].code.value)
        return Measured(statistics, score.logit, self.gate.unlikeness(score.gate))
