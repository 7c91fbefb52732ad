"""Which films are judged together: populations, the sources within them, the views within those; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.promises import SENSITIVITY, threshold_for_sensitivity
from trainer.evidence.sample import UNKNOWN
from trainer.shift.conditions import CLEAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from models.population import Population
    from trainer.shift.judges import Judge
    from trainer.shift.scoring import SuiteScores

LEAST: Final = 10  # films of either class below which a group has no figures
VIEWS: Final = ("PA", "AP")
CAREFUL: Final = max(SENSITIVITY.values())  # what is asked of films of an unknown population


@dataclass(frozen=True, slots=True)
class Group:
    """Films that are judged together.

    Attributes:
        population: whose operating point judges them; None where nobody said an age.
        source, view: that all of them share, or empty.
        rows: their places in the scores.
    """

    population: Population | None
    source: str
    view: str
    rows: tuple[int, ...]

    @property
    def name(self) -> str:
        """Such as ``adults``, ``adults / rsna-adult-dev`` or ``adults / rsna-adult-dev / AP``."""
        return " / ".join(word for word in (self.population or UNKNOWN, self.source, self.view) if word)

    @property
    def sensitivity(self) -> float:
        """What the lower threshold promises the population."""
        return CAREFUL if self.population is None else SENSITIVITY[self.population]


def groups_of(scores: SuiteScores, least: int = LEAST) -> list[Group]:
    """The groups with enough films of either class: each population, its sources, and PA and AP where both have enough.

    A population as a whole is its films of full weight, where it has such: labels mined from text judge no network,
    as they set no threshold (`trainer.export.release`); their source has a row of its own.
    """
    return [group for group in _groups(scores, least) if _enough(scores, group.rows, least)]


def _groups(scores: SuiteScores, least: int) -> Iterator[Group]:
    everyone = range(len(scores.films))
    for population in sorted(set(scores.populations), key=lambda p: (p is None, p or "")):
        rows = [i for i in everyone if scores.populations[i] is population]
        yield Group(population, "", "", _full_weight(scores, rows))
        for source in sorted({scores.films[i].source for i in rows}):
            some = [i for i in rows if scores.films[i].source == source]
            yield Group(population, source, "", tuple(some))
            views = [tuple(i for i in some if scores.views[i] == view) for view in VIEWS]
            if all(_enough(scores, each, least) for each in views):
                yield from (Group(population, source, view, of) for view, of in zip(VIEWS, views, strict=True))


def _full_weight(scores: SuiteScores, rows: Sequence[int]) -> tuple[int, ...]:
    return tuple(i for i in rows if scores.films[i].weight >= 1.0) or tuple(rows)


def _enough(scores: SuiteScores, rows: Sequence[int], least: int) -> bool:
    positives = sum(scores.films[i].label for i in rows)
    return min(positives, len(rows) - positives) >= least


def thresholds(scores: SuiteScores, judge: Judge) -> Mapping[Population | None, tuple[float, str]]:
    """Where `next` begins for each population of the films, and where that is from.

    ``bundle``: it is the operating point that ships. ``clean``: a run, and a bundle whose population is only ordered,
    has none, so it is the highest one with the
    promised sensitivity on these same films as they came, which flatters it there and nowhere else; for an unknown
    population, or one without pneumonia, the lowest of all. Without any film with pneumonia it is 0.
    """
    found: dict[Population | None, tuple[float, str]] = {}
    chosen: dict[Population | None, float] = {}
    for population in set(scores.populations):
        if (shipped := judge.threshold(population)) is not None:
            found[population] = (shipped, "bundle")
            continue
        rows = _full_weight(scores, [i for i, p in enumerate(scores.populations) if p is population])
        some = scores.of(rows)
        if some.labels.any():
            share = CAREFUL if population is None else SENSITIVITY[population]
            chosen[population] = threshold_for_sensitivity(some.logits[CLEAN.name], some.labels, share)
    lowest = min(chosen.values(), default=0.0)
    for population in set(scores.populations) - found.keys():
        value = lowest if population is None else chosen.get(population, lowest)
        found[population] = (float(np.float64(value)), "clean")
    return found
