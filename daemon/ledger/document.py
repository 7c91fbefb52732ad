"""A ledger as a document, as rows and as lines for a terminal; a study that is blind has no band in any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from daemon.ledger.summary import BLIND, OBSERVED, Ledger, Moved, Side
from daemon.triage.document import cell, instant

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from daemon.ledger.places import Placed

SCHEMA: Final = 1
ROW: Final = (
    *("study", "accession", "band", "blind", "observed", "urgency", "arrived_at", "read_at", "first_come_at"),
    *("place", "first_come_place", "places_gained", "minutes_gained"),
)
NAMES: Final = {"in_turn": "in turn"}
NOTHING: Final = "nobody said of any study that it was read: there is nothing to compare"


def ledger_document(ledger: Ledger, now: datetime) -> dict[str, Any]:
    """What `ledger --format json` prints: the summary, and every study."""
    head = {"schema": SCHEMA, "generated_at": instant(now)}
    window = {"window_start": instant(ledger.start), "window_end": instant(ledger.end)}
    return {**head, **window, **ledger_summary(ledger), "studies": [ledger_entry(each) for each in ledger.studies]}


def ledger_summary(ledger: Ledger) -> dict[str, Any]:
    """Who gained and who lost, in all, by band and by urgency, and the studies that paid most."""
    return {
        "all": _moved(ledger.whole),
        "by_band": {name: _moved(found) for name, found in ledger.by_group.items()},
        "by_urgency": {name: _moved(found) for name, found in ledger.by_urgency.items()},
        "left_out": asdict(ledger.left_out),
        "passed_over": ledger.passed_over,
        "never_marked_read": ledger.expired,
        "paid_most": [ledger_entry(each) for each in ledger.paid_most],
    }


def ledger_entry(placed: Placed) -> dict[str, Any]:
    """One study, by `ROW`."""
    read = placed.read
    return {
        "study": read.study,
        "accession": read.accession,
        "band": None if read.group == BLIND else "unscored" if read.group == OBSERVED else read.group,
        "blind": read.group == BLIND,
        "observed": read.group == OBSERVED,
        "urgency": str(read.urgency),
        "arrived_at": instant(read.arrived_at),
        "read_at": instant(read.read_at),
        "first_come_at": instant(placed.first_come_at),
        "place": placed.place,
        "first_come_place": placed.first_come_place,
        "places_gained": placed.places,
        "minutes_gained": round(placed.minutes, 1),
    }


def _moved(found: Moved) -> dict[str, Any]:
    return {
        "studies": found.studies,
        "gained": _side(found.gained),
        "lost": _side(found.lost),
        "minutes_gained": round(found.minutes, 1) + 0.0,  # no -0.0
    }


def _side(found: Side | None) -> dict[str, Any] | None:
    if found is None:
        return None
    minutes = {name: round(getattr(found, name), 1) for name in ("mean", "median", "p95", "largest")}
    places = {"mean": round(found.places, 1), "largest": found.most_places}
    return {"studies": found.studies, "minutes": minutes, "places": places}


def ledger_rows(document: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """One row a study, as text that is safe to open in a spreadsheet."""
    for entry in document["studies"]:
        yield {name: cell(entry[name]) for name in ROW}


def ledger_lines(ledger: Ledger, zone: ZoneInfo) -> Iterator[str]:
    """The same as a table for people; times in the site's zone."""
    start, end = (f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}" for moment in (ledger.start, ledger.end))
    yield f"Places gained and lost against first come, first served: read from {start} to {end}"
    yield ""
    if ledger.studies:
        yield f"{'':<10}{'read':>7}   {'gained: mean/median/p95/most, min':<38} lost: mean/median/p95/most, min"
        yield _line("all", ledger.whole)
        for group, found in ledger.by_group.items():
            yield _line(NAMES.get(group, group), found)
        yield ""
        for urgency, found in ledger.by_urgency.items():
            yield _line(urgency, found)
    else:
        yield NOTHING
    if ledger.paid_most:
        yield ""
        yield "Who paid most:"
        yield from _paid(ledger.paid_most, zone)
    if notes := list(ledger_notes(ledger)):
        yield ""
        yield from notes


def ledger_notes(ledger: Ledger) -> Iterator[str]:
    """What the figures leave out, a sentence each."""
    left = ledger.left_out
    for number, words in (
        (left.backlog, "in its folder when that was first looked at: nobody knows since when"),
        (left.early, "read before its film came here: the list had no part in it"),
        (left.withdrawn, "withdrawn by its sender before it was marked as read"),
        (ledger.passed_over, "unread, though others that came later were read"),
    ):
        if number:
            yield f"Not compared: {number:,} x {words}."
    if ledger.expired:
        yield f"Never marked read: {ledger.expired:,} x left the list since nobody said that it was read."


def _line(name: str, found: Moved) -> str:
    return f"{name:<10}{found.studies:>7,}   {_cells(found.gained):<38} {_cells(found.lost)}".rstrip()


def _cells(side: Side | None) -> str:
    if side is None:
        return "none"
    minutes = " / ".join(f"{value:,.0f}" for value in (side.mean, side.median, side.p95, side.largest))
    return f"{side.studies:,}: {minutes}"


def _paid(studies: Sequence[Placed], zone: ZoneInfo) -> Iterator[str]:
    yield f"  {'study':<10} {'band':<9} {'urgency':<8} {'came':<12} {'read':<12} {'places':>7} {'minutes':>8}"
    for each in studies:
        read = each.read
        came, done = (f"{moment.astimezone(zone):%m-%d %H:%M}" for moment in (read.arrived_at, read.read_at))
        yield (
            f"  {read.study:<10} {NAMES.get(read.group, read.group):<9} {read.urgency:<8} {came:<12} {done:<12} "
            f"{each.places:>7,} {each.minutes:>8,.0f}"
        )
