"""Queries for choosing cases: the films that are still there, by study, and the last verdict on each study."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from db import schema
from db.states import State, Verdict

a: Final = schema.arrival.c
s: Final = schema.study.c
v: Final = schema.review.c


@dataclass(frozen=True, slots=True)
class CaseImage:
    """A film that was scored or refused, and that neither its file's removal nor its sender took back."""

    study_id: int
    study_key: str
    arrival_id: int
    root_path: str
    path: str  # relative to the root
    sha256: str | None
    state: State
    code: str | None
    population: str | None
    age_years: float | None
    logit: float | None
    bundle_id: int | None
    arrived_at: datetime

    @property
    def absolute_path(self) -> str:
        """Where it lies."""
        return os.path.join(self.root_path, self.path)  # noqa: PTH118


def images(tx: Connection) -> list[CaseImage]:
    """All of them, by study, then arrival; a copy of another film is none."""
    query: Select[Any] = (
        select(
            s.id,
            s.key,
            a.id,
            schema.root.c.path,
            a.path,
            a.sha256,
            a.state,
            a.code,
            a.population,
            a.age_years,
            schema.result.c.logit,
            schema.result.c.bundle_id,
            a.arrived_at,
        )
        .select_from(schema.arrival)
        .join(schema.study, s.id == a.study_id)
        .join(schema.root, schema.root.c.id == a.root_id)
        .outerjoin(schema.result, schema.result.c.id == a.result_id)
        .where(a.state.in_([State.SCORED, State.REFUSED]), a.removed_at.is_(None), a.withdrawn_at.is_(None))
        .order_by(s.id, a.arrived_at, a.id)
    )
    return [CaseImage(*row) for row in tx.execute(query)]


def last_verdicts(tx: Connection) -> dict[int, Verdict]:
    """What readers said of studies at last, by the study's id."""
    return {row[0]: row[1] for row in tx.execute(select(v.study_id, v.verdict).order_by(v.at, v.id))}
