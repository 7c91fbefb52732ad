"""Reads the waiting studies out of the store and puts them in order: what `queue`, `report` and the demo show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select

from daemon.acceptance.asked import in_force
from daemon.acceptance.rules import rules_under
from daemon.acceptance.standing import Acceptance, Identity
from daemon.acceptance.words import acceptance_document
from daemon.triage.document import account_document, queue_document
from daemon.triage.order import QueueStudy, Urgency, order
from daemon.triage.rules import Rules, Site
from daemon.triage.site import Department, placed, raised
from daemon.triage.studies import gather, parted
from db import blind_cases, history, queue, results
from db.records import BundleRow, LastRead, WaitingImage
from models.bundle import GroupPolicy, OperatingPoint, points_from_document, policies_from_document
from models.population import AgeGroup, Population


@dataclass(frozen=True, slots=True)
class Kept:
    """What a bundle that the store knows says of populations; see `models.bundle.Bundle`."""

    points: Mapping[Population, OperatingPoint] = field(default_factory=dict)
    policies: Mapping[AgeGroup, GroupPolicy] = field(default_factory=dict)


def kept_of(row: BundleRow, acceptance: Acceptance) -> Kept:
    """From the document that was kept, whether or not the bundle's folder is still there, and what was refitted."""
    document = json.loads(row.document)
    points = acceptance.applied(points_from_document(document), Identity.of(row))
    return Kept(points, policies_from_document(document))


def rules_of_row(row: BundleRow, site: Site, acceptance: Acceptance) -> Rules:
    """What the scores of a bundle that the store knows are judged by, under what the site accepted."""
    document = json.loads(row.document)
    points, policies = points_from_document(document), policies_from_document(document)
    return rules_under(points, policies, Identity.of(row), acceptance, site)


def waiting_studies(
    tx: Connection,
    department: Department,
    now: datetime,
    among: Select[tuple[int]] | None = None,
    acceptance: Acceptance | None = None,
) -> list[QueueStudy]:
    """Every study that waits, unordered; also those of which every image was taken back.

    Args:
        tx: the transaction.
        department: what the site says of itself.
        now: aware.
        among: gives ids of studies; only these are looked at.
        acceptance: how the bundle in use stands; None: the store is asked, once for all studies.
    """
    return studies_of(tx, queue.waiting(tx, among), department, now, acceptance)


def studies_of(
    tx: Connection,
    images: Sequence[WaitingImage],
    department: Department,
    now: datetime,
    acceptance: Acceptance | None = None,
) -> list[QueueStudy]:
    """The studies of some images, each judged by what is in force; the rest as for `waiting_studies`.

    A study that shares its content with a blind case is blind as well, whatever was said of it: else its score would
    tell that of the other.
    """
    if hidden := blind_cases.sharing(tx, images):
        images = [replace(image, blind=True) if image.study_id in hidden else image for image in images]
    stands = acceptance or in_force(tx, now)
    site = department.prevalence
    rules = {bundle_id: rules_of_row(row, site, stands) for bundle_id, row in results.bundles(tx).items()}
    return placed(gather(images, rules.__getitem__, department.observed), department, now)


def served_of(tx: Connection, department: Department) -> frozenset[Urgency]:
    """The urgencies of which an overdue study was read last; see `daemon.triage.order.order`."""
    waits = department.waits
    last = dict[Urgency, LastRead]()
    for read in queue.last_reads(tx, sorted(department.urgencies)):  # the newest last
        last[raised(Urgency(read.urgency), read.root_paths, department.urgencies)] = read
    served = set[Urgency]()
    for urgency, read in last.items():
        reading = waits.reading_time(read.arrived_at, read.recorded_at)
        if not read.backlog and reading.between(read.arrived_at, read.recorded_at) > waits.limit(
            urgency, read.root_paths
        ):
            served.add(urgency)
    return frozenset(served)


def account_of(tx: Connection) -> dict[str, Any]:
    """The account; `seen` is counted from the history, the states from the arrivals."""
    return account_document(queue.account(tx), seen=history.arrivals_known(tx))


def queue_of(tx: Connection, now: datetime, department: Department, limit: int | None = None) -> dict[str, Any]:
    """The document that `queue --format json` prints; probabilities at the site's prevalences where they are set."""
    acceptance = in_force(tx, now)
    ranked, withdrawn = parted(waiting_studies(tx, department, now, acceptance=acceptance))
    return queue_document(
        list(order(ranked, served_of(tx, department))),
        generated_at=now,
        bundle=results.newest_bundle(tx),
        account=account_of(tx),
        limit=limit,
        site=department.prevalence,
        withdrawn=withdrawn,
        acceptance=acceptance_document(acceptance, department.waits.zone),
    )
