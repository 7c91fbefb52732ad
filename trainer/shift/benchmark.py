"""Runs the benchmark over networks and puts its document together: the composition of `cxr-trainer shift`.

Each network is judged on one part of its own split, or of the split that is given; what it may have seen is in no
figure. Networks of one label (seeds, folds, splits that leave a source out each) are told together as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from models.statistics.bootstrap import DRAWS, SEED
from trainer.data.sources import Source, find_all
from trainer.errors import TrainerError
from trainer.shift.conditions import CONDITIONS, LEVELS, Condition
from trainer.shift.entries import Entry
from trainer.shift.figures import difference, drawn, figures, spread
from trainer.shift.fullsize import parity, score_pairs
from trainer.shift.groups import groups_of, thresholds
from trainer.shift.networks import Ready, Say, ready
from trainer.shift.scoring import SuiteScores, score_suite
from trainer.shift.suite import FROZEN, MOST, VERSION, fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from models.population import Population
    from trainer.data.films import Part

SCHEMA: Final = 1
INTERVALS: Final = (
    "95 %, by a bootstrap over patients with the same draws under all conditions; of sensitivity and specificity under "
    "one condition, and of flips, Wilson's by films; the worst of the conditions recentred by what drawing alone lowers"
)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be judged.

    Attributes:
        entries: the networks, in their order.
        sources: the films.
        part: of each network's split.
        against: a network that each of the others is compared with, on the films that neither saw.
        fullsize: a folder of films in full size whose copies are among the sources.
        most: films of each source and class.
        conditions: of the suite, the clean one among them.
        command: what gives the same document again.
    """

    entries: tuple[Entry, ...]
    sources: tuple[Source, ...]
    part: Part
    command: str
    against: Entry | None = None
    fullsize: Path | None = None
    most: int = MOST
    conditions: tuple[Condition, ...] = CONDITIONS
    draws: int = DRAWS


@dataclass(frozen=True, slots=True)
class _Judged:
    """A network's scores, and where `next` begins for each population."""

    scores: SuiteScores
    thresholds: Mapping[Population | None, tuple[float, str]]


def benchmark(asked: Asked, say: Say, progress: Progress) -> dict[str, Any]:
    """Judge networks under shift.

    Args:
        asked: which, on what.
        say: told of each stage, and of what makes a figure worth less.
        progress: told of films scored.

    Returns:
        The document: ``schema``, ``suite``, ``about``, ``networks`` (in the order asked), ``labels`` (of several
        networks each) and, where asked, ``against``.

    Raises:
        ModelsError: a network, a split or the films cannot be read, or no film is left to judge on.
    """
    films = find_all(asked.sources)
    full = find_all([Source(asked.fullsize)]) if asked.fullsize is not None else []
    entries = [*asked.entries, *([asked.against] if asked.against is not None else [])]
    loaded = [ready(entry, films, full, asked.part, asked.most, say) for entry in entries]
    hash_now = fingerprint()
    if hash_now != FROZEN:
        say(f"warning: this code does not reproduce the frozen suite {VERSION}: set its figures beside no others")
    total, done = sum(one.work for one in loaded), 0
    networks, judged = [], []
    for one in loaded:
        say(f"scoring with {one.entry.folder}")
        row, scored = _judge(one, asked, _onward(progress, done, total))
        done += one.work
        networks.append(row)
        judged.append(scored)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "suite": _suite(asked, hash_now),
        "about": {
            "command": asked.command,
            "part": asked.part.value,
            "sources": [{"name": s.name, "weight": s.weight, "population": s.population} for s in asked.sources],
            "bootstrap": {"unit": "patient", "draws": asked.draws, "seed": SEED},
            "intervals": INTERVALS,
        },
        "networks": networks[: len(asked.entries)],
        "labels": _labels(networks[: len(asked.entries)]),
    }
    if asked.against is not None:
        say("comparing")
        compared = [_compare(one, judged[-1], asked) for one in judged[:-1]]
        document["against"] = {"network": networks[-1], "differences": compared}
    return document


def _onward(progress: Progress, done: int, total: int) -> Callable[[int], None]:
    """What tells of films of one network as films of all."""
    return lambda films: progress(done + films, total)


def _suite(asked: Asked, hash_now: str) -> dict[str, Any]:
    return {
        "version": VERSION,
        "sha256": hash_now,
        "frozen_sha256": FROZEN,
        "reproduced": hash_now == FROZEN,
        "films_of_each_source_and_class": asked.most,
        "complete": asked.conditions == CONDITIONS and asked.most >= MOST,
        "conditions": [condition.name for condition in asked.conditions],
        "severities": {corruption.value: list(levels) for corruption, levels in LEVELS.items()},
    }


def _judge(one: Ready, asked: Asked, report: Callable[[int], None]) -> tuple[dict[str, Any], _Judged]:
    scores = score_suite(one.films, asked.conditions, one.judge, lambda n, _: report(n))
    if not scores.films:
        cause = f"none of the {len(one.films)} films can be read"
        raise TrainerError("judge", one.entry.folder, cause, "give films that can be read")
    at = thresholds(scores, one.judge)
    groups = groups_of(scores)
    row: dict[str, Any] = {
        "label": one.entry.label,
        **one.judge.describe(),
        "split": {"file": str(one.entry.split), "sha256": one.split_sha256},
        "films": len(scores.films),
        "patients": len(set(scores.patients)),
        "failed": dict(scores.failed),
        "groups": {
            group.name: figures(
                scores,
                group,
                drawn(scores, group, at[group.population][0], draws=asked.draws),
                at[group.population],
            )
            for group in groups
        },
    }
    if asked.fullsize is not None:
        kept, large, small = score_pairs(one.pairs, one.judge, lambda n, _: report(len(one.films) + n))
        row["fullsize"] = parity(kept, large, small, {key: value for key, (value, _) in at.items()}, draws=asked.draws)
    return row, _Judged(scores, at)


def _labels(networks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The spread over each label of several networks, by group."""
    by_label: dict[str, list[Mapping[str, Any]]] = {}
    for row in networks:
        by_label.setdefault(row["label"], []).append(row)
    return {
        label: {
            name: spread([row["groups"][name] for row in rows if name in row["groups"]])
            for name in dict.fromkeys(name for row in rows for name in row["groups"])
        }
        for label, rows in by_label.items()
        if len(rows) > 1
    }


def _compare(first: _Judged, second: _Judged, asked: Asked) -> dict[str, Any]:
    """The paired differences of two networks, on the films that both were judged on, by group."""
    places = {film.sha256: number for number, film in enumerate(second.scores.films)}
    common = [number for number, film in enumerate(first.scores.films) if film.sha256 in places]
    a = first.scores.of(common)
    b = second.scores.of([places[film.sha256] for film in a.films])
    return {
        "films": len(common),
        "groups": {
            group.name: difference(
                drawn(a, group, first.thresholds[group.population][0], draws=asked.draws),
                drawn(b, group, second.thresholds[group.population][0], draws=asked.draws),
            )
            for group in groups_of(a)
        },
    }
