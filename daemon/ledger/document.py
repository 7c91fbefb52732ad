"""The ledger as plain data and as lines, as `ledger` prints it and the report shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from daemon.ledger.moves import Move, Reading, Sum, moves, paid_most, sum_of
from daemon.triage.cells import cell, instant
from daemon.triage.order import Band, Urgency

SCHEMA: Final = 1
MOST: Final = 10  # single studies that are named
BLIND: Final = "blind"
ROW: Final = (
    "study",
    "accession",
    "band",
    "urgency",
    "arrived_at",
    "read_at",
    "place",
    "place_by_arrival",
    "places_gained",
    "minutes_gained",
)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the order did within a span.

    Attributes:
        start, end: aware; start included, end not.
        moves: in the order of reading.
        all: None where nothing was read.
        bands, urgencies: by name; those without a study are left out. Studies that were drawn to be read blind are a
            group of their own.
        most: the studies that lost the most time.
    """

    start: datetime
    end: datetime
    moves: tuple[Move, ...]
    all: Sum | None
    bands: tuple[tuple[str, Sum], ...]
    urgencies: tuple[tuple[str, Sum], ...]
    most: tuple[Move, ...]


def ledger_of(readings: Iterable[Reading], start: datetime, end: datetime) -> Ledger:
    """Work it out."""
    found = moves(readings)
    return Ledger(
        start=start,
        end=end,
        moves=tuple(found),
        all=sum_of(found),
        bands=_parted([(band_of(move), move) for move in found], [*map(str, Band), BLIND]),
        urgencies=_parted([(str(move.reading.urgency), move) for move in found], [*map(str, Urgency)]),
        most=tuple(paid_most(found, MOST)),
    )


def band_of(move: Move) -> str:
    """The band as data name it; `blind` for what was read without a score."""
    return BLIND if move.reading.band is None else str(move.reading.band)


def _parted(found: Sequence[tuple[str, Move]], names: Sequence[str]) -> tuple[tuple[str, Sum], ...]:
    sums = ((name, sum_of([move for group, move in found if group == name])) for name in names)
    return tuple((name, each) for name, each in sums if each is not None)


def ledger_document(ledger: Ledger) -> dict[str, Any]:
    """What `ledger --format json` prints, and the report's data hold; minutes gained, less than none where lost."""
    return {
        "start": instant(ledger.start),
        "end": instant(ledger.end),
        "all": None if ledger.all is None else _sum(ledger.all),
        "bands": {name: _sum(each) for name, each in ledger.bands},
        "urgencies": {name: _sum(each) for name, each in ledger.urgencies},
        "paid_most": [_entry(move) for move in ledger.most],
    }


def ledger_rows(ledger: Ledger) -> Iterator[dict[str, str]]:
    """One row a study under the names of `ROW`, as cells of a CSV that is safe to open."""
    for move in ledger.moves:
        yield {name: cell(value) for name, value in _entry(move).items()}


def ledger_lines(ledger: Ledger) -> Iterator[str]:
    """For a terminal."""
    if ledger.all is None:
        yield "No study was read for the first time."
        return
    yield f"{ledger.all.studies} studies were read for the first time; against first come, first served:"
    yield ""
    yield f"{'':<11} studies  earlier  later      mean    median  most gained  most lost"
    for name, each in (("all", ledger.all), *ledger.bands, *ledger.urgencies):
        yield (
            f"{name.replace('_', ' '):<11}{each.studies:>8}{each.earlier:>9}{each.later:>7}{signed(each.mean):>10}"
            f"{signed(each.median):>10}{signed(each.most_gained):>13}{signed(-each.most_lost):>11}"
        )
    if ledger.most:
        yield ""
        yield "Who lost the most:"
        for move in ledger.most:
            name = move.reading.accession or move.reading.study
            yield f"  {name}: {signed(move.gained)}, {-move.places} places, {band_of(move).replace('_', ' ')}"


def signed(span: timedelta) -> str:
    """Whole minutes with a sign, such as +12 min; 0 min without one."""
    minutes = round(span / timedelta(minutes=1))
    return f"{minutes:+,} min" if minutes else "0 min"


def _sum(each: Sum) -> dict[str, Any]:
    return {
        "studies": each.studies,
        "earlier": each.earlier,
        "later": each.later,
        "mean_minutes_gained": _minutes(each.mean),
        "median_minutes_gained": _minutes(each.median),
        "most_minutes_gained": _minutes(each.most_gained),
        "most_minutes_lost": _minutes(each.most_lost),
        "mean_places_gained": round(each.places, 2),
    }


def _entry(move: Move) -> dict[str, Any]:
    return {
        "study": move.reading.study,
        "accession": move.reading.accession,
        "band": band_of(move),
        "urgency": str(move.reading.urgency),
        "arrived_at": instant(move.reading.arrived_at),
        "read_at": instant(move.reading.read_at),
        "place": move.place,
        "place_by_arrival": move.by_arrival,
        "places_gained": move.places,
        "minutes_gained": _minutes(move.gained),
    }


def _minutes(span: timedelta) -> float:
    return round(span / timedelta(minutes=1), 1)
