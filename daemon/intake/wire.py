"""An outcome as the text that a worker sends back, and back again; pure. What comes back is checked, not believed."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any, Final

import numpy as np

from daemon.intake.worker import Outcome, Verdict
from db.records import FilmFacts
from models import film_statistics
from models.key_object import MAX_IMAGES, REASONS, RejectionNote

_NUMBERS: Final = frozenset({"age_years"})
_FACTS: Final = frozenset(field.name for field in dataclasses.fields(FilmFacts))
LONGEST_UID: Final = 256  # characters; DICOM has 64
LONGEST: Final = 4096  # characters of a text; those of a DICOM header are cut to far fewer where they are read


def written(outcome: Outcome) -> str:
    """An outcome as JSON; a float32 comes back to the last bit."""
    fields = {field.name: getattr(outcome, field.name) for field in dataclasses.fields(Outcome)}
    cells = None if outcome.map is None else outcome.map.tolist()
    message = outcome.message and outcome.message[:LONGEST]  # it may quote a decoder
    note = outcome.note and dataclasses.asdict(outcome.note)
    return json.dumps(
        {**fields, "note": note, "facts": dataclasses.asdict(outcome.facts), "map": cells, "message": message}
    )


def read(text: Any) -> Outcome:
    """The outcome that a worker wrote.

    Raises:
        ValueError: it is none, or no outcome that the worker's own code could have.
    """
    if not isinstance(text, str):
        raise ValueError("not a text")
    fields = json.loads(text)
    if not isinstance(fields, dict) or set(fields) != {field.name for field in dataclasses.fields(Outcome)}:
        raise ValueError("other fields than an outcome has")
    facts, verdict, cells = fields["facts"], Verdict(fields["verdict"]), fields["map"]
    if not isinstance(facts, dict) or set(facts) != _FACTS:
        raise ValueError("other facts than a film has")
    logit = _number(fields["logit"])
    if (verdict is Verdict.SCORED) is (logit is None) or (logit is None) is not (cells is None):
        raise ValueError("a logit and a map belong to what was scored, and to nothing else")
    checked: dict[str, Any] = {key: _number(value) if key in _NUMBERS else _text(value) for key, value in facts.items()}
    if checked["measures"] is not None and film_statistics.read(checked["measures"]) is None:
        raise ValueError("film statistics of another version")
    return Outcome(
        verdict=verdict,
        facts=FilmFacts(**checked),
        milliseconds=_number(fields["milliseconds"]) or 0.0,
        logit=logit,
        map=None if cells is None else np.array(cells, dtype=np.float32),
        unlikeness=_number(fields["unlikeness"]),
        code=_text(fields["code"]),
        message=_text(fields["message"]),
        note=_note(fields["note"], verdict),
    )


def _note(value: object, verdict: Verdict) -> RejectionNote | None:
    if value is None:
        return None
    if verdict is not Verdict.REFUSED or not isinstance(value, dict) or set(value) != {"reason", "instance_uids"}:
        raise ValueError("not a note")
    reason, uids = value["reason"], value["instance_uids"]
    if reason not in REASONS.values() or not isinstance(uids, list) or len(uids) > MAX_IMAGES:
        raise ValueError("a reason that no note gives, or more images than one names")
    if not all(isinstance(uid, str) and 0 < len(uid) <= LONGEST_UID for uid in uids):
        raise ValueError("not a UID")
    return RejectionNote(reason, tuple(uids))


def _number(value: object) -> float | None:
    if value is not None and (not isinstance(value, int | float) or not math.isfinite(value)):
        raise ValueError("not a number")
    return None if value is None else float(value)


def _text(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or len(value) > LONGEST):
        raise ValueError("not a text, or one without end")
    return value
