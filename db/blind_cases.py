"""Queries about blind cases: studies that were drawn to be read without their scores, until there is a verdict.

The same content in another study is hidden with it: else its score could be read there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, exists, func, insert, or_, select

from db import schema
from db.states import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from db.records import Arrival, WaitingImage

a: Final = schema.arrival.c
c: Final = schema.blind_case.c
s: Final = schema.study.c
v: Final = schema.review.c


@dataclass(frozen=True, slots=True)
class Judged:
    """A blind case that a reader judged without its score.

    Attributes:
        band: by the score that it was drawn by, which is that of the image below.
        share: the chance that it was drawn by.
        every_band: whether studies of every band could be drawn at that time.
        verdict: the first; all that came after it were given with the score in sight.
        revised: whether another word came after it.
        root_path: of the image that it was drawn by, as are all the rest.
    """

    study: str
    band: str
    share: float
    every_band: bool
    verdict: Verdict
    revised: bool
    root_path: str
    tier: str | None
    population: str | None
    age_years: float | None
    logit: float
    bundle_id: int


def add(
    tx: Connection, study_id: int, arrival_id: int, *, band: str, share: float, every_band: bool, now: datetime
) -> None:
    """Keep a draw, with all that its weight rests on: settings that change later must not change it."""
    values = {
        "study_id": study_id,
        "arrival_id": arrival_id,
        "band": band,
        "share": share,
        "every_band": every_band,
        "drawn_at": now,
    }
    tx.execute(insert(schema.blind_case).values(values))


def is_new(tx: Connection, arrival: Arrival) -> bool:
    """Whether nobody can have seen a score of this study, or of this content, before that of a scored arrival."""
    other = exists().where(
        a.id != arrival.id,
        a.result_id.is_not(None),
        or_(a.study_id == arrival.study_id, a.sha256 == arrival.sha256),
    )
    judged = exists().where(v.study_id == arrival.study_id)
    return not tx.execute(select(or_(other, judged))).scalar_one()


def study_key(tx: Connection, study_id: int) -> str:
    """The key that people call a study by."""
    return str(tx.execute(select(s.key).where(s.id == study_id)).scalar_one())


def hidden(tx: Connection) -> frozenset[int]:
    """Ids of studies whose scores are not to be shown."""
    drawn = set(tx.execute(_open()).scalars())
    if not drawn:
        return frozenset()
    same = select(a.study_id).where(a.sha256.in_(_contents()), a.study_id.is_not(None), ~_has_verdict(a.study_id))
    return frozenset(drawn | set(tx.execute(same).scalars()))


def drawn(tx: Connection) -> frozenset[int]:
    """Ids of the studies that were drawn, also of those with a verdict."""
    return frozenset(tx.execute(select(c.study_id)).scalars())


def contents(tx: Connection) -> frozenset[str]:
    """The SHA-256 of everything whose score is not to be shown."""
    return frozenset(tx.execute(_contents()).scalars())


def sharing(tx: Connection, images: Iterable[WaitingImage]) -> frozenset[int]:
    """Ids of the studies among these images that have content whose score is not to be shown."""
    kept_back = contents(tx)
    return frozenset(image.study_id for image in images if image.sha256 in kept_back)


def waiting(tx: Connection) -> int:
    """How many blind cases have no verdict yet; of which bands they are would tell of each of them."""
    return int(tx.execute(select(func.count()).select_from(_open().subquery())).scalar_one())


def judged(tx: Connection) -> list[Judged]:
    """Every blind case with a verdict, by study."""
    told = select(v.study_id, func.min(v.id).label("first"), func.count().label("words")).group_by(v.study_id)
    words = told.subquery("words")
    query: Select[Any] = (
        select(
            s.key,
            c.band,
            c.share,
            c.every_band,
            v.verdict,
            words.c.words > 1,
            schema.root.c.path,
            a.tier,
            a.population,
            a.age_years,
            schema.result.c.logit,
            schema.result.c.bundle_id,
        )
        .select_from(schema.blind_case)
        .join(schema.study, s.id == c.study_id)
        .join(words, words.c.study_id == c.study_id)
        .join(schema.review, v.id == words.c.first)
        .join(schema.arrival, a.id == c.arrival_id)
        .join(schema.root, schema.root.c.id == a.root_id)
        .join(schema.result, schema.result.c.id == a.result_id)
        .order_by(s.id)
    )
    return [Judged(*(*row[:5], bool(row[5]), *row[6:])) for row in tx.execute(query)]


def _has_verdict(study_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists().where(v.study_id == study_id)


def _open() -> Select[Any]:
    """Studies that were drawn, and have no verdict."""
    return select(c.study_id).where(~_has_verdict(c.study_id))


def _contents() -> Select[Any]:
    """What was scored of them."""
    return select(a.sha256).where(a.study_id.in_(_open()), a.result_id.is_not(None), a.sha256.is_not(None))
