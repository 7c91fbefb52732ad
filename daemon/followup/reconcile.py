"""Completeness beyond what was seen: a list of films that the RIS expects, held against what arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from daemon.errors import DaemonError
from daemon.followup.arrived import Arrived, Expected
from daemon.followup.spans import moment_of
from daemon.followup.tables import ANY_TEXT, Row, Table, plain, read_table
from db import reconciliation, roots
from db.identity import Identity
from db.records import Root
from db.states import BLIND, ENDED, PENDING, State
from db.store import Store

ACCESSION: Final = ("accession", "accessionnumber", "accessionno")
FILE: Final = ("file", "filename", "path", "filepath")
TIME: Final = ("time", "acquired", "acquiredat", "studytime", "expectedat", "datetime")
_OPERATION: Final = "read expected films"


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns, where they are not among the common ones."""

    accession: str | None = None
    file: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of a list.

    Attributes:
        arrived: how many are there.
        not_scored: how many of these were refused or failed, and nothing of them was scored or is pending.
        missing: due, and not there.
        not_due: younger than the grace, or in the future, and not there; not counted as expected.
        span: the first and the last time of what was expected.
        earlier: rows that somebody left out by their time.
        faults: rows that say nothing.
        note: what whoever believes the list should know.
    """

    arrived: int
    not_scored: int
    missing: Sequence[Expected]
    not_due: int
    span: tuple[datetime, datetime] | None
    earlier: int = 0
    faults: Sequence[DaemonError] = ()
    note: str | None = None

    @property
    def expected(self) -> int:
        """How many films were due, or are there already."""
        return self.arrived + len(self.missing)


def parse_expected(path: Path, zone: ZoneInfo, columns: Columns) -> Iterator[Expected | DaemonError]:
    """Read a list; a row of which nothing can be said is an error that names its line.

    Args:
        path: CSV with a row of names; commas, semicolons or tabs.
        zone: of times that name none.
        columns: as somebody named them.

    Raises:
        DaemonError: it cannot be read, or has neither accessions nor file names.
    """
    table = read_table(path, _OPERATION, ANY_TEXT)
    accession = _column(table, columns.accession, ACCESSION)
    file = _column(table, columns.file, FILE)
    time = _column(table, columns.time, TIME)
    if accession is None and file is None:
        cause = "it has no column accession, and none of file names"
        raise DaemonError(_OPERATION, path, cause, "name one with --column-accession or --column-file")
    for row in table.rows:
        yield row if isinstance(row, DaemonError) else _expected(row, accession, file, time, path, zone)


def _column(table: Table, named: str | None, common: Sequence[str]) -> str | None:
    """The column that somebody named, else the first of the common names."""
    if named is not None:
        found = [name for name in table.columns if name.casefold() == named.strip().casefold()]
        if not found:
            cause, remedy = f"it has no column {named}", f"it has: {', '.join(table.columns[:20]) or 'none'}"
            raise DaemonError(table.operation, table.path, cause, remedy)
        return found[0]
    known = {plain(name): name for name in reversed(table.columns)}
    return next((known[name] for name in common if name in known), None)


def _expected(
    row: Row, accession: str | None, file: str | None, time: str | None, path: Path, zone: ZoneInfo
) -> Expected | DaemonError:
    cells = [row.cells.get(name, "") if name is not None else "" for name in (accession, file, time)]
    if not cells[0] and not cells[1]:
        return DaemonError(_OPERATION, path, f"{row.lines}: it names no film", "fill in an accession or a file")
    if any("\n" in cell or "\r" in cell for cell in cells):
        return DaemonError(_OPERATION, path, f"{row.lines}: a line break in a cell", "mend its quotation marks")
    try:
        moment = moment_of(cells[2], zone) if cells[2] else None
    except ValueError as error:
        cause, _, remedy = str(error).partition("; ")
        return DaemonError(_OPERATION, path, f"{row.lines}: {cells[2][:40]!r}: {cause}", remedy)
    return Expected(cells[0] or None, cells[1] or None, moment)


def distinct(rows: Iterable[Expected]) -> list[Expected]:
    """Each film once: an accession by its first time; a file by its name and time, since names come again."""
    films: dict[object, Expected] = {}
    for row in rows:
        key = (row.accession, row.file, row.expected_at if row.file is not None else None)
        known = films.setdefault(key, row)
        if row.expected_at is not None and (known.expected_at is None or row.expected_at < known.expected_at):
            films[key] = row
    return list(films.values())


def judge(
    films: Sequence[Expected], there: Callable[[Expected], frozenset[State]], now: datetime, grace: timedelta
) -> Reconciled:
    """Hold films against what arrived; pure.

    Args:
        films: as `distinct` gives them.
        there: the states of whatever arrived of a film; empty: nothing did.
        now: a film is due when its time and the grace are over.
        grace: what a film may need to come.
    """
    arrived, not_scored, not_due = 0, 0, 0
    missing, times = list[Expected](), list[datetime]()
    for film in films:
        states = there(film)
        if not states and film.expected_at is not None and film.expected_at > now - grace:
            not_due += 1
            continue
        if states:
            arrived += 1
            not_scored += bool(states & (ENDED - {State.SCORED})) and not states & (PENDING | {State.SCORED})
        else:
            missing.append(film)
        if film.expected_at is not None:
            times.append(film.expected_at)
    missing.sort(key=lambda film: (film.expected_at is None, film.expected_at or now))
    return Reconciled(arrived, not_scored, missing, not_due, (min(times), max(times)) if times else None)


def reconcile(
    store: Store,
    path: Path,
    columns: Columns,
    zone: ZoneInfo,
    now: datetime,
    grace: timedelta,
    since: datetime | None,
    identity: Identity,
) -> Reconciled:
    """Hold a list against the store, and keep what came of it for the report.

    Accessions of what is missing are kept as `identity` says; what is returned names them as the list does.

    Raises:
        DaemonError: it cannot be read, has neither accessions nor file names, or no row that names a film.
    """
    rows = list(parse_expected(path, zone, columns))
    faults = [row for row in rows if isinstance(row, DaemonError)]
    films = distinct(row for row in rows if isinstance(row, Expected))
    if not films and not faults:
        raise DaemonError(_OPERATION, path, "it names no film", "export a time in which films were taken")
    kept = [film for film in films if since is None or film.expected_at is None or film.expected_at >= since]
    with store.read() as tx:
        found = judge(kept, Arrived(tx, kept, identity), now, grace)
        note = _note(roots.roots(tx), found)
    if found.expected:
        with store.write() as tx:
            missing = [film.film(identity) for film in found.missing]
            reconciliation.add(tx, now, path.name, found.expected, found.span, missing)
    return replace(found, earlier=len(films) - len(kept), faults=faults, note=note)


def _note(known: Sequence[Root], found: Reconciled) -> str | None:
    """What may lie in a folder and not be known, if anything is missing."""
    unseen = [
        root.path
        for root in known
        if root.retired_at is None
        and (
            root.state in BLIND
            or root.rescan_ended_at is None
            or (found.span is not None and root.rescan_ended_at < found.span[1])
        )
    ]
    if not found.missing or not unseen:
        return None
    where = ", ".join(unseen)
    return f"not looked at since the last of these was expected: {where}; run cxr-triage scan, then this again"
