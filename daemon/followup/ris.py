"""Watches the table of reads that the RIS writes, and marks studies as read by it, each row once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from daemon.errors import DaemonError
from daemon.followup.reads import mark_read, parse_reads, study_of
from db import read_imports
from db.identity import Identity
from db.read_imports import ReadImport
from db.records import FileStamp
from db.states import ReadSource
from db.store import Store

FAULTS: Final = 20  # malformed rows that are named; the rest are counted


class RisTable:
    """One file, looked at now and then; it is read once it has changed and kept still from one look to the next."""

    def __init__(self, path: Path, zone: ZoneInfo, columns: Mapping[str, str]) -> None:
        self._path, self._zone, self._columns = path, zone, columns
        self._seen: str | None = None
        self._taken: str | None = None

    def look(self, store: Store, identity: Identity, now: datetime) -> ReadImport | None:
        """Take the file in where it is new and whole; None where there is nothing to do."""
        try:
            mark = FileStamp.of(self._path.stat()).mark
        except OSError:
            return None  # it is not there now; a RIS replaces it in its own way
        if mark != self._seen or mark == self._taken:
            self._seen = mark
            return None
        self._taken = mark
        return take_in(store, identity, self._path, self._zone, self._columns, now)


def take_in(
    store: Store, identity: Identity, path: Path, zone: ZoneInfo, columns: Mapping[str, str], now: datetime
) -> ReadImport:
    """Mark the studies of a table as read, and keep what came of it; a file that cannot be read is a fault, too."""
    rows = marked = unknown = 0
    faults: list[str] = []
    with store.write() as tx:
        try:
            for row in parse_reads(path, zone, columns):
                rows += 1
                if isinstance(row, DaemonError):
                    faults.append(row.cause)
                    continue
                try:
                    study = study_of(tx, row.study, identity)
                except DaemonError:
                    unknown += 1  # of another modality, or not here yet: it is looked for again with the next export
                    continue
                if not read_imports.is_known(tx, study.id, row.read_at):
                    mark_read(tx, study, row.read_at, now, ReadSource.CSV)
                    marked += 1
        except DaemonError as error:
            faults.append(error.cause)
        named = [*faults[:FAULTS], *([f"and {len(faults) - FAULTS} more"] if len(faults) > FAULTS else [])]
        found = ReadImport(now, path.name, rows, marked, unknown, "\n".join(named))
        read_imports.add(tx, found)
    return found
