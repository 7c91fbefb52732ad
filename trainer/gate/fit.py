"""Fits a gate: pictures, networks, limits, and what they refuse of each source that was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.contract import VERSIONS, Preprocessing
from models.pixel_gate import PixelGate, burnt_out
from trainer.data.films import Film, Part
from trainer.data.sources import find_all
from trainer.data.splits import read_split
from trainer.errors import TrainerError
from trainer.export.record import match_sources
from trainer.gate.counting import upper
from trainer.gate.files import save_gate
from trainer.gate.kinds import KINDS, UNTESTED, Kind
from trainer.gate.learn import Learner
from trainer.gate.limits import choose, needed
from trainer.gate.network import shrunken
from trainer.gate.pictures import OTHERS, VARIED, Example, draw, examples, read_pixels, tensor_of
from trainer.gate.sample import Known, Sample
from trainer.runs import SPLIT, read_run

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.data.films import Source

FILMS: Final = 1200  # of each source's training part, a small one's several times; ten pictures each and more
HELD: Final = 400  # of each source's validation part, to see what is refused
STEPS: Final = 400  # of each network
_TOGETHER: Final = 64
_KIND_VALUES: Final = [kind.value for kind in KINDS]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Fit:
    """What is asked."""

    run: Path
    sources: tuple[Source, ...]
    films: int = FILMS
    held: int = HELD
    steps: int = STEPS
    seed: int = 1


def fit_gate(asked: Fit, progress: Progress) -> dict[str, Any]:
    """Fit and write ``gate.npz`` and ``gate.json`` into the run folder.

    Of three sources seven networks are trained: one that knows all of them, which is the gate, and those that lack one
    or two of them, for limits and evidence. What was trained is kept in ``gate-parts`` until the end, so that a fit
    that was killed goes on at the network where it was.

    Args:
        asked: run and data.
        progress: told of pictures made, looked at and learned from.

    Returns:
        ``gate.json``.

    Raises:
        TrainerError: run or data are at fault.
    """
    record = read_run(asked.run)
    sources = match_sources(record, asked.sources)
    parts = read_split(asked.run / SPLIT)
    found = find_all(sources)
    films = _drawn([f for f in found if parts.get(f.sha256) is Part.TRAIN], asked)
    if not films:
        raise TrainerError("fit gate", asked.run, "no film of the training part is there", "give the data of the run")
    held = _held(found, parts, asked)
    preprocessing = VERSIONS[record.preprocessing]
    names = sorted({film.source for film in films})
    pictures = len({film.sha256 for film in films}) + len(films) * (VARIED + 2 + OTHERS)
    total = pictures + len(held) + len(_networks(names)) * asked.steps

    sample, shares = _sample(examples(films, asked.seed, preprocessing), lambda done: progress(done, total))
    if missing := [kind for number, kind in enumerate(KINDS) if number not in sample.kinds]:
        raise TrainerError(
            "fit gate", asked.run, f"{len(films)} films give no picture of {missing[0]}", "give more films"
        )
    looked_at = [_seen(film, preprocessing) for film in held]
    before = pictures + len(held)
    learner = Learner(
        sample, asked.run, steps=asked.steps, seed=asked.seed, report=lambda done: progress(before + done, total)
    )
    gate = choose(sample, learner.logits, _KIND_VALUES, names, shares)
    document = {
        "kinds": list(gate.kinds),
        "limits": dict(gate.limits),
        "unlike": gate.unlike,
        "burnt_out": {"white": gate.white, "black": gate.black},
        "preprocessing": record.preprocessing,
        "starting_weights": learner.starting_weights,
        "steps": asked.steps,
        "seed": asked.seed,
        "pictures": {kind.value: int(np.sum(sample.kinds == number)) for number, kind in enumerate(KINDS)},
        "films": {name: sum(film.source == name for film in films) for name in names},
        "left_out": _left_out(held, looked_at, learner, sample, gate) if len(names) > 1 else {},
        "untested": list(UNTESTED),
    }
    save_gate(asked.run, learner.weights(Known(frozenset(names))), document)
    learner.forget()
    return document


def _networks(names: Sequence[str]) -> set[Known]:
    """Every gate that is trained for these sources."""
    sets = [names, *([other for other in names if other != name] for name in names if len(names) > 1)]
    return {Known(frozenset(names))} | {gate for some in sets for gate, _ in needed(some)}


def _drawn(films: Sequence[Film], asked: Fit) -> list[Film]:
    """So many of each source, evenly by class; a small one again and again."""
    chosen: list[Film] = []
    for name in sorted({film.source for film in films}):
        own = [film for film in films if film.source == name]
        rng, left = np.random.default_rng([asked.seed, len(chosen)]), asked.films
        while left > 0:
            some = draw(own, min(left, len(own)), rng)
            chosen += some
            left -= len(some)
    return chosen


def _held(found: Sequence[Film], parts: dict[str, Part], asked: Fit) -> list[Film]:
    """At most `asked.held` validation films of each source."""
    rng = np.random.default_rng([asked.seed, 1])
    held = [f for f in found if parts.get(f.sha256) is Part.VALIDATION]
    names = sorted({film.source for film in held})
    return [film for name in names for film in draw([f for f in held if f.source == name], asked.held, rng)]


def _sample(every: Iterator[Example], report: Callable[[int], None]) -> tuple[Sample, tuple[float, float]]:
    """The pictures as the gate sees them, and the limits of burnt-out shares that their plain films set."""
    made: list[Example] = []  # without their tensors, once these are shrunken
    seen: list[NDArray[np.uint8]] = []
    for example in every:
        seen.append(_grey(example.tensor))
        made.append(replace(example, tensor=np.empty(0, np.float32)))
        if len(made) % _TOGETHER == 0:
            report(len(made))
    shares = [_beyond([example.burnt_out[i] for example in made if example.plain]) for i in (0, 1)]
    sample = Sample(
        np.stack(seen),
        np.array([KINDS.index(example.kind) for example in made]),
        np.array([example.film.source for example in made]),
        np.array([example.film.patient for example in made]),
        np.array([example.plain for example in made]),
    )
    return sample, (shares[0], shares[1])


def _grey(tensor: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A tensor (side, side, 1) as the gate sees it, in 8 bits, (seen, seen)."""
    small = shrunken(tensor[np.newaxis], tensor.shape[0])[0, ..., 0]
    return np.rint(small * 255.0).astype(np.uint8)


def _seen(film: Film, preprocessing: Preprocessing) -> tuple[NDArray[np.uint8], float]:
    """A held-out film as the gate sees it, and the share of it that is burnt to white."""
    pixels = read_pixels(film)
    return _grey(tensor_of(pixels, preprocessing)), burnt_out(pixels)[0]


def _beyond(shares: Sequence[float]) -> float:
    """Three quarters of the way from the most burnt-out film of all to a picture of nothing else: an extreme, no more.

    A child in the middle of a large detector leaves most of the picture black; the network sees what the lungs show.
    """
    return 1.0 - (1.0 - max(shares)) / 4


def _left_out(
    held: Sequence[Film],
    looked_at: Sequence[tuple[NDArray[np.uint8], float]],
    learner: Learner,
    sample: Sample,
    gate: PixelGate,
) -> dict[str, Any]:
    """What a gate that never knew a source, limits and all, refuses of its held-out films."""
    found: dict[str, Any] = {}
    names = sorted(set(sample.sources.tolist()))
    for name in names:
        rest = [other for other in names if other != name]
        without = choose(sample, learner.logits, _KIND_VALUES, rest, (gate.white, gate.black))
        own = [seen for film, seen in zip(held, looked_at, strict=True) if film.source == name]
        asked = np.stack([seen for seen, _ in own]) if own else sample.seen[:0]
        codes: list[str] = []
        for row, (_, white) in zip(learner.ask(Known(frozenset(rest)), asked), own, strict=True):
            burnt = [Kind.UNDER_EXPOSED.value] * (white > gate.white)
            codes += [str(each.code) for each in without.findings(row)[:1]] or burnt
        found[name] = {
            "films": len(own),
            "refused": len(codes),
            "upper": upper(len(codes), len(own)),
            "by_code": {code: codes.count(code) for code in sorted(set(codes))},
        }
    return found
