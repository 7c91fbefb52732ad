"""A ledger as the page's table of places gained and lost: rows, lines and sentences, times in the site's zone; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from daemon.ledger.document import ledger_notes
from daemon.ledger.summary import BLIND, OBSERVED, Ledger, Moved, Side

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from daemon.triage.order import Urgency

MEANING: Final = {BLIND: "blind", OBSERVED: "only observed"}


@dataclass(frozen=True, slots=True)
class Change:
    """What those of a group gained, or lost, without a sign; see `daemon.ledger.summary.Side`."""

    studies: int
    mean: timedelta
    median: timedelta
    p95: timedelta
    largest: timedelta
    places: float


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One group; `band` is the name of a band, or None where the group is none."""

    name: str
    band: str | None
    studies: int
    gained: Change | None
    lost: Change | None


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One study that lost; `lost` and `places` without a sign, times in the site's zone."""

    study: str
    accession: str | None
    name: str
    band: str | None
    urgency: Urgency
    arrived_at: datetime
    first_come_at: datetime
    read_at: datetime
    lost: timedelta
    places: int


@dataclass(frozen=True, slots=True)
class Balance:
    """The table.

    Attributes:
        bands, urgencies: a row for each of which a study was read.
        paid: the studies that lost most, the most first.
        notes: what is not compared, a sentence each.
        ledger: all of it.
    """

    studies: int
    whole: BalanceRow
    bands: tuple[BalanceRow, ...]
    urgencies: tuple[BalanceRow, ...]
    paid: tuple[PaidLine, ...]
    notes: tuple[str, ...]
    ledger: Ledger


def balance_of(ledger: Ledger | None, zone: ZoneInfo) -> Balance | None:
    """None where there is no ledger."""
    if ledger is None:
        return None
    return Balance(
        studies=len(ledger.studies),
        whole=_row("all", None, ledger.whole),
        bands=tuple(_row(_named(name), _band(name), found) for name, found in ledger.by_group.items()),
        urgencies=tuple(_row(name, None, found) for name, found in ledger.by_urgency.items()),
        paid=tuple(_paid(ledger, zone)),
        notes=tuple(ledger_notes(ledger)),
        ledger=ledger,
    )


def _band(group: str) -> str | None:
    return None if group in MEANING else group


def _named(group: str) -> str:
    return MEANING.get(group, group)


def _row(name: str, band: str | None, found: Moved) -> BalanceRow:
    return BalanceRow(name, band, found.studies, _change(found.gained), _change(found.lost))


def _change(side: Side | None) -> Change | None:
    if side is None:
        return None
    return Change(
        studies=side.studies,
        mean=timedelta(minutes=side.mean),
        median=timedelta(minutes=side.median),
        p95=timedelta(minutes=side.p95),
        largest=timedelta(minutes=side.largest),
        places=side.places,
    )


def _paid(ledger: Ledger, zone: ZoneInfo) -> Iterator[PaidLine]:
    for placed in ledger.paid_most:
        read = placed.read
        yield PaidLine(
            study=read.study,
            accession=read.accession,
            name=_named(read.group),
            band=_band(read.group),
            urgency=read.urgency,
            arrived_at=read.arrived_at.astimezone(zone),
            first_come_at=placed.first_come_at.astimezone(zone),
            read_at=read.read_at.astimezone(zone),
            lost=-timedelta(minutes=placed.minutes),
            places=-placed.places,
        )
