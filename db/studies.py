"""Queries about studies: finding them by what a person types, marking them read, keeping verdicts."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select, update

from db import arrivals, schema
from db.errors import StoreError
from db.records import ReadEvent, Review, Study
from db.roots import roots
from db.states import ReadSource, UrgencySource, Verdict

if TYPE_CHECKING:
    from datetime import datetime

s: Final = schema.study.c
v: Final = schema.review.c
URGENCIES: Final = ("routine", "urgent", "stat")


def ensure(
    tx: Connection, group_key: str, now: datetime, *, accession: str | None, urgency: str | None = None
) -> Study:
    """The study of a grouping key, added when it is new; a study without an accession takes the first that comes.

    Args:
        tx: the transaction.
        group_key: what holds its images together, e.g. the StudyInstanceUID or a content hash.
        now: when it is first seen.
        accession: what finds it in the RIS.
        urgency: that one of its images asks for; the study's is never lowered by it.
    """
    study = _ensured(tx, group_key, now, accession)
    if urgency in URGENCIES and URGENCIES.index(urgency) > URGENCIES.index(study.requested_urgency):
        tx.execute(update(schema.study).where(s.id == study.id).values(requested_urgency=urgency))
        return replace(study, requested_urgency=urgency)
    return study


def _ensured(tx: Connection, group_key: str, now: datetime, accession: str | None) -> Study:
    query = select(schema.study).where(s.group_key == group_key)
    row = tx.execute(query).one_or_none()
    if row is None:
        # the key says the id, which only the insert gives; until then the (unique) grouping key stands in for it
        values = {"key": f"new {group_key}", "group_key": group_key, "accession": accession, "created_at": now}
        study_id = tx.execute(insert(schema.study).values(values).returning(s.id)).scalar_one()
        tx.execute(update(schema.study).where(s.id == study_id).values(key=f"S-{study_id:06d}"))
    elif row.accession is None and accession is not None:
        tx.execute(update(schema.study).where(s.id == row.id).values(accession=accession))
    else:
        return Study(**row._mapping)
    return Study(**tx.execute(query).one()._mapping)


def set_urgency(
    tx: Connection, study_id: int, urgency: str, now: datetime, *, source: UrgencySource, by: str | None = None
) -> None:
    """Keep what a person asks for, higher or lower than before; a later image may still raise it.

    Args:
        tx: the transaction.
        study_id: which.
        urgency: one of `URGENCIES`.
        now: when.
        source: how they said so.
        by: who.
    """
    values = {"study_id": study_id, "urgency": urgency, "at": now, "source": source, "by": by}
    tx.execute(insert(schema.urgency_event).values(values))
    tx.execute(update(schema.study).where(s.id == study_id).values(requested_urgency=urgency))


def with_accession(tx: Connection, *spellings: str) -> list[Study]:
    """Every study with an accession, which may be kept in any of these spellings (see `db.identity`)."""
    query = select(schema.study).where(s.accession.in_(spellings)).order_by(s.id)
    return [Study(**row._mapping) for row in tx.execute(query)]


def resolve(tx: Connection, text: str, *spellings: str) -> Study | None:
    """The study that a person means, by its key, its accession, or the absolute path of one of its images.

    Of a path only the newest content counts (where it is a duplicate: the study of the original), so that nobody marks
    as read what they have not seen. `spellings` are those in which an accession may be kept, where there are others.

    Raises:
        StoreError: several studies have this accession.
    """
    row = tx.execute(select(schema.study).where(s.key == text.upper())).one_or_none()
    if row is not None:
        return Study(**row._mapping)
    found = with_accession(tx, *(spellings or (text,)))
    if len(found) > 1:
        keys = ", ".join(study.key for study in found[:5])
        raise StoreError("find study", text, f"{len(found)} studies have this accession", f"give one of: {keys}")
    return found[0] if found else _of_image(tx, text)


def _of_image(tx: Connection, path: str) -> Study | None:
    """The study of the newest content at an absolute path; of nested roots the innermost that knows it."""
    for root in sorted(roots(tx), key=lambda root: len(root.path), reverse=True):
        folder = root.path.rstrip(os.sep) + os.sep
        arrival = arrivals.current_at(tx, root.id, path[len(folder) :]) if path.startswith(folder) else None
        if arrival is not None and arrival.study_id is None and arrival.duplicate_of is not None:
            arrival = arrivals.get(tx, arrival.duplicate_of)
        if arrival is not None and arrival.study_id is not None:
            return Study(**tx.execute(select(schema.study).where(s.id == arrival.study_id)).one()._mapping)
    return None


def add_read(
    tx: Connection, study_id: int, *, read_at: datetime, now: datetime, source: ReadSource, by: str | None = None
) -> ReadEvent:
    """Note that a study was read, at `read_at`; recorded `now`."""
    values = {"study_id": study_id, "read_at": read_at, "recorded_at": now, "source": source, "by": by}
    row = tx.execute(insert(schema.read_event).values(values).returning(schema.read_event)).one()
    return ReadEvent(**row._mapping)


def add_review(
    tx: Connection,
    study_id: int,
    verdict: Verdict,
    now: datetime,
    *,
    by: str | None = None,
    note: str | None = None,
    at: datetime | None = None,
) -> Review:
    """Keep a verdict, given at a time (or now); it is also a read."""
    at = now if at is None else at
    add_read(tx, study_id, read_at=at, now=now, source=ReadSource.VERDICT, by=by)
    values = {"study_id": study_id, "verdict": verdict, "by": by, "note": note, "at": at}
    row = tx.execute(insert(schema.review).values(values).returning(schema.review)).one()
    return Review(**row._mapping)


def reviews(tx: Connection, study_id: int) -> list[Review]:
    """The verdicts on a study, oldest first."""
    query = select(schema.review).where(v.study_id == study_id).order_by(v.at, v.id)
    return [Review(**row._mapping) for row in tx.execute(query)]
