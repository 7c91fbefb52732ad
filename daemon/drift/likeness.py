"""Whether a folder's films are like those that the bundle was judged on: an effect with a tolerance, no alarm; pure.

A site's case mix is not the validation's, so with enough films every difference is certain; what counts is its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from daemon.drift.blocks import REFUSED, Block
from daemon.drift.change import normal_scores
from models.reference import COLUMNS, Reference

FEWEST: Final = 100  # films, before anything is said
TOLERANCE: Final = 1.0  # of the mean normal score: five of six films then lie on one side of the reference's middle
MOST_REFUSED: Final = 0.05  # above the reference's own rate


@dataclass(frozen=True, slots=True)
class Unlike:
    """A number that lies elsewhere than in the bundle's films.

    Attributes:
        name: of the number, or `REFUSED`.
        effect: the mean normal score; of refusals the difference of the rates.
        there, here: medians in the reference and in the folder; of refusals the rates.
    """

    name: str
    effect: float
    there: float
    here: float


def unlike(films: Block, reference: Reference) -> list[Unlike]:
    """What lies beyond the tolerance, the largest first; nothing while there are too few films."""
    if films.films < FEWEST:
        return []
    found = []
    for name in COLUMNS:
        values, known = films.columns[name], reference.quantiles.get(name)
        if known is not None and len(values) >= FEWEST / 2:
            usual = np.asarray(known)
            effect = float(normal_scores(values, usual).mean())
            if abs(effect) > TOLERANCE:
                found.append(Unlike(name, effect, float(np.median(usual)), float(np.median(values))))
    rate = films.refused / films.films
    if rate > reference.refused + MOST_REFUSED:
        found.append(Unlike(REFUSED, rate - reference.refused, reference.refused, rate))
    return sorted(found, key=lambda one: -abs(one.effect))


def reference_for(references: Mapping[str, Reference], population: str | None) -> Reference | None:
    """The reference of the population that most of a folder's films are of; where that is unknown, the only one."""
    if population is not None:
        return references.get(population)
    return next(iter(references.values())) if len(references) == 1 else None
