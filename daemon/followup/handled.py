"""What a department may delete from its folder; nothing here deletes anything."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from daemon.errors import DaemonError
from db import handled, roots
from db.handled import HandledFile
from db.records import FileStamp, Root
from db.states import BLIND
from db.store import Store

OPERATION: Final = "say what was handled"


@dataclass(frozen=True, slots=True)
class Deletable:
    """A file that is there, as the store knows it."""

    path: str  # absolute
    film: HandledFile


@dataclass(slots=True)
class Handled:
    """What may go, and how much stays for which reason.

    Attributes:
        files: sorted by path.
        unread: films whose study nobody marked as read.
        changed: files that are gone, or do not look as the store knows them.
        away: roots that cannot be seen.
    """

    files: list[Deletable] = field(default_factory=list)
    unread: int = 0
    changed: int = 0
    away: list[Root] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes that would be free."""
        return sum(file.film.stamp.size for file in self.files)


def handled_files(store: Store, before: datetime, folders: Sequence[Path], *, unread: bool) -> Handled:
    """Look for files that arrived before a time, came to an end, were read, and lie there unchanged.

    Args:
        store: what is known of them.
        before: aware.
        folders: watched folders; none: all of them.
        unread: also those that nobody marked as read.

    Raises:
        DaemonError: a folder is none that the store knows.
    """
    with store.read() as tx:
        chosen = _chosen(roots.roots(tx), folders)
        films = list(handled.handled(tx, before))
    found = Handled(away=[root for root in chosen.values() if not _can_be_seen(root)])
    seen = {root_id: root.path for root_id, root in chosen.items() if root not in found.away}
    for film in films:
        if film.root_id not in seen:
            continue
        if not (film.read or unread):
            found.unread += 1
            continue
        path = os.path.join(seen[film.root_id], film.path)  # noqa: PTH118  (pathlib would cost a second at 100,000)
        if _is_unchanged(path, film.stamp):
            found.files.append(Deletable(path, film))
        else:
            found.changed += 1
    found.files.sort(key=lambda file: os.fsencode(file.path))
    return found


def _chosen(known: Iterable[Root], folders: Sequence[Path]) -> dict[int, Root]:
    by_path = {root.path: root for root in known}
    if not folders:
        return {root.id: root for root in by_path.values()}
    chosen = {}
    for folder in folders:
        root = by_path.get(os.path.realpath(folder))
        if root is None:
            watched = ", ".join(sorted(by_path)[:5]) or "none yet"
            raise DaemonError(OPERATION, folder, "it is not a watched folder", f"give one of: {watched}")
        chosen[root.id] = root
    return chosen


def _can_be_seen(root: Root) -> bool:
    return root.state not in BLIND and Path(root.path).is_dir()


def _is_unchanged(path: str, known: FileStamp) -> bool:
    try:
        return FileStamp.of(os.lstat(path)) == known
    except OSError:
        return False
