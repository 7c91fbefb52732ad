"""Judges a bundle on labelled films as the daemon runs it (bytes, gate, contract, int8 network); needs no TensorFlow.

`score_films` has the effects, `judge` is pure. Refused and failed films are counted and left out of every figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.bundle import Bundle, OperatingPoint, point_for
from models.contract import VERSIONS
from models.gate import findings
from models.population import Population, population_of_age
from models.radiograph import Radiograph, UnreadableFilm, read_radiograph
from models.scorer import Scorer
from trainer.data.sources import Film, Part, Source, find_all
from trainer.errors import TrainerError
from trainer.metrics import auc, auc_interval, calibration_error, wilson

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: Final = 1
UNKNOWN: Final = "unknown"  # the population of films that say no age; judged at the bundle's lowest threshold
UNREADABLE: Final = "unreadable"
Report = Callable[[int, int], None]  # films done, films


@dataclass(frozen=True, slots=True)
class Scored:
    """One film with its score."""

    film: Film
    population: Population | None
    logit: float


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
    tags = radiograph.tags
    age = tags.age_years if tags is not None and tags.age_years is not None else film.age
    return population_of_age(age) if age is not None else film.population or default


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
            found = findings(radiograph)
            if found:
                refused[found[0].code.value] += 1
            else:
                logit = scorer.score(preprocess(radiograph)).logit
                scored.append(Scored(film, population_of(film, radiograph, default), logit))
        report(number, len(films))
    return Scores(tuple(scored), dict(refused), dict(failed))


def judge(scores: Scores, points: Mapping[Population, OperatingPoint]) -> dict[str, Any]:
    """The figures of `cxr-trainer evaluate --format json`, but for the bundle's name.

    Of films of one class, what needs both is None; so are all figures where nothing was scored.
    """
    scored = scores.scored
    probabilities = [point_for(points, s.population).calibration.probability(s.logit) for s in scored]
    by_population: dict[str, list[Scored]] = {}
    for s in scored:
        by_population.setdefault(s.population or UNKNOWN, []).append(s)
    by_source: dict[str, list[Scored]] = {}
    for s in scored:
        by_source.setdefault(s.film.source, []).append(s)
    return {
        "schema": SCHEMA,
        "n": len(scored),
        "positives": sum(s.film.label for s in scored),
        **_discrimination(scored),
        "ece": calibration_error([s.film.label for s in scored], probabilities) if scored else None,
        "operating_points": {
            name: _operating(some, point_for(points, some[0].population))
            for name, some in sorted(by_population.items())
        },
        "sources": {
            name: {"n": len(some), "positives": sum(s.film.label for s in some), **_discrimination(some)}
            for name, some in by_source.items()
        },
        "refused": sum(scores.refused.values()),
        "failed": sum(scores.failed.values()),
        "refused_by_code": dict(sorted(scores.refused.items())),
        "failed_by_code": dict(sorted(scores.failed.items())),
    }


def _discrimination(scored: Sequence[Scored]) -> dict[str, Any]:
    """AUC and its interval by patients; both None where the films are of one class."""
    labels = [s.film.label for s in scored]
    if len(set(labels)) != 2:
        return {"auc": None, "auc_ci": None}
    logits = [s.logit for s in scored]
    low, high = auc_interval(labels, logits, [s.film.patient for s in scored])
    return {"auc": auc(labels, logits), "auc_ci": [low, high]}


def _operating(scored: Sequence[Scored], point: OperatingPoint) -> dict[str, Any]:
    """Both thresholds of a point on some films, with Wilson intervals (films, not patients, are counted)."""
    labels = np.asarray([s.film.label for s in scored], bool)
    logits = np.asarray([s.logit for s in scored])
    probabilities = [point.calibration.probability(logit) for logit in logits]
    return {
        "n": len(scored),
        "positives": int(labels.sum()),
        **_discrimination(scored),
        "ece": calibration_error(labels, probabilities),
        "threshold": point.threshold,
        **_shares(labels, logits >= point.threshold, ""),
        "first_threshold": point.first_threshold,
        **_shares(labels, logits >= point.first_threshold, "first_"),
    }


def _shares(labels: Any, above: Any, prefix: str) -> dict[str, Any]:
    positives, negatives = int(labels.sum()), int((~labels).sum())
    found, spared = int((labels & above).sum()), int((~labels & ~above).sum())
    return {
        f"{prefix}sensitivity": found / positives if positives else None,
        f"{prefix}sensitivity_ci": list(wilson(found, positives)) if positives else None,
        f"{prefix}specificity": spared / negatives if negatives else None,
        f"{prefix}specificity_ci": list(wilson(spared, negatives)) if negatives else None,
    }
