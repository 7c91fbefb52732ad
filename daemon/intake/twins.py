"""Content that came before: a second copy is a duplicate, a renamed film keeps its outcome, nothing is scored twice."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from daemon.intake.ending import ended, placed
from daemon.intake.machine import Event
from daemon.intake.recording import Scoring, apply, retire
from db import arrivals, results, roots
from db.records import Arrival, FilmFacts, Root
from db.states import ENDED, RootState, State
from models.findings import FindingCode
from models.gate import population_findings
from models.population import Population
from models.radiograph import FilmFormat


def settle_by_twin(
    tx: Connection, arrival: Arrival, sha256: str, scoring: Scoring, declared: Population | None, now: datetime
) -> Arrival | None:
    """Settle a RUNNING arrival whose content is known already, without decoding it again; None if it must be judged.

    A twin whose file is there makes this one a duplicate of it. Where there is none, what this model would say again is
    taken over: from a twin that is gone (the film was renamed), or from content that was replaced and came again.

    Args:
        tx: the transaction.
        arrival: whose bytes were read.
        sha256: of the bytes.
        scoring: the model in use.
        declared: the population of films that state no age, in the root of this arrival.
        now: when.
    """
    twins = arrivals.same_content(tx, sha256, arrival.id)
    twins = [twin for twin in twins if _still_holds(twin, declared, scoring)]
    if twins and _asked_again(tx, arrival):
        twins = [twin for twin in twins if twin.state is State.SCORED]
    folders = {root.id: root for root in roots.roots(tx)} if twins else {}
    gone = []
    for twin in twins:
        if _is_there(folders, twin):
            values: dict[str, Any] = {"sha256": sha256, "duplicate_of": twin.id, "study_id": twin.study_id}
            return apply(tx, arrival, Event.MATCH, now, **values)
        gone.append(twin)
    bundle = scoring.bundle
    result = results.find(tx, sha256, bundle.model_sha256, bundle.preprocessing)
    if result is not None:
        before = [twin for twin in gone if twin.result_id == result.id]
        known = [twin for twin in arrivals.with_result(tx, result.id) if _still_holds(twin, declared, scoring)]
        donor = next(iter((*before, *known)), None)
        if donor is None or _is_outside_unmarked(donor.facts, declared, scoring):
            return None
        values = _taken_over(tx, arrival, donor, declared, now, scoring, renamed=donor in before)
        values |= {"sha256": sha256, "result_id": result.id}
        # and no draw whether it is read blind: that score may have been seen
        return ended(tx, arrival, Event.SCORE, now, scoring.identity, reason="scored before", **values)
    renamed = next((twin for twin in gone if twin.state is not State.FAILED), None)
    if renamed is not None and renamed.state is State.REFUSED:
        values = _taken_over(tx, arrival, renamed, declared, now, scoring, renamed=True)
        values |= {"sha256": sha256, "code": renamed.code, "message": renamed.message}
        return ended(tx, arrival, Event.REFUSE, now, scoring.identity, reason="refused before", **values)
    return None


def _is_outside(facts: FilmFacts, declared: Population | None, scoring: Scoring) -> bool:
    """Whether the bundle is not for who is on a film, as it is declared in this root."""
    return bool(population_findings(facts.age_years, declared, scoring.bundle.policies))


def _is_outside_unmarked(facts: FilmFacts, declared: Population | None, scoring: Scoring) -> bool:
    """Whether a score of this film was given where its population counted, or was declared, otherwise."""
    marked = FindingCode.POPULATION.value in (facts.marks or "").split()
    return not marked and _is_outside(facts, declared, scoring)


def _still_holds(twin: Arrival, declared: Population | None, scoring: Scoring) -> bool:
    """Whether what became of a twin would become of its content here and now: by this root and the site's rules."""
    facts, policy = twin.facts, scoring.gate_policy
    code = twin.code if twin.state is State.REFUSED else None
    marks = (facts.marks or "").split() if twin.result_id is not None else []
    if not policy.holds(refused_for=code, modality=facts.modality, marks=marks):
        return False
    return FindingCode.POPULATION.value not in (code, *marks) or _is_outside(facts, declared, scoring)


def _asked_again(tx: Connection, arrival: Arrival) -> bool:
    """Whether a hand wants it tried again: then only a score answers, not what was refused or failed before."""
    lines = reversed(arrivals.history(tx, arrival.id))
    last_end = next((line for line in lines if line.from_state in ENDED or line.from_state is State.DUPLICATE), None)
    return last_end is not None and last_end.reason == Event.RETRY.value


def _is_there(folders: Mapping[int, Root], twin: Arrival) -> bool:
    """Whether a twin's file is there; below a root that cannot be seen it is believed to be."""
    if twin.removed_at is not None:
        return False
    root = folders[twin.root_id]
    if root.state is RootState.AWAY or not os.path.isdir(root.path):  # noqa: PTH112
        return True
    return os.path.lexists(Path(root.path, twin.path))


def _taken_over(
    tx: Connection,
    arrival: Arrival,
    donor: Arrival,
    declared: Population | None,
    now: datetime,
    scoring: Scoring,
    *,
    renamed: bool,
) -> dict[str, Any]:
    """What an arrival takes from the one that had its content.

    A renamed film is the same film: it stays in its study and keeps the time at which it came, or a film that was read
    and then moved to another folder would wait to be read again.
    """
    facts = _declared(donor.facts, declared)
    values: dict[str, Any] = {"facts": facts, "code": None, "message": None, "not_before": None}
    if not renamed:
        if facts.format != FilmFormat.DICOM.value:
            facts = replace(facts, accession=None)  # it was in the other one's name
        facts, study_id = placed(tx, arrival, facts, now, scoring)
        return values | {"facts": facts, "study_id": study_id}
    retire(tx, donor, now)
    return values | {"study_id": donor.study_id, "arrived_at": donor.arrived_at, "backlog": donor.backlog}


def _declared(facts: FilmFacts, declared: Population | None) -> FilmFacts:
    """Facts without an age take the population of the root that the film lies in now."""
    if facts.age_years is not None:
        return facts
    return replace(facts, population=declared.value if declared else None)
