"""Inputs -> report: counts, sentences and rows, decided here once for every format; no clock, no disk, no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from daemon.acceptance.words import acceptance_document, told_outside
from daemon.drift.judging import FolderDrift
from daemon.ledger.document import Ledger
from daemon.report.charts import Chart
from daemon.report.gallery import Gallery, gallery_of
from daemon.report.inputs import Completeness, ReportInputs, Verification
from daemon.report.pictures import charts_of
from daemon.report.rows import (
    Line,
    Marked,
    OverdueLine,
    Unscored,
    WithdrawnLine,
    line_of,
    marked_of,
    overdue_of,
    unscored_of,
    withdrawn_of,
)
from daemon.report.service import Latency, RootLine, figures_of, latency_of, reasons_of, roots_of, short_names
from daemon.report.since import Since, since_of
from daemon.report.site_figures import SiteRow, site_rows
from daemon.report.trends import Figures, Trend, trends_of
from daemon.triage.document import account_document, marked, not_scored, queue_document, queue_entry
from daemon.triage.order import Band, QueueStudy, order
from daemon.triage.rules import Site
from daemon.triage.studies import parted
from db.read_imports import ReadImport
from db.states import State
from models.bundle import GroupPolicy, OperatingPoint
from models.population import AgeGroup

LATE: Final = timedelta(minutes=5)  # a report that is written within this of its time is on time


@dataclass(frozen=True, slots=True)
class Report:
    """A finished report; times in the site's zone.

    Attributes:
        late_by: how long after `scheduled_at` it was written, None when on time or not scheduled.
        policies: of the bundle, by age group; empty where it states none.
        prevalence: the site's, as far as it is set.
        acceptance: how the bundle stands at this site, as data; `told_outside` the same in words without a name.
        site_figures: what it gave on the site's own films, for each population that was judged.
        bands: waiting studies by band, every band present; blind ones are in none.
        blind: waiting studies that are read without their scores.
        turnaround: arrival to reading, of studies first read in the window.
        read_known: False where films wait for longer than a day and nobody said that anything was read.
        expired: studies that left the queue in the window without a read.
        table: the newest table of reads of the RIS.
        ledger: what the order did to the studies that were read in the window; None where nobody knows.
        gallery: where readers disagreed with the order in the last weeks.
        since: what readers found in the window, and what is to be checked.
        rules: of this site's gate, a sentence each.
        lines, overdue, unscored, marked: the first `ReportInputs.rows` of them; the totals beside them and `waiting`
            count all. What is overdue stands in `lines` as well, at the place that the order gives it.
        studies: every waiting study, in the order of reading.
        frame: the queue document, as `queue --format json` gives it, without its `queue`: `entries` gives that.
    """

    site: str
    zone: str
    report_date: date
    window_start: datetime
    window_end: datetime
    written_at: datetime
    scheduled_at: datetime | None
    late_by: timedelta | None
    bundle_name: str | None
    bundle_sha256: str | None
    points: tuple[OperatingPoint, ...]
    policies: Mapping[AgeGroup, GroupPolicy]
    prevalence: Site
    acceptance: Mapping[str, Any]
    told_outside: str
    site_figures: tuple[SiteRow, ...]
    rules: tuple[str, ...]
    contact: str
    notices: tuple[str, ...]
    account: Mapping[str, Any]
    arrived: int | None
    read: int | None
    verification: Verification | None
    completeness: Completeness | None
    bands: Mapping[Band, int]
    blind: int
    waiting: int
    lines: tuple[Line, ...]
    overdue: tuple[OverdueLine, ...]
    overdue_total: int
    unscored: tuple[Unscored, ...]
    unscored_total: int
    marked: tuple[Marked, ...]
    marked_total: int
    withdrawn: tuple[WithdrawnLine, ...]
    charts: tuple[Chart, ...]
    turnaround: Latency | None  # None where nobody knows
    read_known: bool
    expired: int
    table: ReadImport | None
    ledger: Ledger | None
    since: Since
    gallery: Gallery
    latency: Latency | None
    reasons: tuple[tuple[State, str, int], ...]
    roots: tuple[RootLine, ...]
    drift: tuple[FolderDrift, ...]
    figures: Figures
    trends: tuple[Trend, ...]
    studies: Sequence[QueueStudy]
    frame: Mapping[str, Any]

    def entries(self) -> Iterator[dict[str, Any]]:
        """The `queue` of the document, study by study: as a whole, 100,000 of them take 200 MiB."""
        return (queue_entry(rank, study) for rank, study in enumerate(self.studies, 1))


def build_report(inputs: ReportInputs) -> Report:
    """Decide everything that the report says."""
    ranked, withdrawn = parted(inputs.studies)
    studies = list(order(ranked, inputs.served))
    account = account_document(inputs.counts, seen=inputs.seen)
    names = short_names(
        {root.path for root in inputs.health.roots} | {image.root for s in inputs.studies for image in s.images}
    )
    films = [(rank, study, image) for rank, study in enumerate(studies, 1) for _, image in not_scored((study,))]
    late_studies = [(rank, study) for rank, study in enumerate(studies, 1) if study.overdue]
    since = min((study.arrived_at for _, study in late_studies), default=inputs.written_at)
    reading = inputs.waits.reading_time(since, inputs.written_at)
    aside = [(rank, study, image) for rank, study in enumerate(studies, 1) for _, image in marked((study,))]
    bands = Counter(study.band for study in studies if not study.blind)
    earliest = min((study.arrived_at for _, study in late_studies), default=inputs.written_at)
    reading = inputs.waits.reading_time(earliest, inputs.written_at)
    late = inputs.written_at - inputs.scheduled_at if inputs.scheduled_at else None
    known = _read_known(inputs, studies)
    bundle, zone = inputs.bundle, inputs.zone
    turnaround = latency_of(inputs.reading.turnarounds) if known else None
    latency = latency_of(inputs.health.latencies)
    figures = figures_of(inputs, latency, turnaround, waiting=len(studies), overdue=len(late_studies))
    stands = acceptance_document(inputs.acceptance, zone)
    return Report(
        site=inputs.site,
        zone=zone.key,
        report_date=inputs.report_date,
        window_start=inputs.window_start.astimezone(zone),
        window_end=inputs.window_end.astimezone(zone),
        written_at=inputs.written_at.astimezone(zone),
        scheduled_at=inputs.scheduled_at.astimezone(zone) if inputs.scheduled_at else None,
        late_by=late if late is not None and late > LATE else None,
        bundle_name=bundle.name if bundle else None,
        bundle_sha256=bundle.model_sha256 if bundle else None,
        points=tuple(sorted(inputs.points.values(), key=lambda point: point.population)),
        policies=inputs.policies,
        prevalence=inputs.prevalence,
        acceptance=stands,
        told_outside=told_outside(inputs.acceptance, zone),
        site_figures=site_rows(inputs.acceptance, inputs.points, inputs.prevalence),
        rules=tuple(inputs.rules),
        contact=inputs.contact,
        notices=tuple(inputs.notices),
        account=account,
        arrived=inputs.arrived,
        read=inputs.read,
        verification=inputs.verification,
        completeness=_completeness(inputs.completeness, zone),
        bands={band: bands[band] for band in Band},
        blind=sum(study.blind for study in studies),
        waiting=len(studies),
        lines=tuple(line_of(rank, study, names, inputs) for rank, study in enumerate(studies[: inputs.rows], 1)),
        overdue=tuple(overdue_of(rank, study, names, inputs, reading) for rank, study in late_studies[: inputs.rows]),
        overdue_total=len(late_studies),
        unscored=tuple(unscored_of(rank, study, image, names) for rank, study, image in films[: inputs.rows]),
        unscored_total=len(films),
        marked=tuple(marked_of(rank, study, image, names) for rank, study, image in aside[: inputs.rows]),
        marked_total=len(aside),
        withdrawn=tuple(withdrawn_of(study, names, zone) for study in sorted(withdrawn, key=lambda study: study.study)),
        charts=charts_of(studies, inputs),
        turnaround=turnaround,
        read_known=known,
        expired=inputs.reading.expired,
        table=inputs.reading.table,
        ledger=inputs.ledger if known else None,
        since=since_of(inputs, names),
        gallery=gallery_of(inputs, names),
        latency=latency,
        reasons=reasons_of(inputs.health),
        roots=roots_of(inputs, names),
        drift=tuple(sorted(inputs.drift.values(), key=lambda found: found.path)),
        figures=figures,
        trends=trends_of(inputs.report_date, {**inputs.nights, inputs.report_date: figures}),
        studies=studies,
        frame=queue_document(
            studies,
            limit=0,
            generated_at=inputs.written_at,
            bundle=bundle,
            account=account,
            site=inputs.prevalence,
            withdrawn=withdrawn,
            acceptance=stands,
        ),
    )


def _read_known(inputs: ReportInputs, studies: Sequence[QueueStudy]) -> bool:
    """Whether anybody tells what is read: not where films wait for longer than a day, and nobody did."""
    old = any(study.arrived_at < inputs.window_end - timedelta(days=1) for study in studies)
    return inputs.reading.read_lately or not old


def _completeness(found: Completeness | None, zone: ZoneInfo) -> Completeness | None:
    """The same, with times in the site's zone."""
    if found is None:
        return None
    missing = [
        replace(film, expected_at=film.expected_at.astimezone(zone)) if film.expected_at else film
        for film in found.missing
    ]
    span = (found.span[0].astimezone(zone), found.span[1].astimezone(zone)) if found.span else None
    return replace(found, checked_at=found.checked_at.astimezone(zone), missing=missing, span=span)
