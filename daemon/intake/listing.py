"""Lists what lies under a root with scandir: it opens nothing, follows no link, and says what it could not see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from daemon.errors import DaemonError
from daemon.intake.selection import Selection
from db.records import FileStamp, signed64


@dataclass(slots=True)
class Listing:
    """What one pass over a root saw.

    Attributes:
        files: every entry that is no folder and is selected, by path relative to the root; links and device nodes too,
            since a film's place may hold one: reading says what is wrong with it.
        unseen: folders, relative, that could not be listed; nothing below them is known to be gone.
        selection: what was looked for.
        too_deep: folders that were not looked into because of their depth.
        canary: what the canary file looks like, None where there is none.
        overlooked: files that only this pass found, though they had been there for a while: no event told of them.
        newest_ctime_ns: the newest change of a file or folder, by the clock of the host that keeps them.
    """

    files: dict[str, FileStamp] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    selection: Selection = field(default_factory=Selection)
    too_deep: int = 0
    canary: FileStamp | None = None
    newest_ctime_ns: int | None = None
    overlooked: int = 0

    def could_see(self, relative: str) -> bool:
        """Whether a file that is not in the listing is really absent."""
        if any(folder == "" or relative.startswith(folder + os.sep) for folder in self.unseen):
            return False
        return self.selection.takes(relative)


def identity(root: Path) -> tuple[int, int]:
    """Device and inode of a root: they change when it is replaced, mounted over or unmounted.

    Raises:
        DaemonError: it is not there.
    """
    try:
        status = os.stat(root)  # noqa: PTH116
    except OSError as error:
        raise _cannot_list(root, error) from error
    return status.st_dev, status.st_ino


def list_root(root: Path, selection: Selection = Selection()) -> Listing:  # noqa: B008  (frozen)
    """Walk a root.

    Raises:
        DaemonError: the root itself cannot be listed.
    """
    listing = Listing(selection=selection)
    waiting = [("", 0)]
    newest = 0
    while waiting:
        relative, depth = waiting.pop()
        try:
            newest = max(newest, os.stat(os.path.join(root, relative)).st_ctime_ns)  # noqa: PTH116, PTH118
            for entry in _entries(os.path.join(root, relative) if relative else os.fspath(root)):  # noqa: PTH118
                path = os.path.join(relative, entry.name) if relative else entry.name  # noqa: PTH118
                if not entry.is_dir(follow_symlinks=False):
                    _note(listing, relative, path, entry)
                elif selection.enters(path):
                    if depth < selection.depth:
                        waiting.append((path, depth + 1))
                    else:
                        listing.too_deep += 1
        except OSError as error:
            if not relative:
                raise _cannot_list(root, error) from error
            listing.unseen.append(relative)
    listing.newest_ctime_ns = signed64(max(newest, max((s.ctime_ns for s in listing.files.values()), default=0)))
    return listing


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries


def _note(listing: Listing, folder: str, path: str, entry: os.DirEntry[str]) -> None:
    is_canary = path == listing.selection.canary
    if not is_canary and not listing.selection.takes(path):
        return
    try:
        stamp = FileStamp.of(entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return  # gone between the listing and the look
    except OSError:
        listing.unseen.append(folder)
        return
    if is_canary:
        listing.canary = stamp
    else:
        listing.files[path] = stamp


def _cannot_list(root: Path, error: OSError) -> DaemonError:
    cause = error.strerror or type(error).__name__
    return DaemonError("list folder", root, cause, "create it, mount it, or give another folder")
