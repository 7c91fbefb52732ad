"""Queries about the images of one study: which is which by its SOPInstanceUID, and which its sender took back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select, update

from db import schema
from db.states import ENDED, State

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

a: Final = schema.arrival.c
w: Final = schema.withdrawal.c
AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Instance:
    """An image of a study that came to an end, as far as it takes to tell it from others."""

    id: int
    arrived_at: datetime
    state: State
    code: str | None
    sha256: str | None
    instance_uid: str  # as it is kept: in clear or as a hash

    @property
    def age(self) -> tuple[datetime, int]:
        """Sorts by arrival; of two that came at once, the one that was noted later is the newer."""
        return self.arrived_at, self.id


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Why an image was taken back: the note that says so, and what it gives as the reason."""

    note_id: int
    reason: str
    at: datetime


def of_study(tx: Connection, study_id: int) -> list[Instance]:
    """Every image of a study that came to an end and says which it is."""
    query = select(a.id, a.arrived_at, a.state, a.code, a.sha256, a.instance_uid).where(
        a.study_id == study_id, a.state.in_(sorted(ENDED)), a.instance_uid.is_not(None)
    )
    return [Instance(*row) for row in tx.execute(query)]


def add_withdrawals(tx: Connection, note_id: int, instance_hashes: Collection[str], reason: str, now: datetime) -> None:
    """Keep which images a note takes back; once, however often the note is judged."""
    known = set(tx.execute(select(w.instance_uid).where(w.note_id == note_id)).scalars())
    rows = [
        {"note_id": note_id, "instance_uid": uid, "reason": reason, "at": now}
        for uid in dict.fromkeys(instance_hashes)
        if uid not in known
    ]
    if rows:
        tx.execute(insert(schema.withdrawal), rows)


def note_about(tx: Connection, study_id: int, instance_hash: str) -> int | None:
    """The first note of a study that takes an image back, whatever became of the note's own file since."""
    query = (
        select(w.note_id)
        .join(schema.arrival, a.id == w.note_id)
        .where(w.instance_uid == instance_hash, a.study_id == study_id)
        .order_by(w.id)
        .limit(1)
    )
    return tx.execute(query).scalar_one_or_none()


def withdraw(tx: Connection, arrival_ids: Collection[int], note_id: int, now: datetime) -> None:
    """Note that images were taken back; their states stay, and so does what an earlier note said of them."""
    wanted = list(arrival_ids)
    values = {"withdrawn_at": now, "withdrawn_by": note_id}
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        tx.execute(update(schema.arrival).where(a.id.in_(some), a.withdrawn_at.is_(None)).values(values))


def withdrawn_by(tx: Connection, note_id: int) -> Withdrawn | None:
    """What a note says."""
    query = select(w.note_id, w.reason, w.at).where(w.note_id == note_id).order_by(w.id).limit(1)
    row = tx.execute(query).one_or_none()
    return None if row is None else Withdrawn(*row)
