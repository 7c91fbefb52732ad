"""Loads the networks of a benchmark and draws their films: what can be wrong is found before a film is scored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.bundle import BundleStatus, read_bundle
from trainer.data.folds import leaks
from trainer.data.splits import read_split
from trainer.evidence.scoring import choose
from trainer.shift.entries import Entry, Kind
from trainer.shift.fullsize import Pair, pairs
from trainer.shift.judges import BundleJudge, Judge, run_judge
from trainer.shift.suite import draw

if TYPE_CHECKING:
    from trainer.data.films import Film, Part

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ready:
    """A network, loaded, with the films that it is judged on, and pairs of sizes of those that it did not see."""

    entry: Entry
    judge: Judge
    films: tuple[Film, ...]
    pairs: tuple[Pair, ...]
    split_sha256: str

    @property
    def work(self) -> int:
        """Films to be read."""
        return len(self.films) + 2 * len(self.pairs)


def ready(entry: Entry, films: Sequence[Film], full: Sequence[Film], part: Part, most: int, say: Say) -> Ready:
    """Load a network, and draw its films.

    Args:
        entry: which.
        films: of all sources.
        full: in full size, of which the copies may be among the others.
        part: of the network's split.
        most: films of each source and class.
        say: told of what makes its figures worth less.

    Raises:
        ModelsError: the network or its split cannot be read, or the part holds none of the films.
    """
    parts = read_split(entry.split)
    some = choose(films, parts, part)
    if leaking := leaks(films, parts).patients:
        say(f"warning: {len(leaking)} patients lie in two parts of {entry.split}, so its figures flatter")
    if entry.kind is Kind.BUNDLE:
        judge: Judge = BundleJudge(read_bundle(entry.folder, least=BundleStatus.UNCERTIFIED))
    else:
        judge = run_judge(entry.folder, entry.preprocessing)
    found = pairs(full, some)
    if full and not found:
        say(f"note: no film of full size has its copy in the {part} part of {entry.split}")
    sha256 = hashlib.sha256(entry.split.read_bytes()).hexdigest()
    return Ready(entry, judge, tuple(draw(some, most)), tuple(found), sha256)
