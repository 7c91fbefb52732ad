"""What arrived, by what a list of the RIS may call it: an accession, the name of a file, or the end of its path."""

from __future__ import annotations

import os
import posixpath
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from db import reconciliation
from db.identity import Identity
from db.reconciliation import ArrivedFile, ExpectedFilm
from db.states import ExpectedKind, State

EARLY: Final = timedelta(days=1)  # names such as IM0001.dcm come again: what came long before is another film


@dataclass(frozen=True, slots=True)
class Expected:
    """One row of a list: an accession or a file, or both, and the time that it carries (UTC)."""

    accession: str | None
    file: str | None
    expected_at: datetime | None

    def film(self, identity: Identity) -> ExpectedFilm:
        """How it is kept while it is missing: by what finds it in the RIS, as far as that is kept in clear."""
        if (kept := identity.kept_accession(self.accession)) is not None:
            return ExpectedFilm(ExpectedKind.ACCESSION, kept, self.expected_at)
        return ExpectedFilm(ExpectedKind.FILE, self.file or "", self.expected_at)


def expected_of(film: ExpectedFilm) -> Expected:
    """A film that was missing, as a row of a list."""
    by_accession = film.kind is ExpectedKind.ACCESSION
    return Expected(film.key if by_accession else None, None if by_accession else film.key, film.expected_at)


class Arrived:
    """What arrived, by what a list may call it; read from the store in at most two passes, whatever is looked for."""

    def __init__(self, tx: Connection, films: Iterable[Expected], identity: Identity) -> None:
        films = list(films)
        self._spelled = identity.canonical
        self._accessions: dict[str, set[State]] = {}
        if any(film.accession is not None for film in films):
            for accession, states in reconciliation.arrived_accessions(tx).items():
                self._accessions.setdefault(self._spelled(accession), set()).update(states)
        names = {film.file: names_of(film.file) for film in films if film.file is not None}
        self._names: Mapping[str, frozenset[str]] = names
        self._files = by_name(reconciliation.arrived_files(tx), frozenset().union(*names.values())) if names else {}

    def __call__(self, film: Expected) -> frozenset[State]:
        """The states of what arrived of a film: under its accession, or under its file's name."""
        states = set(self._accessions.get(self._spelled(film.accession), ())) if film.accession is not None else set()
        for name in self._names.get(film.file, ()) if film.file is not None else ():
            for state, arrived_at in self._files.get(name, ()):
                if film.expected_at is None or arrived_at >= film.expected_at - EARLY:
                    states.add(state)
        return frozenset(states)


def names_of(file: str) -> frozenset[str]:
    """What the path of a file that arrived may end in, to be this one; with its real folder where it is absolute."""
    names = {posixpath.normpath(_composed(each)) for each in (file, file.replace("\\", "/"))}
    folders = {name: posixpath.dirname(name) for name in names if name.startswith("/") and "\0" not in name}
    real = {posixpath.join(os.path.realpath(folder), posixpath.basename(name)) for name, folder in folders.items()}
    return frozenset(names | real)


def by_name(files: Iterable[ArrivedFile], wanted: frozenset[str]) -> dict[str, list[tuple[State, datetime]]]:
    """Which files bear a wanted name: the last part of their path, its last parts, or all of it."""
    found: dict[str, list[tuple[State, datetime]]] = {}
    depth = max((name.count("/") + 1 for name in wanted if not name.startswith("/")), default=0)
    for file in files:
        whole = f"{file.folder.rstrip('/')}/{file.path}"
        for path in _spellings(whole):
            end = len(path)
            names = [path]
            for _ in range(depth):
                end = path.rfind("/", 0, end)
                if end < 0:
                    break
                names.append(path[end + 1 :])
            for name in names:
                if name in wanted:
                    found.setdefault(name, []).append((file.state, file.arrived_at))
    return found


def _spellings(path: str) -> tuple[str, ...]:
    """A path as a list may write it: bytes that are no UTF-8 are, to a list, letters of Latin-1."""
    if path.isascii():
        return (path,)
    raw = os.fsencode(path)
    try:
        return (_composed(raw.decode("utf-8")),)
    except UnicodeDecodeError:
        return (_composed(raw.decode("latin-1")),)


def _composed(name: str) -> str:
    return name if name.isascii() else unicodedata.normalize("NFC", name)
