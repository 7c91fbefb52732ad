"""Finds films by what a person types: a path, whether its file is still there or not, or an arrival's number."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from db.ways import Place, place_of, places_at, places_under_any_root

_NUMBER: Final = re.compile(r"(?:arrival[ =])?([0-9]{1,18})", re.ASCII)  # logs write arrival=7


def places_of(tx: Connection, text: str) -> list[Place]:
    """Where the film lies, or lay, that somebody means; empty: nothing of that name was seen.

    A path counts from the working folder, else from the watched folders; a number is an arrival's where no file is
    named so.
    """
    for path in _absolute(text):
        if found := places_at(tx, path):
            return found
    relative = os.path.normpath(text) if text else ""
    if relative and not relative.startswith(("/", "..")) and (found := places_under_any_root(tx, relative)):
        return found
    number = _NUMBER.fullmatch(text)
    place = place_of(tx, int(number[1])) if number else None
    return [place] if place is not None else []


def _absolute(text: str) -> list[str]:
    """The path as it is typed, tidied, and with its real folder: roots are known by that, and a film may be a link."""
    if not text or "\0" in text:
        return []
    path = Path(text).absolute()
    tidy = Path(os.path.normpath(path))
    return [*dict.fromkeys((str(path), str(tidy), str(Path(os.path.realpath(path.parent), path.name))))]
