"""Collects what a report is made from, out of the store, the disk and the clock."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from daemon.acceptance.asked import in_force
from daemon.acceptance.words import warnings
from daemon.deliver import standing
from daemon.drift.gather import drift_of, told_by
from daemon.followup.arrived import Arrived, expected_of
from daemon.health import DaemonState, process_exists, state_of
from daemon.intake.audit import verify
from daemon.ledger.document import ledger_of
from daemon.ledger.reading import readings_of
from daemon.report.gather_since import judged_of, lately_of
from daemon.report.inputs import Completeness, Health, Reading, ReportInputs, RootHealth, Verification
from daemon.report.trends import FIGURES, NIGHTS, Figures
from daemon.settings import Settings
from daemon.waiting import Kept, kept_of, served_of, waiting_studies
from db import blind, closing, history, queue, read_imports, reconciliation, reports, results, roots, runs, window
from db.identity import Identity, in_clear
from db.key_file import holds_hashes
from db.reconciliation import ExpectedFilm
from db.records import BundleRow
from db.states import BLIND, ExpectedKind, RootState
from models.population import Population

A_DAY: Final = timedelta(days=1)  # in which somebody reads something, wherever films are read


def gather(
    tx: Connection,
    settings: Settings,
    report_date: date,
    span: tuple[datetime, datetime],
    scheduled_at: datetime | None,
    now: datetime,
    identity: Identity,
) -> ReportInputs:
    """Everything that stands in the report of a date."""
    start, end = span
    site, department = settings.prevalence.site, settings.department
    bundle = results.newest_bundle(tx)
    acceptance = in_force(tx, now)
    kept = kept_of(bundle, acceptance) if bundle else Kept()
    audit = verify(tx)
    sentences = [f"{each.kind}: {each.subject}: {each.text}" for each in audit.discrepancies]
    return ReportInputs(
        site=settings.report.site,
        zone=ZoneInfo(settings.report.zone),
        report_date=report_date,
        window_start=start,
        window_end=end,
        written_at=now,
        counts=queue.account(tx),
        studies=waiting_studies(tx, department, now, acceptance=acceptance),
        served=served_of(tx, department),
        bundle=bundle,
        points=kept.points,
        policies=kept.policies,
        prevalence=site,
        logits=_logits(bundle),
        waits=department.waits,
        seen=history.arrivals_known(tx),
        arrived=window.arrived(tx, start, end),
        read=window.studies_read(tx, start, end),
        scheduled_at=scheduled_at,
        verification=Verification(now, sentences, audit.unseen),
        completeness=completeness_of(tx, start, end, identity),
        reading=_reading(tx, start, end),
        nights=nights_of(tx, settings.report.site, report_date),
        ledger=ledger_of(readings_of(tx, department, start, end, acceptance), start, end),
        lately=lately_of(tx, settings, start, end, acceptance),
        judged=judged_of(tx, settings, end, acceptance),
        health=_health(tx, start, end),
        drift=drift_of(tx, end, ZoneInfo(settings.report.zone), settings.report.time),
        rules=settings.gate.policy.sentences(),
        contact=settings.report.contact,
        acceptance=acceptance,
        notices=(*warnings(acceptance, department.waits.zone), *_notices(tx, now, identity)),
    )


def _logits(bundle: BundleRow | None) -> dict[Population, tuple[float, ...]]:
    """Quantiles of the bundle's own films, where it states them."""
    stated = told_by(bundle.document) if bundle else {}
    return {
        who: stated[who].quantiles["logit"] for who in Population if who in stated and "logit" in stated[who].quantiles
    }


def nights_of(tx: Connection, site: str, report_date: date) -> dict[date, Figures]:
    """What was counted in the nights before a date; what cannot be read is left out, as if it had not been kept."""
    kept = reports.figures(tx, site, report_date - timedelta(days=NIGHTS - 1), report_date - timedelta(days=1))
    found: dict[date, Figures] = {}
    for day, text in kept.items():
        try:
            found[day] = {name: float(value) for name, value in json.loads(text).items() if name in FIGURES}
        except (ValueError, TypeError, AttributeError):
            continue
    return found


def completeness_of(tx: Connection, start: datetime, end: datetime, identity: Identity) -> Completeness | None:
    """What the newest list that speaks of a window says; what came after it was imported is not missing any more."""
    held = reconciliation.newest_touching(tx, start, end)
    if held is None:
        return None
    missing = reconciliation.missing_of(tx, held.id)
    films = [expected_of(film) for film in missing]
    arrived = Arrived(tx, films, identity)
    first, last = held.first_expected_at, held.last_expected_at
    return Completeness(
        source=held.source,
        checked_at=held.at,
        expected=held.expected,
        missing=[_named(film) for film, wanted in zip(missing, films, strict=True) if not arrived(wanted)],
        span=(first, last) if first is not None and last is not None else None,
    )


def _named(film: ExpectedFilm) -> ExpectedFilm:
    """A missing film without the hash of its accession, which names it to nobody."""
    return replace(film, key=in_clear(film.key) or "") if film.kind is ExpectedKind.ACCESSION else film


def _reading(tx: Connection, start: datetime, end: datetime) -> Reading:
    return Reading(
        turnarounds=window.turnarounds(tx, start, end),
        expired=closing.expired(tx, start, end),
        read_lately=window.studies_read(tx, end - A_DAY, end) > 0,
        table=read_imports.newest(tx),
    )


def _health(tx: Connection, start: datetime, end: datetime) -> Health:
    films = Counter(window.arrivals_by_root(tx, start, end))
    newest = window.newest_by_root(tx)
    unseen = blind.minutes(tx, start, end)
    return Health(
        latencies=window.latencies(tx, start, end),
        reasons=window.reasons(tx, start, end),
        roots=[
            RootHealth(
                path=root.path,
                state=root.state,
                message=root.message,
                films=films[root.id],
                last_film_at=newest.get(root.id),
                rescanned_at=root.rescan_ended_at,
                blind_minutes=unseen.get(root.id, 0.0),
            )
            for root in roots.roots(tx)
            if root.retired_at is None or films[root.id]
        ],
    )


def _notices(tx: Connection, now: datetime, identity: Identity) -> Iterable[str]:
    """What a reader must know before the list is believed."""
    run = runs.last(tx)
    state = state_of(run, now, alive=run is not None and process_exists(run.pid, run.host))
    if state in (DaemonState.DIED, DaemonState.SILENT):
        yield "The service that watches the folders does not answer: films that arrived since are not in this list."
    for root in roots.roots(tx):
        if root.retired_at is not None:
            continue
        if root.state in BLIND:
            yield f"The folder {root.path} cannot be seen: films in it are not in this list."
        elif root.state is RootState.READ_ONLY:
            yield f"The folder {root.path} cannot be written to: no film can be put there."
    if identity.key is None and holds_hashes(tx):
        yield "The key of the database cannot be read: films whose accessions are kept as hashes count as missing."
    yield from standing.sentences(tx, now)
