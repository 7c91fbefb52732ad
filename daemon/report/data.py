"""Report -> CSV and JSON: every waiting study, for spreadsheets and other programs."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from daemon.report.build import Report
from daemon.triage.document import ROW, instant, queue_rows


def render_csv(report: Report) -> str:
    """One row a study, in the order of the queue; columns as `daemon.triage.document.ROW`, lines end with CR LF."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ROW)
    writer.writeheader()
    writer.writerows(queue_rows(report.document))
    return text.getvalue()


def render_json(report: Report) -> str:
    """The queue document, as `queue --format json` gives it, with a key `report` beside it; pure ASCII."""
    return json.dumps({**report.document, "report": _facts(report)}, indent=1, allow_nan=False) + "\n"


def _facts(report: Report) -> dict[str, Any]:
    return {
        "site": report.site,
        "date": report.report_date.isoformat(),
        "zone": report.zone,
        "window_start": instant(report.window_start),
        "window_end": instant(report.window_end),
        "scheduled_at": instant(report.scheduled_at) if report.scheduled_at else None,
        "written_at": instant(report.written_at),
        "accepted_as": report.accepted_as,
        "notices": list(report.notices),
        "arrived": report.arrived,
        "read": report.read,
        "bands": {str(band): studies for band, studies in report.bands.items()},
        "operating_points": {
            str(point.population): {
                "threshold": point.threshold,
                "first_threshold": point.first_threshold,
                "prevalence": point.calibration.prevalence,
            }
            for point in report.points
        },
        "verification": _verification(report),
        "ris_completeness": "not checked",
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


def _health(report: Report) -> dict[str, Any]:
    latency = report.latency
    return {
        "arrival_to_score_seconds": None
        if latency is None
        else {
            "films": latency.films,
            "median": latency.median.total_seconds(),
            "p95": latency.p95.total_seconds(),
            "max": latency.longest.total_seconds(),
        },
        "reasons": [{"state": str(state), "code": code, "films": films} for state, code, films in report.reasons],
        "roots": [
            {
                "path": root.path,
                "away": root.away,
                "message": root.message,
                "films": root.films,
                "last_film_at": instant(root.last_film_at) if root.last_film_at else None,
                "rescanned_at": instant(root.rescanned_at) if root.rescanned_at else None,
            }
            for root in report.roots
        ],
    }
