"""Asks the store for the studies that were first read in a window: when they came, and what they were ranked by.

A study is what it was when it was read: films that came later, and withdrawals since, are not counted. Its band is that
of its scores, by the settings of today. A study that is blind today has no band here, whatever it scored.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from daemon.ledger.places import Read, placed
from daemon.ledger.summary import BLIND, OBSERVED, Ledger, LeftOut
from daemon.triage.site import Department
from daemon.triage.site import placed as with_urgency
from daemon.triage.studies import gather
from daemon.waiting import rules_of_row
from db import closing, first_reads, results

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection

    from daemon.triage.order import QueueStudy
    from db.records import WaitingImage


def ledger_of(tx: Connection, department: Department, start: datetime, end: datetime) -> Ledger:
    """The ledger of a window.

    Args:
        tx: the transaction.
        department: what the site says of itself.
        start, end: aware; a study belongs to the window in which it was first read.
    """
    moments = first_reads.moments(tx, start, end)
    expired = closing.expired(tx, start, end)
    if not moments:
        return Ledger(start, end, expired=expired)
    rules = {bundle_id: rules_of_row(row, department.prevalence) for bundle_id, row in results.bundles(tx).items()}
    images = first_reads.images(tx, start, end)
    read_at = {image.study_key: moments[image.study_id] for image in images}
    came = _as_they_were(images, moments)
    studies = with_urgency(gather(came, rules.__getitem__, department.observed), department, end)
    live = [study for study in studies if not study.withdrawn]
    reads = [
        Read(study.study, study.accession, group_of(study), study.urgency, study.arrived_at, read_at[study.study])
        for study in live
        if not study.backlog
    ]
    reads.sort(key=lambda read: (read.read_at, read.arrived_at, read.study))
    newest = max((read.arrived_at for read in reads), default=None)
    return Ledger(
        start,
        end,
        placed(reads),
        LeftOut(backlog=len(live) - len(reads), early=len(read_at) - len(studies), withdrawn=len(studies) - len(live)),
        passed_over=0 if newest is None else first_reads.passed_over(tx, newest, end),
        expired=expired,
    )


def group_of(study: QueueStudy) -> str:
    """What a study is counted by."""
    if study.blind:
        return BLIND
    return OBSERVED if study.images[0].observed else str(study.band)


def _as_they_were(images: Iterable[WaitingImage], moments: Mapping[int, datetime]) -> Iterator[WaitingImage]:
    """The images that had come when their study was read; a study of which none had was read before it came."""
    for image in images:
        read_at = moments[image.study_id]
        if image.arrived_at <= read_at:
            since = image.withdrawn_at is not None and image.withdrawn_at > read_at
            yield replace(image, withdrawn_at=None) if since else image
