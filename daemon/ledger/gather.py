"""Asks the store for the studies that were first read in a window: when they came, and what they were ranked by.

A study is what it was when it was read: films that came later, and withdrawals since, are not counted. Its band is that
of its scores, by the settings of today. A study that is blind today has no band here, whatever it scored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from daemon.ledger.places import Read, placed
from daemon.ledger.summary import Ledger, LeftOut, group_of
from daemon.triage.site import Department, requested
from daemon.triage.studies import gather
from daemon.waiting import rules_of_row
from db import closing, first_reads, results

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from db.records import WaitingImage


@dataclass(frozen=True, slots=True)
class FirstRead:
    """What was first read in a window.

    Attributes:
        images: that had come by then, of all studies below but those that were read before their first film came.
        read_at: by the study's key.
    """

    images: Sequence[WaitingImage]
    read_at: Mapping[str, datetime]


def ledger_of(tx: Connection, department: Department, start: datetime, end: datetime) -> Ledger:
    """The ledger of a window.

    Args:
        tx: the transaction.
        department: what the site says of itself.
        start, end: aware; a study belongs to the window in which it was first read.
    """
    expired = closing.expired(tx, start, end)
    seen = first_read(tx, start, end)
    if not seen.read_at:
        return Ledger(start, end, expired=expired)
    rules = {bundle_id: rules_of_row(row, department.prevalence) for bundle_id, row in results.bundles(tx).items()}
    studies = requested(gather(seen.images, rules.__getitem__, department.observed), department)
    live = [study for study in studies if not study.withdrawn]
    reads = [
        Read(study.study, study.accession, group_of(study), study.urgency, study.arrived_at, seen.read_at[study.study])
        for study in live
        if not study.backlog
    ]
    reads.sort(key=lambda read: (read.read_at, read.arrived_at, read.study))
    newest = max((read.arrived_at for read in reads), default=None)
    early = len(seen.read_at) - len(studies)
    return Ledger(
        start,
        end,
        placed(reads),
        LeftOut(backlog=len(live) - len(reads), early=early, withdrawn=len(studies) - len(live)),
        passed_over=0 if newest is None else first_reads.passed_over(tx, newest, end),
        expired=expired,
    )


def first_read(tx: Connection, start: datetime, end: datetime) -> FirstRead:
    """The studies that were first read in a window."""
    moments = first_reads.moments(tx, start, end)
    images = first_reads.images(tx, start, end) if moments else []
    read_at = {image.study_key: moments[image.study_id] for image in images}
    return FirstRead(list(_as_they_were(images, moments)), read_at)


def _as_they_were(images: Iterable[WaitingImage], moments: Mapping[int, datetime]) -> Iterator[WaitingImage]:
    """The images that had come when their study was read; a study of which none had was read before it came."""
    for image in images:
        read_at = moments[image.study_id]
        if image.arrived_at <= read_at:
            since = image.withdrawn_at is not None and image.withdrawn_at > read_at
            yield replace(image, withdrawn_at=None) if since else image
