"""Scores films under every condition of the suite; it judges nothing.

Each film is read once. The gate is not asked: what a network makes of a film is looked at here, whether the film should
have been refused elsewhere.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.radiograph import Radiograph, UnreadableFilm, read_radiograph
from trainer.evidence.scoring import UNREADABLE, population_of
from trainer.shift.suite import under

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.population import Population
    from trainer.data.films import Film
    from trainer.shift.conditions import Condition
    from trainer.shift.judges import Judge

THREADS: Final = max(1, min(2, os.cpu_count() or 1))  # LiteRT, Keras, Pillow and hashing let each other run
Report = Callable[[int, int], None]  # films done, films


@dataclass(frozen=True, slots=True, eq=False)
class SuiteScores:
    """Films under all conditions; every sequence has one entry a film, in the order of `films`.

    Attributes:
        films: that could be read, as their folders describe them.
        populations: by which each is judged; None where nobody said an age.
        views: PA, AP or empty; of the file's own tags, else of the folder.
        logits: by the condition's name, (n,) each.
        failed: films that could not be read, by code; they are in no figure.
    """

    films: tuple[Film, ...]
    populations: tuple[Population | None, ...]
    views: tuple[str, ...]
    logits: Mapping[str, NDArray[np.float64]]
    failed: Mapping[str, int] = field(default_factory=dict)

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Pneumonia or not."""
        return np.asarray([film.label for film in self.films], bool)

    @property
    def patients(self) -> tuple[str, ...]:
        """Whose film it is."""
        return tuple(film.patient for film in self.films)

    @property
    def sources(self) -> tuple[str, ...]:
        """The set that it came from."""
        return tuple(film.source for film in self.films)

    def of(self, rows: Sequence[int]) -> SuiteScores:
        """Some of the films, in the order given."""
        return SuiteScores(
            tuple(self.films[i] for i in rows),
            tuple(self.populations[i] for i in rows),
            tuple(self.views[i] for i in rows),
            {name: logits[np.asarray(rows, np.intp)] for name, logits in self.logits.items()},
            self.failed,
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """One film's logits, in the order of the conditions, or why there are none."""

    population: Population | None = None
    view: str = ""
    logits: NDArray[np.float64] | None = None
    failure: str = ""


def score_suite(films: Sequence[Film], conditions: Sequence[Condition], judge: Judge, report: Report) -> SuiteScores:
    """Score films under conditions, on two threads.

    Args:
        films: to be scored, in this order.
        conditions: under each of which every film is scored.
        judge: what scores.
        report: told after each film.

    Raises:
        ModelsError: the network cannot be run.
    """
    seen: list[_Seen] = []
    pool = ThreadPoolExecutor(THREADS)
    try:
        for one in pool.map(lambda film: _score(film, conditions, judge), films):
            seen.append(one)
            report(len(seen), len(films))
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt waits for two films, not for all
    kept = [number for number, one in enumerate(seen) if one.logits is not None]
    rows = [one.logits for one in seen if one.logits is not None]
    table = np.stack(rows) if rows else np.empty((0, len(conditions)))
    return SuiteScores(
        tuple(films[i] for i in kept),
        tuple(seen[i].population for i in kept),
        tuple(seen[i].view for i in kept),
        {condition.name: table[:, number] for number, condition in enumerate(conditions)},
        dict(Counter(one.failure for one in seen if one.failure)),
    )


def _score(film: Film, conditions: Sequence[Condition], judge: Judge) -> _Seen:
    try:
        radiograph = read_radiograph(film.path.read_bytes())
    except UnreadableFilm as error:
        return _Seen(failure=error.code.value)
    except OSError:
        return _Seen(failure=UNREADABLE)
    tensors = np.stack([judge.preprocess(_changed(radiograph, film, condition)) for condition in conditions])
    view = (radiograph.tags.view if radiograph.tags is not None else "") or film.view
    return _Seen(population_of(film, radiograph, None), view, judge.logits(tensors))


def _changed(radiograph: Radiograph, film: Film, condition: Condition) -> Radiograph:
    """The film as it would have come under a condition; its tags stay."""
    return replace(radiograph, pixels=under(radiograph.pixels, film.sha256, condition))
