"""The roots of an intake: where they are, how their films are to be taken, and which of them can be seen now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.errors import DaemonError
from daemon.intake.listing import identity
from db.records import Arrival, Root
from models.population import Population


@dataclass(frozen=True, slots=True)
class Watched:
    """A root and how its films are to be taken.

    Attributes:
        population: of films that state no age.
        settle_seconds: without a change, after which a file counts as complete.
        rescan_seconds: between two looks at the whole root.
    """

    root: Root
    population: Population | None
    settle_seconds: float
    rescan_seconds: float


class Places:
    """Roots by id; a root that cannot be seen is set aside with everything in it, and nothing in it counts as gone."""

    def __init__(self, watched: Mapping[int, Watched]) -> None:
        self.watched: Final = watched
        self._listed: dict[int, tuple[int, int]] = {}
        self._away: set[int] = set()

    @property
    def here(self) -> frozenset[int]:
        """The roots that can be seen, as far as anybody noticed."""
        return frozenset(self.watched) - self._away

    def path(self, arrival: Arrival) -> Path:
        """Where an arrival lies."""
        return Path(self.watched[arrival.root_id].root.path, arrival.path)

    def came(self, root_id: int, who: tuple[int, int]) -> None:
        """A root was listed; `who` it was (device and inode) tells later whether it is the same one."""
        self._listed[root_id] = who
        self._away.discard(root_id)

    def went(self, root_id: int) -> None:
        """A root cannot be seen."""
        self._away.add(root_id)

    def still_here(self, root_id: int) -> bool:
        """Whether a root is the one that was listed: asked before a missing file is believed to be gone."""
        try:
            who = identity(Path(self.watched[root_id].root.path))
        except DaemonError:
            self.went(root_id)
            return False
        if who != self._listed.setdefault(root_id, who):
            self.went(root_id)
            return False
        return True
