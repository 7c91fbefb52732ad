"""Chooses the gate's limits on films of sources that the head did not learn from, and says what they then refuse; pure.

A film from elsewhere lies nearer to the other kinds than one of the training hospitals, so limits from films that were
learned from would refuse too many. Each source is left out in turn, and limits come from the margins that its films
then have. With one source, two halves of its patients take turns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.pixel_gate import PixelGate
from trainer.gate.linear import Sample, fit_head, halves, logits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

REFUSED: Final = 0.005  # share of films, of sources left out, above where a limit may begin: some truly are turned
MISSED: Final = 0.01  # share of pictures of a kind that may lie below its limit, where both can be had


@dataclass(slots=True)
class Limits:
    """Fits heads without some sources, each once, and chooses limits."""

    sample: Sample
    kinds: Sequence[str]
    _kept: dict[frozenset[str], NDArray[np.float32]] = field(default_factory=dict)

    def choose(self, sources: Sequence[str], shares: tuple[float, float]) -> PixelGate:
        """The gate for a head fitted on these sources.

        Args:
            sources: at least one.
            shares: of white and of black pixels, the limits of the plain picture.
        """
        out, kinds, film = self._left_out(sources)
        gate = PixelGate(tuple(self.kinds), dict.fromkeys(self.kinds[1:], 0.0), 0.0, *shares)
        margins = out[:, 1:] - out[:, :1]
        unlike = np.array([gate.unlikeness(row) for row in out])
        limits = {
            kind: between(margins[film, number], margins[kinds == number + 1, number])
            for number, kind in enumerate(self.kinds[1:])
        }
        return PixelGate(tuple(self.kinds), limits, between(unlike[film], unlike[kinds > 0]), *shares)

    def _left_out(self, sources: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Logits, kinds, and which are accepted films, of every picture by a head that did not know its source."""
        logits, kinds = [], []
        if len(sources) == 1:
            inside = self.sample.of(self.sample.sources == sources[0])
            half = halves(inside.patients.tolist())
            for one in (half, ~half):
                head = fit_head(inside.of(one), len(self.kinds))
                logits.append(logits_of(head, inside.of(~one).raw))
                kinds.append(inside.of(~one).kinds)
        else:
            for source in sources:
                learned = frozenset(sources) - {source}
                asked = self.sample.sources == source
                logits.append(self.logits_by(learned)[asked])
                kinds.append(self.sample.kinds[asked])
        joined = np.concatenate(kinds)
        return np.concatenate(logits), joined, joined == 0

    def logits_by(self, learned: frozenset[str]) -> NDArray[np.float32]:
        """Logits of all pictures by a head fitted on some sources."""
        if learned not in self._kept:
            head = fit_head(self.sample.of(np.isin(self.sample.sources, sorted(learned))), len(self.kinds))
            self._kept[learned] = logits_of(head, self.sample.raw)
        return self._kept[learned]


def between(films: NDArray[Any], others: NDArray[Any]) -> float:
    """A limit above all but `REFUSED` of the films; half the way to where the others begin, where they begin beyond."""
    low = float(np.quantile(films, 1 - REFUSED))
    high = float(np.quantile(others, MISSED)) if len(others) else low
    return (low + high) / 2 if high > low else low
