"""Lists what lies under a root with scandir: it opens nothing, follows no link, and says what it could not see."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from daemon.errors import DaemonError
from db.records import FileStamp

# Names that a copy program gives to a file it has not finished, and files that only a file manager wants.
_TEMPORARY: Final = re.compile(
    r"""^\.            # hidden: rsync's .name.XXXXXX, .nfs*, .smbdelete*, .~lock
      | ~$             # editors
      | \.(?:tmp|temp|part|partial|filepart|crdownload|download|swp|lock)$
      | ^(?:thumbs\.db|desktop\.ini|lost\+found)$
      | ^~\$
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_temporary(name: str) -> bool:
    """Whether a file or folder name is one that no film keeps."""
    return _TEMPORARY.search(name) is not None


def is_ignored(relative: str) -> bool:
    """Whether any part of a relative path is temporary."""
    return any(is_temporary(part) for part in Path(relative).parts)


@dataclass(frozen=True, slots=True)
class Listing:
    """What one pass over a root saw.

    Attributes:
        files: every entry that is no folder, by path relative to the root; links and device nodes too, since a
            film's place may hold one: reading says what is wrong with it.
        unseen: folders, relative, that could not be listed; nothing below them is known to be gone.
    """

    files: dict[str, FileStamp] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)

    def could_see(self, relative: str) -> bool:
        """Whether a file that is not in the listing is really absent."""
        return not any(folder == "" or relative.startswith(folder + os.sep) for folder in self.unseen)


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


def list_root(root: Path) -> Listing:
    """Walk a root.

    Raises:
        DaemonError: the root itself cannot be listed.
    """
    listing = Listing()
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        try:
            for entry in _entries(os.path.join(root, relative) if relative else os.fspath(root)):  # noqa: PTH118
                if is_temporary(entry.name):
                    continue
                path = os.path.join(relative, entry.name) if relative else entry.name  # noqa: PTH118
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                else:
                    _note(listing, relative, path, entry)
        except OSError as error:
            if not relative:
                raise _cannot_list(root, error) from error
            listing.unseen.append(relative)
    return listing


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries


def _note(listing: Listing, folder: str, path: str, entry: os.DirEntry[str]) -> None:
    try:
        listing.files[path] = FileStamp.of(entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return  # gone between the listing and the look
    except OSError:
        listing.unseen.append(folder)


def _cannot_list(root: Path, error: OSError) -> DaemonError:
    cause = error.strerror or type(error).__name__
    return DaemonError("list folder", root, cause, "create it, mount it, or give another folder")
