"""Section E as plain data, for the report's JSON."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from daemon.report.since import Found, Since
from daemon.triage.cells import instant


def since_facts(since: Since) -> dict[str, Any]:
    """As `report.json` has it under `since`."""
    alarms = since.alarms
    return {
        "verdicts": since.judged,
        "agreed": since.agreed,
        "disagreed": since.disagreed,
        "false_alarms": since.false_alarms,
        "no_band": since.no_band,
        "undecided": since.undecided,
        "misses": [
            _study(miss)
            | {"by": miss.by, "note": miss.note, "verdict_at": None if miss.at is None else instant(miss.at)}
            for miss in since.misses
        ],
        "to_check": {"drawn_from": since.drawn_from, "studies": [_study(each) for each in since.sample]},
        "alarms": {
            "first": alarms.studies,
            "pneumonia": alarms.pneumonia,
            "another_verdict": alarms.other,
            "no_verdict": alarms.not_said,
            "reading_hours": round(alarms.reading / timedelta(hours=1), 2),
            "first_per_reading_hour": None if alarms.per_hour is None else round(alarms.per_hour, 2),
        },
        "never_marked_read": [
            {
                "study": gone.study,
                "accession": gone.accession,
                "arrived_at": instant(gone.arrived_at),
                "expired_at": instant(gone.expired_at),
            }
            for gone in since.expired
        ],
    }


def _study(found: Found) -> dict[str, Any]:
    return {
        "study": found.study,
        "accession": found.accession,
        "arrived_at": instant(found.arrived_at),
        "probability": found.probability,
    }
