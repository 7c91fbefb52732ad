"""Turns a run folder into a bundle: export, choose points, certify, describe, write; the composition of `quantize`.

Everything that is chosen comes from the validation part and from the exported file's logits, which the daemon will rank
by: of films as they came and of films changed as in the benchmark of shift. Sources of less than full weight (labels
mined from text) are reported, and choose nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from models.bundle import MODEL, Bundle, GroupPolicy, OperatingPoint, write_bundle
from models.contract import VERSIONS
from models.population import AgeGroup, Policy, Population
from models.reference import KEY
from models.scorer import Scorer
from trainer.data.sources import Film, Part, Source, find_all
from trainer.data.splits import read_split
from trainer.data.terms import all_terms
from trainer.errors import TrainerError
from trainer.evidence.figures import judge
from trainer.evidence.scoring import Scored, Scores, choose, score_films
from trainer.export.both import Networks, clean_pairs, edge_logits, shifted_pairs
from trainer.export.card import card, evaluate_command, points_command
from trainer.export.certificate import certificates
from trainer.export.choices import Precision, Purpose, WeightsOf
from trainer.export.equalise import equalise, fold_centre
from trainer.export.quantise import EQUALISED_ON, EXAMPLES, PREPARED_ON, draw_examples, load_network, to_litert
from trainer.export.record import check_complete, match_sources, options, sources_document
from trainer.export.rounding import round_kernels
from trainer.gate.files import gate_document, has_gate, with_gate
from trainer.points.choice import choose_point
from trainer.points.document import by_group, by_population, point_document, policy_document
from trainer.points.policies import LEAST, policies, undecided
from trainer.points.rules import RULE
from trainer.recipes.registry import KEPT, recipe_as_run, recipe_of_run
from trainer.reference.document import measure, reference_document
from trainer.runs import ORIGINAL, SPLIT, WEIGHTS, RunRecord, read_run
from trainer.shift.conditions import CLEAN, CONDITIONS
from trainer.shift.judges import BundleJudge
from trainer.shift.scoring import SuiteScores, score_suite
from trainer.shift.suite import draw

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import keras
    import numpy as np
    from numpy.typing import NDArray

MOST: Final = 300  # films of a source and class under all conditions of the suite; two quiet cores take some minutes
Say = Callable[[str], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Release:
    """What is to become a bundle.

    Attributes:
        examples: films whose activations set the int8 ranges.
        least: held-out films of either class below which an age group is `outside`.
        most: films of a source and class that are scored under the suite of shift.
        purpose: what the bundle is to be used for.
    """

    run: Path
    sources: tuple[Source, ...]
    bundle: Path
    name: str
    created: date
    precision: Precision = Precision.INT8
    weights_of: WeightsOf = WeightsOf.FINAL
    examples: int = EXAMPLES
    least: int = LEAST
    most: int = MOST
    purpose: Purpose = Purpose.SERVICE


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the held-out films chose."""

    points: Mapping[Population, OperatingPoint]
    policies: Mapping[AgeGroup, GroupPolicy]


def release(asked: Release, say: Say, progress: Progress) -> dict[str, Any]:
    """Make the bundle.

    Args:
        asked: run, data and where to write.
        say: told of each stage, in words.
        progress: told of films scored.

    Returns:
        The document as written, but for the hashes.

    Raises:
        TrainerError: run or data are at fault, or every age group is `outside`.
        BundleError: the bundle's folder is in the way, or the disk refused.
    """
    _check_free(asked.bundle)
    record = read_run(asked.run)
    sources = match_sources(record, asked.sources)
    parts = read_split(asked.run / SPLIT)
    films = find_all(sources)
    check_complete(films, parts.keys())

    recipe = recipe_as_run(asked.run, record)
    weights = _weights(asked)
    training = [film for film in films if parts.get(film.sha256) is Part.TRAIN]
    model = _exported(load_network(recipe, weights), asked, training, record, say)
    sha256 = hashlib.sha256(model).hexdigest()
    gate = gate_document(asked.run) if has_gate(asked.run) else None
    said = {"gate": gate} if gate is not None else {}
    trial = Bundle(asked.bundle, asked.name, record.recipe, record.preprocessing, model, sha256, {}, said)

    say("scoring the validation part")
    held_out = choose(films, parts, Part.VALIDATION)
    scores = score_films(held_out, trial, None, progress)
    service = asked.purpose is Purpose.SERVICE
    say("scoring it as other scanners and exports would have sent it" if service else "scoring some of it again")
    conditions = CONDITIONS if service else (CLEAN,)
    suite = score_suite(draw([s.film for s in scores.scored], asked.most), conditions, BundleJudge(trial), progress)
    say("choosing operating points and policies")
    chosen = _choose(suite, scores, sources, asked)

    described: dict[str, Any] = {}
    if service:
        say("describing its films, for sites to hold their own against")
        stated = reference_document(measure(held_out, trial, progress), Part.VALIDATION)
        described = {KEY: stated} if stated["populations"] else {}
    say("scoring with the network as it was trained")
    network = load_network(recipe, weights)
    networks = Networks(network, Scorer(trial), VERSIONS[record.preprocessing])
    quantisation = certificates(
        clean_pairs(networks, scores.scored, chosen.points, progress),
        shifted_pairs(networks, scores.scored, chosen.points, progress) if service else None,
        edge_logits(networks),
        {s.film.source for s in _trusted(scores.scored)},
    )
    split = (asked.run / SPLIT).read_bytes()
    document: dict[str, Any] = {
        "name": asked.name,
        "network": network.name,
        "precision": asked.precision.value,
        "purpose": asked.purpose.value,
        "preprocessing": record.preprocessing,
        "created": asked.created.isoformat(),
        "training": {
            "recipe": KEPT if (asked.run / KEPT).exists() else record.recipe,  # a path of this machine says nothing
            "seed": record.seed,
            "fraction": record.fraction,
            "steps": record.steps if record.steps is not None else recipe.steps,
            "options": list(options(record, recipe_of_run(asked.run, record.recipe))),
            "weights_of": asked.weights_of.value,
            "sources": sources_document(films, sources),
            "hold_out": list(record.hold_out),
            "split_sha256": hashlib.sha256(split).hexdigest(),
            "starting_weights": record.starting_weights,
            "teachers": [dict(teacher) for teacher in record.teachers],
            "averaged": [dict(run) for run in record.averaged],
        },
        "terms": all_terms(sources),
        "populations": {str(who): point_document(point) for who, point in chosen.points.items()},
        "policies": {str(group): policy_document(policy) for group, policy in chosen.policies.items()},
        "certified": quantisation["certified"],
        "quantisation": quantisation,
        "validation": judge(scores, chosen.points),
        **described,
        **said,
    }
    files = {MODEL: model, "MODEL_CARD.md": card(document, len(model)).encode(), "split.csv": split}
    if (asked.run / KEPT).exists():
        files[KEPT] = (asked.run / KEPT).read_bytes()
    write_bundle(asked.bundle, document_without_files=document, files=files)
    return document


def _exported(network: keras.Model, asked: Release, training: Sequence[Film], record: RunRecord, say: Say) -> bytes:
    """The model file, with the run's gate where one was fitted.

    For int8 the network is first rewritten so that it loses less, and its kernels are rounded. The gate is laid in
    before its channels are evened out, so that what it reads keeps its scale.
    """
    int8 = asked.precision is Precision.INT8
    network = fold_centre(network) if int8 else network
    whole = with_gate(network, asked.run) if has_gate(asked.run) else network
    examples: Sequence[NDArray[np.float32]] = ()
    if int8:
        examples = draw_examples(training, asked.examples, record.seed, VERSIONS[record.preprocessing])
        say("evening out channels and rounding kernels")
        equalise(network, examples[:EQUALISED_ON])
        round_kernels(network, examples[:PREPARED_ON])
    say(f"converting to {asked.precision}")
    return to_litert(whole, asked.precision, examples)


def _choose(suite: SuiteScores, scores: Scores, sources: Sequence[Source], asked: Release) -> Chosen:
    """Policies of all age groups, and an operating point of each population that is not `outside`.

    Raises:
        TrainerError: every group is.
    """
    films = by_group(suite)
    service = asked.purpose is Purpose.SERVICE
    groups = policies(films, RULE, least=asked.least) if service else undecided(films)
    points = {}
    for who, held in by_population(suite).items():
        policy = groups[AgeGroup(who.value)].policy
        if policy is not Policy.OUTSIDE:
            point = choose_point(who, held)
            stated = point.ordered() if policy is Policy.ORDERED else point
            points[who] = _point(who, stated, scores, sources, asked)
    if not points:
        cause = "; ".join(f"{group}: {policy.reason}" for group, policy in groups.items())
        remedy = "add films, or say their population=children|adults"
        raise TrainerError("choose operating points", asked.run, f"every age group is outside ({cause})", remedy)
    return Chosen(points, groups)


def _point(
    population: Population, point: OperatingPoint, scores: Scores, sources: Sequence[Source], asked: Release
) -> OperatingPoint:
    """A point with what it gives on all films of the validation part as they came, how it was chosen (`chosen`), and
    the commands that show both."""
    films = tuple(s for s in _trusted(scores.scored) if s.population is population)
    figures = judge(Scores(films), {population: point})["operating_points"][population]
    names = {s.film.source for s in films}
    used = [source for source in sources if source.name in names]
    evidence = {
        **{key: value for key, value in figures.items() if not key.endswith("threshold")},
        "sources": [source.name for source in used],
        "part": Part.VALIDATION.value,
        "command": evaluate_command(used, Part.VALIDATION),
        "chosen": {**point.evidence, "command": points_command(used, asked.most)},
    }
    return replace(point, evidence=evidence)


def _trusted(scored: Sequence[Scored]) -> list[Scored]:
    """Films of full weight; all of them where there is none."""
    return [s for s in scored if s.film.weight >= 1.0] or list(scored)


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
