"""Scores labelled films as the daemon does (bytes, gate, contract, quantised network); it judges nothing.

Refused and failed films are counted, and left out of every figure. No TensorFlow is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from models.contract import VERSIONS
from models.gate import findings
from models.pixel_gate import gate_of
from models.population import Population, population_of_age
from models.radiograph import Radiograph, UnreadableFilm, read_radiograph
from models.scorer import Scorer
from trainer.data.sources import Film, Part, Source, find_all
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from models.bundle import Bundle

UNREADABLE: Final = "unreadable"
Report = Callable[[int, int], None]  # films done, films


@dataclass(frozen=True, slots=True)
class Scored:
    """One film with its score.

    Attributes:
        film: as the data folder describes it.
        population: by which it was judged; None where nobody said an age.
        logit: the mean of the map.
        age: in years, from the file's own tags where it has some, else from the folder.
        view: likewise.
        map: float32 (rows, columns), the logit's parts by place; None where nobody kept it.
    """

    film: Film
    population: Population | None
    logit: float
    age: float | None = None
    view: str = ""
    map: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Scores:
    """What became of each film; `refused` and `failed` count by code."""

    scored: tuple[Scored, ...]
    refused: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)


def choose(films: Sequence[Film], parts: Mapping[str, Part], part: Part) -> list[Film]:
    """The films of one part of a split; a film that the split does not know is in none.

    Raises:
        TrainerError: there is no such film.
    """
    chosen = [film for film in films if parts.get(film.sha256) is part]
    if not chosen:
        cause = f"none of the {len(films)} films is in the {part} part of the split"
        raise TrainerError("evaluate", None, cause, "give the data that the split was made of, or leave --split out")
    return chosen


def find_readable(sources: Iterable[Source]) -> tuple[list[Film], int]:
    """The films of some sources, and how many files could not be read at all.

    Raises:
        TrainerError: a folder is missing or holds no film.
    """
    unreadable: list[Path] = []
    films = find_all(sources, lambda path, _: unreadable.append(path))
    return films, len(unreadable)


def population_of(film: Film, radiograph: Radiograph, default: Population | None) -> Population | None:
    """The population as the daemon takes it: from the age, else what was set for the folder, else the default."""
    age = age_of(film, radiograph)
    return population_of_age(age) if age is not None else film.population or default


def age_of(film: Film, radiograph: Radiograph) -> float | None:
    """The age that the file states, else what the folder says."""
    tags = radiograph.tags
    return tags.age_years if tags is not None and tags.age_years is not None else film.age


def score_films(
    films: Sequence[Film], bundle: Bundle, default: Population | None, report: Report, *, unreadable: int = 0
) -> Scores:
    """Score films as the daemon does.

    Args:
        films: to be scored, in this order.
        bundle: whose network and preprocessing are used.
        default: the population of films that say none.
        report: told after each film.
        unreadable: files that could not even be listed as films; they count as failed.
    """
    scorer, preprocess = Scorer(bundle), VERSIONS[bundle.preprocessing]
    gate = gate_of(bundle, scorer)
    scored: list[Scored] = []
    refused: Counter[str] = Counter()
    failed: Counter[str] = Counter({UNREADABLE: unreadable} if unreadable else {})
    for number, film in enumerate(films, 1):
        try:
            radiograph = read_radiograph(film.path.read_bytes())
        except UnreadableFilm as error:
            failed[error.code.value] += 1
        except OSError:
            failed[UNREADABLE] += 1
        else:
            found = findings(radiograph) or (gate.picture_findings(radiograph) if gate is not None else ())
            score = None if found else scorer.score(preprocess(radiograph))
            if score is not None and score.gate is not None and gate is not None:
                found = gate.findings(score.gate)
            if found or score is None:
                refused[found[0].code.value] += 1
            else:
                view = (radiograph.tags.view if radiograph.tags is not None else "") or film.view
                who = population_of(film, radiograph, default)
                scored.append(Scored(film, who, score.logit, age_of(film, radiograph), view, score.map))
        report(number, len(films))
    return Scores(tuple(scored), dict(refused), dict(failed))
