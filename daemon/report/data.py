"""Report -> CSV and JSON: every waiting study, for spreadsheets and other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from daemon.drift.document import folder_document
from daemon.ledger.document import ledger_document
from daemon.report.build import Report
from daemon.report.inputs import Completeness
from daemon.report.service import Latency
from daemon.report.since_data import since_facts
from daemon.triage.cells import cell, instant
from daemon.triage.document import ROW, queue_rows
from db.states import ExpectedKind

COMPLETENESS: Final = "ris_completeness"
NOT_CHECKED: Final = "not checked"
ENCODER: Final = json.JSONEncoder(allow_nan=False)  # one for all: making it takes longer than a study
AT_ONCE: Final = 500  # studies in a part


def render_csv(report: Report) -> Iterator[str]:
    """One row a study, in the order of the queue; lines end with CR LF. Comes in parts.

    Columns as `daemon.triage.document.ROW`, and last what every row says alike: how complete the list is.
    """
    said = _in_short(report.completeness)
    rows = queue_rows({**report.frame, "queue": report.entries()})
    yield _lines([(*ROW, COMPLETENESS)])
    while part := list(islice(rows, AT_ONCE)):
        yield _lines((*row.values(), said) for row in part)


def _lines(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def render_missing(report: Report) -> str | None:
    """The films that the RIS expects and that never arrived, one row each; None where none is known to be missing."""
    found = report.completeness
    if found is None or not found.missing:
        return None
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("accession", "file", "expected_at"))
    for film in found.missing:
        by_accession = film.kind is ExpectedKind.ACCESSION
        name, when = cell(film.key), instant(film.expected_at) if film.expected_at else ""
        writer.writerow((name, "", when) if by_accession else ("", name, when))
    return text.getvalue()


def _in_short(found: Completeness | None) -> str:
    return NOT_CHECKED if found is None else f"{found.arrived} of {found.expected} expected films arrived"


def render_json(report: Report) -> Iterator[str]:
    """The queue document, as `queue --format json` gives it, with a key `report` beside it; pure ASCII.

    Comes in parts, a line for each study: the encoder indents at a tenth of its speed.
    """
    yield "{\n"
    for key, value in report.frame.items():
        if key != "queue":
            yield f"{ENCODER.encode(key)}: {ENCODER.encode(value)},\n"
    yield '"report": ' + json.dumps(_facts(report), indent=1, allow_nan=False) + ',\n"queue": ['
    before = "\n"
    entries = report.entries()
    while part := list(islice(entries, AT_ONCE)):
        yield before + ",\n".join(map(ENCODER.encode, part))
        before = ",\n"
    yield "\n]\n}\n"


def _facts(report: Report) -> dict[str, Any]:
    return {
        "site": report.site,
        "date": report.report_date.isoformat(),
        "zone": report.zone,
        "window_start": instant(report.window_start),
        "window_end": instant(report.window_end),
        "scheduled_at": instant(report.scheduled_at) if report.scheduled_at else None,
        "written_at": instant(report.written_at),
        "accepted_as": report.acceptance["sentence"] if report.acceptance["accepted"] else None,
        "site_figures": [asdict(row) | {"at": instant(row.at)} for row in report.site_figures],
        "rules": list(report.rules),
        "notices": list(report.notices),
        "arrived": report.arrived,
        "read": report.read,
        "overdue": report.overdue_total,
        "bands": {str(band): studies for band, studies in report.bands.items()},
        "blind": report.blind,
        "operating_points": {
            str(point.population): {
                "policy": str(point.policy),
                **point.thresholds,
                "prevalence": point.calibration.prevalence,
            }
            for point in report.points
        },
        "policies": {
            str(group): {"policy": str(stated.policy), "reason": stated.reason}
            for group, stated in report.policies.items()
        },
        "verification": _verification(report),
        "ris_completeness": _completeness(report),
        "figures": dict(report.figures),
        "reading": _reading(report),
        "ledger": None if report.ledger is None else ledger_document(report.ledger),
        "since": since_facts(report.since),
        "health": _health(report),
    }


def _verification(report: Report) -> dict[str, Any] | None:
    found = report.verification
    if found is None:
        return None
    return {
        "checked_at": instant(found.checked_at),
        "discrepancies": list(found.discrepancies),
        "unseen": found.unseen,
    }


def _completeness(report: Report) -> dict[str, Any] | str:
    found = report.completeness
    if found is None:
        return NOT_CHECKED
    return {
        "list": found.source,
        "imported_at": instant(found.checked_at),
        "first_expected_at": instant(found.span[0]) if found.span else None,
        "last_expected_at": instant(found.span[1]) if found.span else None,
        "expected": found.expected,
        "arrived": found.arrived,
        "missing": [
            {str(film.kind): film.key or None, "expected_at": instant(film.expected_at) if film.expected_at else None}
            for film in found.missing
        ],
    }


def _reading(report: Report) -> dict[str, Any]:
    found, table = report.turnaround, report.table
    return {
        "known": report.read_known,
        "turnaround_seconds": None if found is None else _seconds(found) | {"studies": found.films},
        "never_marked_read": report.expired,
        "table": None
        if table is None
        else {
            "taken_in_at": instant(table.at),
            "rows": table.rows,
            "marked": table.marked,
            "unknown": table.unknown,
            "faults": table.faults.splitlines(),
        },
    }


def _seconds(found: Latency) -> dict[str, float]:
    return {
        "median": found.median.total_seconds(),
        "p95": found.p95.total_seconds(),
        "max": found.longest.total_seconds(),
    }


def _health(report: Report) -> dict[str, Any]:
    latency = report.latency
    return {
        "arrival_to_score_seconds": None if latency is None else {"films": latency.films} | _seconds(latency),
        "reasons": [{"state": str(state), "code": code, "films": films} for state, code, films in report.reasons],
        "roots": [
            {
                "path": root.path,
                "away": root.away,
                "state": str(root.state),
                "blind_minutes": 0.0 if root.blind is None else round(root.blind / timedelta(minutes=1), 1),
                "message": root.message,
                "films": root.films,
                "last_film_at": instant(root.last_film_at) if root.last_film_at else None,
                "rescanned_at": instant(root.rescanned_at) if root.rescanned_at else None,
            }
            for root in report.roots
        ],
        "drift": [folder_document(found) for found in report.drift],
    }
