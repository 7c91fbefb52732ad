"""How a root is looked at: which of its entries are films, by name and depth alone; pure, kept with the root."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from fnmatch import translate
from functools import cached_property
from typing import Final, Self

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

SEPARATOR: Final = os.sep
DEPTH: Final = 64  # folders below a root; deeper ones are told of, since a film there would go missing


def is_temporary(name: str) -> bool:
    """Whether a file or folder name is one that no film keeps."""
    return _TEMPORARY.search(name) is not None


class Polling(StrEnum):
    """How changes under a root are noticed between two rescans."""

    AUTO = "auto"  # by events, but on mounts that others write to, which give none
    ON = "on"  # by rescans alone
    OFF = "off"  # by events, whatever the mount


@dataclass(frozen=True)
class Selection:
    """What counts as a film under one root.

    A pattern without a slash is compared with the name of the file and of every folder above it, one with a slash with
    the whole relative path; ``*``, ``?`` and ``[...]`` as in a shell, capitals and small letters alike.

    Attributes:
        recursive: whether folders below the root are looked into.
        depth: how many folders deep.
        include: patterns of which a file must match one; empty: all match.
        exclude: patterns of which neither a file nor a folder above it may match any.
        canary: a file name, directly in the root, whose changes only prove that somebody looks.
        canary_seconds: after which an unchanged canary means that something on the way is broken.
    """

    recursive: bool = True
    depth: int = DEPTH
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    canary: str | None = None
    canary_seconds: float = field(default=3600.0)

    def takes(self, relative: str) -> bool:
        """Whether a file at this path, relative to the root, is a film's place."""
        parts = relative.split(SEPARATOR)
        if len(parts) - 1 > (self.depth if self.recursive else 0):
            return False
        if relative == self.canary or any(map(is_temporary, parts)):
            return False
        if self._excluded is not None and _matches(self._excluded, relative, parts):
            return False
        return self._included is None or _matches(self._included, relative, parts)

    def enters(self, relative: str) -> bool:
        """Whether to look into a folder, but for its depth."""
        parts = relative.split(SEPARATOR)
        if not self.recursive or is_temporary(parts[-1]):
            return False
        return self._excluded is None or not _matches(self._excluded, relative, parts[-1:])

    @cached_property
    def _included(self) -> re.Pattern[str] | None:
        return _pattern(self.include)

    @cached_property
    def _excluded(self) -> re.Pattern[str] | None:
        return _pattern(self.exclude)

    def document(self) -> str:
        """The selection as JSON, to be kept with the root."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_document(cls, text: str | None) -> Self:
        """The selection that a root was looked at with; all of it for a root of an older version."""
        if text is None:
            return cls()
        values = json.loads(text)
        return cls(**values | {"include": tuple(values["include"]), "exclude": tuple(values["exclude"])})


def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(translate(pattern) for pattern in patterns), re.IGNORECASE)


def _matches(pattern: re.Pattern[str], relative: str, parts: list[str]) -> bool:
    return pattern.match(relative) is not None or any(pattern.match(part) for part in parts)
