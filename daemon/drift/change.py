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

from daemon.drift.blocks import COLUMNS, REFUSED, Block, Column, merged
from daemon.drift.tails import at_least, t_two_sided

BASELINE: Final = 20  # blocks that a folder is held against, its first ones
LOOKS: Final = (1, 5)  # blocks together: the last night, and what is too small to show in one
PER_NIGHT: Final = 0.01  # the chance of any false alarm in a night, over all folders, statistics and looks
TOLERATED: Final = 0.3  # of a mean normal score: what is less is not told, however sure it is
TOLERATED_RATE: Final = 0.02  # of refusals
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


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What is usual in a folder.

    Attributes:
        blocks: how many it was made of.
        columns: by name; those without enough films are left out.
        refused, films: of all its blocks.
        share: of a rate's variance that lies between nights, 0 to 1.
    """

    blocks: int
    columns: Mapping[str, Usual]
    refused: int
    films: int
    share: float


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as it was.

    Attributes:
        name: of the number, or `REFUSED`.
        blocks: how many were looked at together.
        chance: of seeing as much, or more, with nothing changed.
        effect: the mean normal score less the baseline's; of refusals the difference of the rates.
        before, now: medians; of refusals the rates.
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
    films, refused = sum(block.films for block in blocks), sum(block.refused for block in blocks)
    rate = (refused + 0.5) / (films + 1)
    misfit = sum((block.refused - rate * block.films) ** 2 / (block.films * rate * (1 - rate)) for block in blocks)
    typical = films / len(blocks)
    share = max(0.0, misfit / (len(blocks) - 1) - 1) / max(1.0, typical - 1)
    return Baseline(len(blocks), columns, refused, films, min(share, 0.5))


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
    allowed = PER_NIGHT / (folders * (len(COLUMNS) + 1) * len(LOOKS))
    found = list[Change]()
    for count in LOOKS:
        if len(recent) >= count:
            look = merged(recent[-count:])
            each = [_shift(name, usual, look.columns[name], count, baseline) for name, usual in baseline.columns.items()]
            found += [change for change in [*each, _refusals(baseline, look, count)] if change is not None]
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


def _refusals(baseline: Baseline, look: Block, count: int) -> Change | None:
    """More than before; fewer are nobody's harm."""
    before, now = baseline.refused / baseline.films, look.refused / look.films
    if now - before < TOLERATED_RATE:
        return None
    known = baseline.films + 1.0
    weight = known if baseline.share <= 0 else min(known, 1 / baseline.share - 1)
    rate = (baseline.refused + 0.5) / known
    chance = at_least(look.refused, look.films, rate * weight, (1 - rate) * weight)
    return Change(REFUSED, count, chance, now - before, before, now)
