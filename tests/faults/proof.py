"""Asks, at the end of a run, for every file that was written: what became of it, how often, and whether that is right.

It reads tables and files by itself, and knows from the writer what there must be; the store's own sums are not asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from faults.films import Films, Kind
from faults.scene import Scene

NEWEST: Final = """
SELECT a.path, a.state, a.sha256, a.removed_at, o.state, o.sha256, o.removed_at
FROM arrival a LEFT JOIN arrival o ON o.id = a.duplicate_of
WHERE a.generation = (SELECT max(b.generation) FROM arrival b WHERE b.root_id = a.root_id AND b.path = a.path)
"""
SCORED_TWICE: Final = """
SELECT a.sha256, count(*) FROM history h JOIN arrival a ON a.id = h.arrival_id
WHERE h.to_state = 'scored' AND h.reason = 'scored' GROUP BY a.sha256 HAVING count(*) > 1
"""
TWO_RESULTS: Final = """
SELECT content_sha256, count(*) FROM result GROUP BY content_sha256, model_sha256, preprocessing HAVING count(*) > 1
"""
ENDED: Final = """
SELECT h.arrival_id, h.to_state, h.reason, a.sha256 FROM history h JOIN arrival a ON a.id = h.arrival_id
WHERE h.to_state IN ('scored', 'refused', 'failed')
"""


@dataclass(slots=True)
class Proof:
    """What did not hold, one line each; all empty when every promise was kept.

    Attributes:
        judged: contents that came to an end of their own; the others were gone, or replaced, before they were read.
        half_read: arrivals that failed because their writer paused in the middle; later content took their place.
    """

    lost: list[str] = field(default_factory=list)
    scored_twice: list[str] = field(default_factory=list)
    innocent_failed: list[str] = field(default_factory=list)
    wrong_end: list[str] = field(default_factory=list)
    judged: int = 0
    half_read: int = 0
    survivors: int = 0
    asked_for: int = 0

    @property
    def held(self) -> bool:
        """Whether nothing was lost, scored twice, blamed though innocent, or ended otherwise than it must."""
        return not (self.lost or self.scored_twice or self.innocent_failed or self.wrong_end)


def prove(scene: Scene, films: Films, written: int, here: Mapping[str, int], observed: Iterable[str]) -> Proof:
    """Compare what was written with what the database says of it.

    Args:
        scene: at rest.
        films: that were written.
        written: how many of them, from 0 on.
        here: the number of the film that lies at each path now.
        observed: paths at which a closed file lay during one whole look of a daemon at its root.
    """
    proof = Proof(survivors=len(here))
    numbers = {films.sha256(number): number for number in range(written)}
    newest = {os.fsdecode(path): tuple(rest) for path, *rest in scene.rows(NEWEST)}
    for path, number in here.items():
        if (fault := _fault(newest.get(path), films.sha256(number), films.kind(number))) is not None:
            proof.lost.append(f"{path} (film {number}): {fault}")
    asked = set(observed)
    proof.asked_for = len(asked)
    proof.lost += [
        f"{path}: it lay there during a whole look, and has no arrival" for path in sorted(asked - set(newest))
    ]
    proof.scored_twice = [f"content {sha256}: judged {times} times" for sha256, times in scene.rows(SCORED_TWICE)]
    proof.scored_twice += [f"content {sha256}: {times} results" for sha256, times in scene.rows(TWO_RESULTS)]
    judged: set[int | None] = {None}
    for arrival, state, reason, sha256 in scene.rows(ENDED):
        number = numbers.get(sha256)
        judged.add(number)
        if number is not None and films.kind(number) == state:
            continue
        text = f"arrival {arrival} (film {number}): {state}, {reason}"
        if state == Kind.BROKEN and (number is not None or sha256 is None):
            proof.innocent_failed.append(text)
        elif number is None and state == Kind.BROKEN:
            proof.half_read += 1
        else:
            proof.wrong_end.append(text)
    proof.judged = len(judged) - 1
    return proof


def _fault(found: tuple[str | None, ...] | None, sha256: str, kind: Kind) -> str | None:
    """What is wrong with the newest arrival of a file that is there; None if nothing is."""
    if found is None:
        return "it has no arrival"
    state, content, removed, original, original_content, original_removed = found
    if content != sha256:
        return f"its newest arrival is {state} and of other content"
    if removed is not None:
        return "it is called removed"
    if state == "duplicate":
        kept = original == kind and original_content == sha256 and original_removed is None
        return None if kept else f"it repeats an arrival that is {original} or not there"
    return None if state == kind else f"it is {state}, not {kind}"
