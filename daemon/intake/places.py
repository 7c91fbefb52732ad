"""The roots of an intake: where they are, how their films are to be taken, and which of them can be seen now."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from daemon.errors import DaemonError
from daemon.intake.listing import Listing, identity
from daemon.intake.names import StudyPattern
from daemon.intake.selection import Polling, Selection
from db.mounts import mount_at
from db.records import Arrival, Known, Root
from db.states import State
from models.population import Population
from models.radiograph import MAX_BYTES


@dataclass(frozen=True, slots=True)
class Watched:
    """A root and how its films are to be taken.

    Attributes:
        population: of films that state no age.
        settle_seconds: without a change, after which a file counts as complete.
        rescan_seconds: between two looks at the whole root.
        selection: which files are films.
        polling: how changes are noticed.
        poll_seconds: between two looks at a root that gives no events.
        largest_bytes: of a file that is still read.
        pattern: what groups plain images into studies.
    """

    root: Root
    population: Population | None
    settle_seconds: float
    rescan_seconds: float
    selection: Selection = field(default_factory=Selection)
    polling: Polling = Polling.AUTO
    poll_seconds: float = 5.0
    largest_bytes: int = MAX_BYTES
    pattern: StudyPattern | None = None

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.root.path)

    @property
    def polled(self) -> bool:
        """Whether it is to be looked at without waiting for events."""
        if self.polling is not Polling.AUTO:
            return self.polling is Polling.ON
        mount = mount_at(self.path)
        return mount is not None and mount.is_remote


def replacement(before: str | None, now: str | None, listing: Listing, known: Iterable[Known | Arrival]) -> str | None:
    """What took the place of a root, in words; None while it is the root that was known, wherever it is mounted.

    Another file system in the place of a root is an outage (a share that is not mounted leaves an empty folder, which
    must not read as "every film was removed") unless something that lay in the root is there: then it was moved.

    Args:
        before: what it lay on when it was last the one that was known (see `db.mounts.places_of`).
        now: what it lies on.
        listing: what is there.
        known: the newest generation of each path, as it was before anything took its place.
    """
    if before is None or now is None or before == now:
        return None
    lay = [film for film in known if film.removed_at is None and film.state is not State.VANISHED]
    if any((stamp := listing.files.get(film.path)) and stamp.size == film.stamp.size for film in lay):
        return None
    if not listing.files:
        return "another file system is in its place, and it is empty"
    return "another file system is in its place, and nothing that lay there is on it" if lay else None


def unmounted(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The folders below a root (but not the root) on which another file system lies than before, or none any more."""
    return tuple(folder for folder, place in before.items() if folder and now.get(folder) != place)


class Film(Protocol):
    """An arrival, or what is known of one."""

    @property
    def root_id(self) -> int:
        """The root it lies in."""

    @property
    def path(self) -> str:
        """Relative to the root."""


class Places:
    """Roots by id; a root that cannot be seen is set aside with everything in it, and nothing in it counts as gone."""

    def __init__(self, watched: Mapping[int, Watched]) -> None:
        self.watched: Final = watched
        self._listed: dict[int, tuple[int, int]] = {}
        self._inside: dict[int, dict[str, tuple[int, int]]] = {}
        self._away: set[int] = set()

    @property
    def here(self) -> frozenset[int]:
        """The roots that can be seen, as far as anybody noticed."""
        return frozenset(self.watched) - self._away

    def path(self, arrival: Film) -> Path:
        """Where an arrival lies."""
        return Path(self.watched[arrival.root_id].root.path, arrival.path)

    def came(self, root_id: int, who: tuple[int, int], mounted: Iterable[str]) -> None:
        """A root was listed; `who` it was (device and inode) tells later whether it is the same one.

        So it is with the file systems that are `mounted` below it; one that is lost stays lost until it is back.
        """
        self._listed[root_id] = who
        self._away.discard(root_id)
        inside = self._inside.setdefault(root_id, {})
        for folder in mounted:
            with suppress(DaemonError):
                inside[folder] = identity(self.watched[root_id].path / folder)

    def hidden(self, film: Film) -> bool:
        """Whether a film is missing because what was mounted below its root is."""
        for folder, who in self._inside.get(film.root_id, {}).items():
            if film.path.startswith(folder + os.sep):
                try:
                    return identity(self.watched[film.root_id].path / folder) != who
                except DaemonError:
                    return True
        return False

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
