"""Fits a run's gate: pictures, features, head, limits, and what they refuse of each source that was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np

from models.contract import VERSIONS, Preprocessing
from models.pixel_gate import PixelGate, burnt_out
from trainer.data.films import Film, Part
from trainer.data.sources import find_all
from trainer.data.splits import read_split
from trainer.errors import TrainerError
from trainer.export.quantise import load_network
from trainer.export.record import match_sources
from trainer.gate.counting import upper
from trainer.gate.files import save_gate
from trainer.gate.head import feature_network
from trainer.gate.kinds import KINDS, UNTESTED, Kind
from trainer.gate.limits import Limits
from trainer.gate.linear import Sample, fit_head
from trainer.gate.pictures import VARIED, Example, draw, examples, read_pixels, tensor_of
from trainer.recipes.registry import recipe_as_run
from trainer.runs import SPLIT, WEIGHTS, read_run, weights_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.data.films import Source

FILMS: Final = 600  # of the training part; with their views and the other kinds six times as many pictures
HELD: Final = 400  # of each source's validation part, to see what is refused
_TOGETHER: Final = 32
Progress = Callable[[int, int], None]
Features = Callable[["NDArray[np.float32]"], "NDArray[np.float32]"]


@dataclass(frozen=True, slots=True)
class Fit:
    """What is asked."""

    run: Path
    sources: tuple[Source, ...]
    films: int = FILMS
    held: int = HELD
    seed: int = 1


def fit_gate(asked: Fit, progress: Progress) -> dict[str, Any]:
    """Fit and write ``gate.npz`` and ``gate.json`` into the run folder.

    Args:
        asked: run and data.
        progress: told of pictures looked at.

    Returns:
        ``gate.json``.

    Raises:
        TrainerError: run or data are at fault.
    """
    record = read_run(asked.run)
    sources = match_sources(record, asked.sources)
    parts = read_split(asked.run / SPLIT)
    found = find_all(sources)
    films = draw(
        [f for f in found if parts.get(f.sha256) is Part.TRAIN], asked.films, np.random.default_rng(asked.seed)
    )
    if not films:
        raise TrainerError("fit gate", asked.run, "no film of the training part is there", "give the data of the run")
    held = _held(found, parts, asked)
    recipe = recipe_as_run(asked.run, record)
    features = _features(load_network(recipe, asked.run / WEIGHTS))
    preprocessing = VERSIONS[record.preprocessing]
    total = len(films) * 2 * (1 + VARIED) + len(held)

    made: list[Example] = []  # without their tensors, once these are looked at
    rows = [np.empty((0, 0), np.float32)]
    for some in _batches(examples(films, asked.seed, preprocessing)):
        rows.append(features(np.stack([example.tensor for example in some])))
        made += [replace(example, tensor=np.empty(0, np.float32)) for example in some]
        progress(len(made), total)
    sample = _sample(made, np.concatenate(rows[1:]))
    if missing := [kind for number, kind in enumerate(KINDS) if number not in sample.kinds]:
        raise TrainerError(
            "fit gate", asked.run, f"{len(films)} films give no picture of {missing[0]}", "give more films"
        )
    shares = tuple(_beyond([example.burnt_out[i] for example in made if example.plain]) for i in (0, 1))
    limits = Limits(sample, [kind.value for kind in KINDS])
    names = sorted(set(sample.sources.tolist()))
    gate = limits.choose(names, (shares[0], shares[1]))
    head = fit_head(sample, len(KINDS))
    evidence = _left_out(
        held, limits, names, gate, features, preprocessing, lambda done: progress(len(made) + done, total)
    )
    document = {
        "kinds": list(gate.kinds),
        "limits": dict(gate.limits),
        "unlike": gate.unlike,
        "burnt_out": {"white": gate.white, "black": gate.black},
        "preprocessing": record.preprocessing,
        "weights_sha256": weights_sha256(asked.run),
        "seed": asked.seed,
        "pictures": {kind.value: int(np.sum(sample.kinds == number)) for number, kind in enumerate(KINDS)},
        "films": {name: sum(film.source == name for film in films) for name in names},
        "left_out": evidence,
        "untested": list(UNTESTED),
    }
    save_gate(asked.run, head, document)
    return document


def _held(found: Sequence[Film], parts: dict[str, Part], asked: Fit) -> list[Film]:
    """At most `asked.held` validation films of each source."""
    rng = np.random.default_rng([asked.seed, 1])
    held = [f for f in found if parts.get(f.sha256) is Part.VALIDATION]
    names = sorted({film.source for film in held})
    return [film for name in names for film in draw([f for f in held if f.source == name], asked.held, rng)]


def _features(network: keras.Model) -> Features:
    """The network's raw features of tensors (n, 224, 224, 1), as a graph."""
    model = feature_network(network)
    return lambda tensors: np.asarray(model.predict_on_batch(tensors), np.float32)


def _batches(every: Iterator[Example]) -> Iterator[list[Example]]:
    some: list[Example] = []
    for example in every:
        some.append(example)
        if len(some) == _TOGETHER:
            yield some
            some = []
    if some:
        yield some


def _sample(made: Sequence[Example], raw: NDArray[np.float32]) -> Sample:
    return Sample(
        raw,
        np.array([KINDS.index(example.kind) for example in made]),
        np.array([example.film.source for example in made]),
        np.array([example.film.patient for example in made]),
        np.array([example.plain for example in made]),
    )


def _beyond(shares: Sequence[float]) -> float:
    """Three quarters of the way from the most burnt-out film of all to a picture of nothing else: an extreme, no more.

    A child in the middle of a large detector leaves most of the picture black; the network sees what the lungs show.
    """
    return 1.0 - (1.0 - max(shares)) / 4


def _left_out(
    held: Sequence[Film],
    limits: Limits,
    names: Sequence[str],
    gate: PixelGate,
    features: Features,
    preprocessing: Preprocessing,
    report: Callable[[int], None],
) -> dict[str, Any]:
    """What a gate fitted without a source, limits and all, refuses of its held-out films; None with a single source."""
    from trainer.gate.linear import logits_of

    found: dict[str, Any] = {}
    done = 0
    for name in names if len(names) > 1 else []:
        rest = [other for other in names if other != name]
        without = limits.choose(rest, (gate.white, gate.black))
        head = fit_head(limits.sample.of(limits.sample.sources != name), len(KINDS))
        films = [film for film in held if film.source == name]
        codes: list[str] = []
        for start in range(0, len(films), _TOGETHER):
            pictures = [read_pixels(film) for film in films[start : start + _TOGETHER]]
            logits = logits_of(head, features(np.stack([tensor_of(picture, preprocessing) for picture in pictures])))
            for picture, row in zip(pictures, logits, strict=True):
                burnt = [Kind.UNDER_EXPOSED] * (burnt_out(picture)[0] > gate.white)
                codes += [str(each.code) for each in without.findings(row)[:1]] or burnt
            done += len(pictures)
            report(done)
        found[name] = {
            "films": len(films),
            "refused": len(codes),
            "upper": upper(len(codes), len(films)),
            "by_code": {code: codes.count(code) for code in sorted(set(codes))},
        }
    return found
