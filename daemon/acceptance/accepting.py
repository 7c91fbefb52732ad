"""Judges the bundle on what was gathered, and keeps the judgements: all of them, or none where films are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from daemon.acceptance.asked import ensure_kept, identity_of, of_bundle
from daemon.acceptance.cases import ENOUGH, Least
from daemon.acceptance.changes import changes
from daemon.acceptance.document import Signed, gathered_document, judgement_document, missing_lines, row_of
from daemon.acceptance.figures import DRAWS
from daemon.acceptance.judging import Judgement, Side, judge
from daemon.acceptance.standing import Acceptance, Ground, Standing
from daemon.acceptance.words import acceptance_document
from daemon.errors import DaemonError
from daemon.waiting import waiting_studies
from db import acceptances
from models.population import Population

if TYPE_CHECKING:
    from daemon.acceptance.gathered import Gathered
    from daemon.settings import Settings
    from db.store import Store
    from models.bundle import Bundle


class Points(StrEnum):
    """Which points are judged, and in force where they are accepted."""

    BUNDLE = "bundle"
    REFIT = "refit"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        document: for people and programs.
        missing: what films are missing, in words; where there is any, nothing was judged.
        accepted: whether every population was accepted.
    """

    document: Mapping[str, Any]
    missing: tuple[str, ...] = ()
    accepted: bool = False


def accept(
    store: Store,
    settings: Settings,
    bundle: Bundle,
    gathered: Gathered,
    points: Points,
    by: str,
    now: datetime,
    *,
    asked: Population | None = None,
    least: Least = ENOUGH,
    draws: int = DRAWS,
) -> Outcome:
    """Judge each population that there are films of, by the rule, and keep what came of it.

    Args:
        store: where it is kept.
        settings: of the site: its limits, its prevalences, its queue.
        bundle: that is in use.
        gathered: the site's own films.
        points: which.
        by: who stands for it.
        now: aware.
        asked: a population that must have films.
        least: how many of each class.
        draws: of patients, for intervals.

    Raises:
        DaemonError: points are to be refitted, and cannot be.
    """
    asked_for = {asked} if asked else set() if gathered.cases else set(bundle.points)
    document = gathered_document(gathered, bundle, least, sorted(asked_for))
    missing = missing_lines(document)
    if missing:
        return Outcome({**document, "judged": {}, "accepted": False, "missing": missing}, tuple(missing))
    site, limits = settings.prevalence.site, settings.acceptance.limits
    judged = {
        who: judge(bundle.points[who], cases, gathered.unscored.get(who), limits, site.get(who), draws=draws)
        for who, cases in gathered.cases.items()
    }
    sides = {who: _chosen(each, points) for who, each in judged.items()}
    identity = identity_of(bundle)
    signed = Signed(by, now, bundle.name, identity)
    rows = [row_of(each, sides[who], gathered, signed) for who, each in judged.items()]
    with store.read() as tx:
        would = _changes(tx, settings, bundle, judged, now)
    with store.write() as tx:
        ensure_kept(tx, bundle, now)  # it may have scored nothing yet
        numbers = [acceptances.add(tx, row) for row in rows]
        stands = of_bundle(tx, identity, [who for who in Population if who in bundle.points], now)
    verdicts = {who: side.decision.accepted for who, side in sides.items()}
    document |= {
        "points": str(points),
        "by": by,
        "missing": [],
        "judged": {
            str(who): judgement_document(each, gathered)
            | {"accepted": verdicts[who], "judgement": number, "reasons": list(sides[who].decision.reasons)}
            for (who, each), number in zip(judged.items(), numbers, strict=True)
        },
        "refit_would_change": would,
        "accepted": all(verdicts.values()),
        "acceptance": acceptance_document(stands, settings.department.waits.zone),
    }
    return Outcome(document, (), all(verdicts.values()))


def _chosen(judged: Judgement, points: Points) -> Side:
    if points is Points.BUNDLE:
        return judged.own
    if judged.refitted is None:
        cause = f"{judged.population}: {judged.fault}"
        raise DaemonError("refit", None, cause, "judge the bundle as it is, without --refit")
    return judged.refitted


def _changes(
    tx: Connection, settings: Settings, bundle: Bundle, judged: Mapping[Population, Judgement], now: datetime
) -> dict[str, Any]:
    """What the refitted points would change for the studies that wait, against the points that hold now."""
    identity = identity_of(bundle)
    holds = of_bundle(tx, identity, [who for who in Population if who in bundle.points], now)
    then = dict(holds.standings)
    for who, each in judged.items():
        if each.refitted is not None:
            then[who] = replace(then.get(who, Standing()), ground=Ground.ACCEPTED, point=each.refitted.point)
    before, after = (
        waiting_studies(tx, settings.department, now, acceptance=acceptance)
        for acceptance in (holds, Acceptance(identity, then))
    )
    return changes(before, after)
