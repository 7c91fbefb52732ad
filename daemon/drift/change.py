"""Whether a folder's films changed against its own past: the test, whose false alarms a year of nights can bear; pure.

Each number of a film is turned into a normal score by its rank among the films of the baseline (van der Waerden), so
that no single film weighs much and one scale serves all. A night's mean is held against the spread of the baseline's
own nightly means: nights differ by more than chance among their films (prevalence, who is on duty), and a test that
takes films for independent alarms falsely. Why in docs/decisions/2026-11-25-drift.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daemon.drift.blocks import COLUMNS, ODD, REFUSED, Block, Column, merged
from daemon.drift.tails import at_least, t_two_sided
from models.film_statistics import NAMES

BASELINE: Final = 20  # blocks that a folder is held against, its first ones
LOOKS: Final = (1, 5)  # blocks together: the last night, and what is too small to show in one
# The chance of any false alarm in a night, over all folders, statistics and looks, as the tests are set. Half of the
# 1 % that is promised: nights go on being alike, and what twenty of them taught is taken for the whole truth.
PER_NIGHT: Final = 0.005
TOLERATED: Final = 0.3  # of a mean normal score: what is less is not told, however sure it is
TOLERATED_RATE: Final = {REFUSED: 0.02, ODD: 0.05}
EDGE: Final = 0.005  # of the baseline's films, at either end of each number; who lies beyond is odd
TESTS: Final = len(COLUMNS) + len(TOLERATED_RATE)
FEWEST_MEASURED: Final = 10  # of a column in a look
LEAST_VARIANCE: Final = 0.25  # of films' scores: where all were alike, one odd film is no change
LEAST_SPREAD: Final = 0.05  # of nightly means beyond chance, as a standard deviation
_U: Final = np.linspace(0.005, 0.995, 199)
_SCORES: Final = np.asarray([NormalDist().inv_cdf(float(u)) for u in _U])


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """One number of a film, as the baseline had it: its values sorted, and how films and nights differ in score."""

    values: Column
    mean: float
    within: float
    between: float
    nightly: float  # mean over the baseline's blocks of 1 / films


@dataclass(frozen=True, slots=True)
class Rate:
    """How many films of the baseline were refused, or odd.

    Attributes:
        hit, films: of all its blocks.
        share: of the rate's variance that lies between nights, 0 to 1.
    """

    hit: int
    films: int
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What is usual in a folder.

    Attributes:
        blocks: how many it was made of.
        columns: by name; those without enough films are left out.
        rates: of refusals, and of films that are odd.
    """

    blocks: int
    columns: Mapping[str, Usual]
    rates: Mapping[str, Rate]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as it was.

    Attributes:
        name: of the number, or of a rate: `REFUSED` or `ODD`.
        blocks: how many were looked at together.
        chance: of seeing as much, or more, with nothing changed.
        effect: the mean normal score less the baseline's; of a rate the difference.
        before, now: medians; of a rate the rates.
    """

    name: str
    blocks: int
    chance: float
    effect: float
    before: float
    now: float


def normal_scores(values: Column, usual: Column) -> Column:
    """Of values, by their place among sorted ones, ties in the middle; within -2.6 and 2.6."""
    ranks = np.searchsorted(usual, values, "left") + np.searchsorted(usual, values, "right")
    scores: Column = np.interp(ranks / (2 * len(usual)), _U, _SCORES)
    return scores


def baseline_of(blocks: Sequence[Block]) -> Baseline:
    """What is usual, from a folder's first blocks; at least three."""
    columns = {name: usual for name in COLUMNS if (usual := _usual([b.columns[name] for b in blocks])) is not None}
    refused = _rate([block.refused for block in blocks], [block.films for block in blocks])
    odd = _rate([_odd_among(block, blocks, columns) for block in blocks], [block.films for block in blocks])
    return Baseline(len(blocks), columns, {REFUSED: refused, ODD: odd})


def _rate(hits: Sequence[int], films: Sequence[int]) -> Rate:
    rate, typical = (sum(hits) + 0.5) / (sum(films) + 1), sum(films) / len(films)
    misfit = sum((hit - rate * n) ** 2 / (n * rate * (1 - rate)) for hit, n in zip(hits, films, strict=True))
    share = max(0.0, misfit / (len(films) - 1) - 1) / max(1.0, typical - 1)
    return Rate(sum(hits), sum(films), min(share, 0.5))


def _odd(block: Block, columns: Mapping[str, Usual]) -> int:
    """Films of which the picture, not the score, is odd; those that were refused before they were decoded are none."""
    beyond = [_beyond(block.columns[name], columns[name].values) for name in NAMES if name in columns]
    return int(np.any(beyond, axis=0).sum()) if beyond else 0


def _odd_among(block: Block, blocks: Sequence[Block], columns: Mapping[str, Usual]) -> int:
    """The same for a block of the baseline, held against the others: its own films must not say what is usual."""
    rest = {
        name: np.sort(np.concatenate([each.columns[name] for each in blocks if each is not block]))
        for name in NAMES
        if name in columns
    }
    beyond = [_beyond(block.columns[name], usual) for name, usual in rest.items()]
    return int(np.any(beyond, axis=0).sum()) if beyond else 0


def _beyond(values: Column, usual: Column) -> NDArray[np.bool_]:
    edge = int(EDGE * len(usual))
    beyond: NDArray[np.bool_] = (values < usual[edge]) | (values > usual[-1 - edge])
    return beyond


def _usual(nights: Sequence[Column]) -> Usual | None:
    told = [night for night in nights if len(night)]
    if len(told) < len(nights) / 2 or sum(map(len, told)) < FEWEST_MEASURED * len(nights) / 2:
        return None
    values = np.sort(np.concatenate(told))
    scores = [normal_scores(night, values) for night in told]
    means = np.asarray([night.mean() for night in scores])
    rest = np.concatenate([night - night.mean() for night in scores])
    within = max(float(rest @ rest) / max(1, len(rest) - len(told)), LEAST_VARIANCE)
    nightly = float(np.mean([1 / len(night) for night in told]))
    between = max(float(means.var(ddof=1)) - within * nightly, LEAST_SPREAD**2)
    return Usual(values, float(means.mean()), within, between, nightly)


def changes(baseline: Baseline, recent: Sequence[Block], folders: int) -> list[Change]:
    """What changed by the newest block, the least likely first; nothing in all but a few nights.

    Args:
        baseline: of the folder.
        recent: its blocks up to the newest, oldest first, none of them in the baseline.
        folders: that are tested in the same night; the false alarms are shared out over them.
    """
    allowed = PER_NIGHT / (folders * TESTS * len(LOOKS))
    found = list[Change]()
    for count in LOOKS:
        if len(recent) >= count:
            look = merged(recent[-count:])
            each = [
                _shift(name, usual, look.columns[name], count, baseline) for name, usual in baseline.columns.items()
            ]
            hits = {REFUSED: look.refused, ODD: _odd(look, baseline.columns)}
            risen = [_risen(name, rate, hits[name], look.films, count) for name, rate in baseline.rates.items()]
            found += [change for change in [*each, *risen] if change is not None]
    return sorted((change for change in found if change.chance <= allowed), key=lambda change: change.chance)


def _shift(name: str, usual: Usual, values: Column, count: int, baseline: Baseline) -> Change | None:
    if len(values) < FEWEST_MEASURED:
        return None
    effect = float(normal_scores(values, usual.values).mean()) - usual.mean
    # Several nights get no less of `between` than one: nights that follow one another are alike.
    spread = usual.between + usual.within / len(values)
    learned = (usual.between + usual.within * usual.nightly) / baseline.blocks
    chance = t_two_sided(effect / math.sqrt(spread + learned), baseline.blocks - 1)
    if abs(effect) < TOLERATED:
        return None
    return Change(name, count, chance, effect, float(np.median(usual.values)), float(np.median(values)))


def _risen(name: str, rate: Rate, hit: int, films: int, count: int) -> Change | None:
    """More than before; fewer are nobody's harm."""
    before, now = rate.hit / rate.films, hit / films
    if now - before < TOLERATED_RATE[name]:
        return None
    known = rate.films + 1.0
    weight = known if rate.share <= 0 else min(known, 1 / rate.share - 1)
    mean = (rate.hit + 0.5) / known
    return Change(name, count, at_least(hit, films, mean * weight, (1 - mean) * weight), now - before, before, now)
