"""Takes studies out of the queue that nobody marked as read: their files were taken away, or too long ago they came."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from db import closing, studies
from db.states import ReadSource

GRACE: Final = timedelta(minutes=10)  # a file that is renamed is gone for as long as a rescan takes


def close_studies(tx: Connection, emptied: Collection[int], expire: timedelta, now: datetime) -> dict[ReadSource, int]:
    """Note as read what was taken away, and as expired what waits for longer than anybody is expected to read it.

    Args:
        tx: the transaction.
        emptied: ids of roots whose owners take a file away when its film was read.
        expire: after so long a study counts as never marked read.
        now: aware.

    Returns:
        How many studies left the queue, by reason.
    """
    found = {
        ReadSource.REMOVED: closing.taken_away(tx, emptied, now - GRACE),
        ReadSource.EXPIRED: closing.never_read(tx, now - expire),
    }
    done = set[int]()
    for source, ids in found.items():
        for study_id in ids:
            if study_id not in done:
                studies.add_read(tx, study_id, read_at=now, now=now, source=source)
                done.add(study_id)
    return {source: len(ids) for source, ids in found.items()}
