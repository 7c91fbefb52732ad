"""Turns a run folder into a bundle: export, calibrate, certify, describe, write; the composition of `quantize`.

Operating points, calibration and certificate come from the validation part and from the exported file's logits, which
the daemon will rank by. Sources of less than full weight (labels mined from text) are reported, but set no threshold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.bundle import MODEL, Bundle, OperatingPoint, write_bundle
from models.contract import LATEST, SIDE, VERSIONS
from models.population import AgeGroup, Policy, Population
from models.radiograph import read_radiograph
from trainer.data.sources import Film, Part, Source, find_all
from trainer.data.splits import read_split
from trainer.data.terms import all_terms
from trainer.errors import TrainerError
from trainer.evidence.figures import judge
from trainer.evidence.scoring import Scored, Scores, choose, score_films
from trainer.export.calibrate import operating_point
from trainer.export.card import card, evaluate_command
from trainer.export.certificate import certificates
from trainer.export.choices import Precision, WeightsOf
from trainer.export.quantise import EXAMPLES, PREPARED_ON, draw_examples, float_logits, load_network, to_litert
from trainer.export.rounding import round_kernels
from trainer.networks.starting_weights import asked_for
from trainer.recipes.registry import KEPT, recipe_of_run
from trainer.runs import ORIGINAL, SPLIT, WEIGHTS, RunRecord, read_run

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import keras
    from numpy.typing import NDArray

    from trainer.recipes.recipe import Recipe

LEAST: Final = 10  # films of either class below which a population gets no operating point
Say = Callable[[str], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Release:
    """What is to become a bundle."""

    run: Path
    sources: tuple[Source, ...]
    bundle: Path
    name: str
    created: date
    precision: Precision = Precision.INT8
    weights_of: WeightsOf = WeightsOf.FINAL
    examples: int = EXAMPLES
    least: int = LEAST


def release(asked: Release, say: Say, progress: Progress) -> dict[str, Any]:
    """Make the bundle.

    Args:
        asked: run, data and where to write.
        say: told of each stage, in words.
        progress: told of films scored.

    Returns:
        The document as written, but for the hashes.

    Raises:
        TrainerError: run or data are at fault, or no population has enough films.
        BundleError: the bundle's folder is in the way, or the disk refused.
    """
    _check_free(asked.bundle)
    record = read_run(asked.run)
    sources = match_sources(record, asked.sources)
    parts = read_split(asked.run / SPLIT)
    films = find_all(sources)
    _check_complete(films, parts.keys())

    recipe = replace(recipe_of_run(asked.run, record.recipe), shrink=record.shrink)
    weights = _weights(asked)
    network = load_network(recipe, weights)
    training = [film for film in films if parts.get(film.sha256) is Part.TRAIN]
    model = _exported(load_network(recipe, weights), asked, training, record.seed, say)
    sha256 = hashlib.sha256(model).hexdigest()
    trial = Bundle(asked.bundle, asked.name, record.recipe, LATEST, model, sha256, {}, {})

    say("scoring the validation part")
    scores = score_films(choose(films, parts, Part.VALIDATION), trial, None, progress)
    full = [s for s in scores.scored if s.film.weight >= 1.0] or list(scores.scored)
    points = {p: _point(p, full, sources) for p in Population if _enough(full, p, asked.least)}
    if not points:
        cause = f"no population has {asked.least} validation films of either class"
        raise TrainerError("calibrate", asked.run, cause, "add films, or say their population=children|adults")
    say("scoring with the network as it was trained")
    floats = _float_logits(network, scores.scored)

    split = (asked.run / SPLIT).read_bytes()
    quantisation = certificates(scores.scored, floats, points, {s.film.source for s in full})
    document: dict[str, Any] = {
        "name": asked.name,
        "network": network.name,
        "precision": asked.precision.value,
        "preprocessing": LATEST,
        "created": asked.created.isoformat(),
        "training": {
            "recipe": KEPT if (asked.run / KEPT).exists() else record.recipe,  # a path of this machine says nothing
            "seed": record.seed,
            "fraction": record.fraction,
            "steps": record.steps if record.steps is not None else recipe.steps,
            "options": list(options(record, recipe_of_run(asked.run, record.recipe))),
            "weights_of": asked.weights_of.value,
            "sources": _sources(films, sources),
            "hold_out": list(record.hold_out),
            "split_sha256": hashlib.sha256(split).hexdigest(),
            "starting_weights": record.starting_weights,
        },
        "terms": all_terms(sources),
        "populations": {str(population): _entry(point) for population, point in points.items()},
        "policies": {str(group): _policy(group, points, asked.least) for group in AgeGroup},
        "certified": quantisation["certified"],
        "quantisation": quantisation,
        "validation": judge(scores, points),
    }
    files = {MODEL: model, "MODEL_CARD.md": card(document, len(model)).encode(), "split.csv": split}
    if (asked.run / KEPT).exists():
        files[KEPT] = (asked.run / KEPT).read_bytes()
    write_bundle(asked.bundle, document_without_files=document, files=files)
    return document


def _exported(network: keras.Model, asked: Release, training: Sequence[Film], seed: int, say: Say) -> bytes:
    """The model file; the kernels of the network are rounded for it."""
    if asked.precision is not Precision.INT8:
        say(f"converting to {asked.precision}")
        return to_litert(network, asked.precision)
    examples = draw_examples(training, asked.examples, seed)
    say("rounding kernels")
    round_kernels(network, examples[:PREPARED_ON])
    say(f"converting to {asked.precision}")
    return to_litert(network, asked.precision, examples)


def options(record: RunRecord, recipe: Recipe) -> tuple[str, ...]:
    """What ``cxr-trainer fit`` was given beyond the recipe, as words."""
    words: list[str] = []
    if record.steps not in (None, recipe.steps):
        words += ["--steps", str(record.steps)]
    if record.shrink != recipe.shrink:
        words += ["--side", str(SIDE // record.shrink)]
    for name in ("balance", "augmentation", "judge_every", "patience", "monitor"):
        value = record.configuration.get(name, getattr(recipe, name))
        if value != getattr(recipe, name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    given = asked_for(record.starting_weights)
    return (*words, "--weights", given) if given is not None else tuple(words)


def match_sources(record: RunRecord, given: Sequence[Source]) -> tuple[Source, ...]:
    """The run's sources in its order, with the weights and populations that it used and the folders given now.

    Raises:
        TrainerError: a folder is missing, or is none of the run's.
    """
    folders = {source.name: source.folder for source in given}
    names = [source.name for source in record.sources]
    for name in folders:
        if name not in names:
            cause = "it is none of the run's"
            raise TrainerError("use data folder", name, cause, f"the run was trained on {', '.join(names)}")
    for name in names:
        if name not in folders:
            cause = "the run was trained on it, and it is not given"
            raise TrainerError("find data folder", name, cause, "give it with --data")
    return tuple(Source(folders[s.name], s.weight, s.population) for s in record.sources)


def _check_free(folder: Path) -> None:
    """Say before the work, not after it, that a bundle could not be written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TrainerError("write bundle", folder, "something is there already", "give a new folder")
    if not folder.absolute().parent.is_dir():
        raise TrainerError("write bundle", folder, "there is no folder to put it in", "make its parent folder")


def _weights(asked: Release) -> Path:
    if asked.weights_of is WeightsOf.FINAL:
        return asked.run / WEIGHTS
    path = asked.run / ORIGINAL
    if not path.exists():
        cause = "the run has no such weights: no frozen stage came before the others, or none has ended"
        raise TrainerError("read weights", path, cause, "give --weights-of final")
    return path


def _check_complete(films: Iterable[Film], contents: Iterable[str]) -> None:
    missing = len(set(contents) - {film.sha256 for film in films})
    if missing:
        cause = f"{missing} films of the run's split are not in the data given"
        raise TrainerError("export", None, cause, "give the data that the run was trained on, unchanged")


def _enough(scored: Sequence[Scored], population: Population, least: int) -> bool:
    labels = [s.film.label for s in scored if s.population is population]
    return min(labels.count(0), labels.count(1)) >= least


def _point(population: Population, full: Sequence[Scored], sources: Sequence[Source]) -> OperatingPoint:
    """An operating point with what it gives on the films that it was chosen on, and the command that shows it."""
    chosen = [s for s in full if s.population is population]
    point = operating_point(population, [s.logit for s in chosen], [s.film.label for s in chosen], {})
    figures = judge(Scores(tuple(chosen)), {population: point})["operating_points"][population]
    names = {s.film.source for s in chosen}
    used = [source for source in sources if source.name in names]
    evidence = {
        **{key: value for key, value in figures.items() if not key.endswith("threshold")},
        "sources": [source.name for source in used],
        "part": Part.VALIDATION.value,
        "command": evaluate_command(used, Part.VALIDATION),
    }
    return OperatingPoint(population, point.threshold, point.first_threshold, point.calibration, evidence)


def _policy(group: AgeGroup, points: Mapping[Population, OperatingPoint], least: int) -> dict[str, Any]:
    """What is done with an age group: banded where it has an operating point, else outside."""
    if group.population in points:
        return {"policy": Policy.BANDED.value, "reason": f"{least} films of either class or more were held out"}
    return {"policy": Policy.OUTSIDE.value, "reason": f"fewer than {least} films of either class were held out"}


def _entry(point: OperatingPoint) -> dict[str, Any]:
    calibration = point.calibration
    return {
        "threshold": point.threshold,
        "first_threshold": point.first_threshold,
        "calibration": {
            "slope": calibration.slope,
            "intercept": calibration.intercept,
            "prevalence": calibration.prevalence,
        },
        "evidence": dict(point.evidence),
    }


def _sources(films: Sequence[Film], sources: Sequence[Source]) -> list[dict[str, Any]]:
    terms = {source.name: text.partition(": ")[2] for source, text in zip(sources, all_terms(sources), strict=True)}
    return [
        {
            "name": source.name,
            "weight": source.weight,
            "population": source.population,
            "films": sum(film.source == source.name for film in films),
            "terms": terms[source.name],
        }
        for source in sources
    ]


def _float_logits(network: keras.Model, scored: Sequence[Scored]) -> NDArray[np.float64]:
    """The float network's logits of scored films, from the same tensors; 32 films at a time are held."""
    preprocess, logits = VERSIONS[LATEST], [np.empty(0)]
    for start in range(0, len(scored), 32):
        some = scored[start : start + 32]
        tensors = np.stack([preprocess(read_radiograph(s.film.path.read_bytes())) for s in some])
        logits.append(float_logits(network, tensors))
    return np.concatenate(logits)
