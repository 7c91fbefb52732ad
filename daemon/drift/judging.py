"""What is said of a folder: learning, steady or changed, since when, and whether it is unlike the bundle's; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from daemon.drift.blocks import Block, merged, pooled
from daemon.drift.change import BASELINE, LOOKS, Change, baseline_of, changes
from daemon.drift.likeness import Unlike, reference_for, unlike
from daemon.drift.standing import Standing
from models.reference import Reference


@dataclass(frozen=True, slots=True)
class FolderDrift:
    """One folder.

    Attributes:
        path: absolute.
        blocks: looks at enough films so far, of `BASELINE` that it takes to know the folder.
        films: that were looked at.
        last: the newest night that could be judged.
        since: the first night of the change that still stands.
        changes: what changed, by the newest night.
        reference: whether the bundle says what its films are like, and of a population that this folder has.
        unlike: what differs from the bundle's films in the folder's baseline.
    """

    path: str
    standing: Standing
    blocks: int = 0
    films: int = 0
    last: date | None = None
    since: date | None = None
    changes: tuple[Change, ...] = ()
    reference: bool = False
    unlike: tuple[Unlike, ...] = ()


def judge(
    path: str,
    first: Sequence[Block],
    recent: Sequence[Block],
    folders: int,
    population: str | None,
    references: Mapping[str, Reference],
) -> FolderDrift:
    """Judge one folder.

    Args:
        path: absolute.
        first: its first nights since the model came into use; whatever of them the baseline does not take is tested.
        recent: nights after those, up to the newest; a gap may lie between.
        folders: that are judged together.
        population: that most of its films are of.
        references: of the bundle, by population.
    """
    blocks = list(pooled(first))
    usual, later = blocks[:BASELINE], [*blocks[BASELINE:], *pooled(recent)]
    reference = reference_for(references, population)
    apart = tuple(unlike(merged(usual), reference)) if usual and reference is not None else ()
    films, known = sum(night.films for night in (*first, *recent)), reference is not None
    if len(usual) < BASELINE or not later:
        last = usual[-1].last if usual else None
        return FolderDrift(path, Standing.LEARNING, len(usual), films, last, reference=known, unlike=apart)
    baseline, since, found = baseline_of(usual), None, list[Change]()
    for number in range(len(later)):
        found = changes(baseline, later[: number + 1][-max(LOOKS) :], folders)
        since = (since or later[number].first) if found else None
    standing = Standing.CHANGED if found else Standing.STEADY
    return FolderDrift(path, standing, BASELINE, films, later[-1].last, since, tuple(found), known, apart)
