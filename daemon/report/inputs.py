"""What a report is made from; whoever asks for one gathers this, from the store, the disk and the clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from daemon.acceptance.standing import NOBODY, Acceptance
from daemon.drift.judging import FolderDrift
from daemon.ledger.document import Ledger
from daemon.report.since import Lately
from daemon.report.trends import Figures
from daemon.triage.order import QueueStudy, Urgency
from daemon.triage.rules import Site
from daemon.triage.waits import Waits
from db.read_imports import ReadImport
from db.reconciliation import ExpectedFilm
from db.records import BundleRow
from db.states import RootState, State
from models.bundle import GroupPolicy, OperatingPoint
from models.population import AgeGroup, Population

ROWS: Final = 1000  # studies that the page lists: 30 sheets of paper; the data files list all of them


@dataclass(frozen=True, slots=True)
class Verification:
    """What `account --verify` found when it compared disk, arrivals and history.

    Attributes:
        checked_at: aware.
        discrepancies: one sentence each; empty when all is well.
        unseen: files newer than the last rescan, which are no discrepancy.
    """

    checked_at: datetime
    discrepancies: Sequence[str] = ()
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Completeness:
    """What came of holding a list of the RIS against what arrived.

    Attributes:
        source: the name of the list's file.
        checked_at: when it was imported, aware.
        expected: films on it that were due.
        missing: those of them that are not there, looked for again when the report was made.
        span: the first and the last time that its films carry, aware; None where none does.
    """

    source: str
    checked_at: datetime
    expected: int
    missing: Sequence[ExpectedFilm] = ()
    span: tuple[datetime, datetime] | None = None

    @property
    def arrived(self) -> int:
        """How many of those that were due are there by now."""
        return self.expected - len(self.missing)


@dataclass(frozen=True, slots=True)
class Reading:
    """What became known of reading within the report's window.

    Attributes:
        turnarounds: seconds from arrival to reading, one for each study first read; backlog is left out.
        expired: studies that left the queue without anybody having said that they were read.
        read_lately: whether anybody said of any study that it was read, within the last day of the window.
        table: what came of the newest table of reads of the RIS, or None.
    """

    turnarounds: Sequence[float] = ()
    expired: int = 0
    read_lately: bool = True
    table: ReadImport | None = None


@dataclass(frozen=True, slots=True)
class RootHealth:
    """How one watched folder fared.

    Attributes:
        path: absolute.
        state, message: as the store knows them.
        films: arrivals within the report's window.
        last_film_at: the newest arrival ever, or None.
        rescanned_at: the end of the last complete rescan, or None.
        blind_minutes: of the window, in which it could not be seen.
    """

    path: str
    state: RootState = RootState.WATCHED
    message: str | None = None
    films: int = 0
    last_film_at: datetime | None = None
    rescanned_at: datetime | None = None
    blind_minutes: float = 0.0


@dataclass(frozen=True, slots=True)
class Health:
    """How the service itself fared within the report's window.

    Attributes:
        latencies: seconds from arrival to score, one for each film scored; backlog is better left out.
        reasons: (refused or failed, code) -> films.
        roots: every watched folder.
    """

    latencies: Sequence[float] = ()
    reasons: Mapping[tuple[State, str], int] = field(default_factory=dict)
    roots: Sequence[RootHealth] = ()


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """Everything that stands in a report; times are aware, in any zone.

    Attributes:
        site: its name, may be empty.
        zone: the site's; every time of the report is shown in it.
        report_date: names the report; the site's calendar.
        window_start, window_end: what "in this window" means, start included, end not.
        written_at: now; waiting is counted up to it.
        counts: arrivals by state, over all time.
        studies: every waiting study, in any order.
        served: the urgencies of which an overdue study was read last; see `daemon.triage.order.order`.
        bundle: the newest that scored, None before the first score.
        points, policies: the operating points of `bundle`, and what it says of each age group.
        prevalence: what the site has set.
        logits: quantiles of the bundle's own films, as far as it states them.
        waits: how long a study may wait at this site.
        seen: how many arrivals the history knows, counted apart from `counts`; None: not counted.
        arrived, read: films that arrived, studies that were read within the window; None: not counted.
        scheduled_at: when the report was due, None when somebody asked for it.
        verification: None when it did not run.
        completeness: None when no list speaks of the window.
        drift: of each watched folder, by its id in the store.
        acceptance: how the bundle stands at this site.
        rules: of the site's gate, a sentence each: what is taken, refused, marked.
        reading: what became known of reading.
        nights: what was counted in the nights before, as far as it was kept.
        ledger: what the order did to the studies that were read; None: not worked out.
        judged: studies with a verdict in the last weeks, for the gallery of disagreements.
        lately: what left the queue since the window began, and what readers found.
        contact: whom people call when the service is down; may be empty.
        notices: sentences that belong on top, such as a folder that is away or a run that ended without its stop.
        rows: how many studies, and how many films without a score, the page lists.
    """

    site: str
    zone: ZoneInfo
    report_date: date
    window_start: datetime
    window_end: datetime
    written_at: datetime
    counts: Mapping[State, int]
    studies: Sequence[QueueStudy]
    served: Collection[Urgency] = ()
    bundle: BundleRow | None = None
    points: Mapping[Population, OperatingPoint] = field(default_factory=dict)
    policies: Mapping[AgeGroup, GroupPolicy] = field(default_factory=dict)
    prevalence: Site = field(default_factory=dict)
    logits: Mapping[Population, Sequence[float]] = field(default_factory=dict)
    waits: Waits = field(default_factory=Waits)
    seen: int | None = None
    arrived: int | None = None
    read: int | None = None
    scheduled_at: datetime | None = None
    verification: Verification | None = None
    completeness: Completeness | None = None
    reading: Reading = field(default_factory=Reading)
    nights: Mapping[date, Figures] = field(default_factory=dict)
    ledger: Ledger | None = None
    judged: Lately = field(default_factory=Lately)
    lately: Lately = field(default_factory=Lately)
    health: Health = field(default_factory=Health)
    drift: Mapping[int, FolderDrift] = field(default_factory=dict)
    acceptance: Acceptance = NOBODY
    rules: Sequence[str] = ()
    contact: str = ""
    notices: Sequence[str] = ()
    rows: int = ROWS
