"""Reads out of the store what was read for the first time within a span, as the list would show it now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from daemon.acceptance.standing import Acceptance
from daemon.ledger.moves import Reading
from daemon.triage.site import Department
from daemon.waiting import studies_of
from db import blind_cases, queue, window


def readings_of(
    tx: Connection, department: Department, start: datetime, end: datetime, acceptance: Acceptance | None = None
) -> list[Reading]:
    """Studies first read within the span; backlog, and what its sender took back, is left out.

    Band and urgency are those of now: a verdict or a late image can have changed them since. Studies that were drawn to
    be read blind have none, whether or not there is a verdict: their scores gave them no place.

    Args:
        tx: the transaction.
        department: what the site says of itself.
        start, end: of the span.
        acceptance: how the bundle in use stands; None: the store is asked.
    """
    first = window.first_reads(tx, start, end)
    if not first:
        return []
    rows = queue.images_of(tx, window.read_first(start, end))
    ids = {row.study_key: row.study_id for row in rows}
    drawn = blind_cases.drawn(tx)
    return [
        Reading(
            study=study.study,
            accession=study.accession,
            band=None if study.blind or ids[study.study] in drawn else study.band,
            urgency=study.urgency,
            arrived_at=study.arrived_at,
            read_at=first[ids[study.study]],
        )
        for study in studies_of(tx, rows, department, end, acceptance)
        if not study.withdrawn and not study.backlog and study.arrived_at <= first[ids[study.study]]
    ]
