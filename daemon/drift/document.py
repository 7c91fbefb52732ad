"""A folder's drift as a document, as the store keeps it and `cxr-triage drift --format json` prints it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.drift.change import BASELINE
from daemon.drift.judging import FolderDrift
from daemon.drift.words import lines, sentence


def folder_document(found: FolderDrift) -> dict[str, Any]:
    """One folder; chances and effects are rounded to what they are worth."""
    return {
        "path": found.path,
        "standing": found.standing.value,
        "nights_learned": found.blocks,
        "nights_to_learn": BASELINE,
        "films": found.films,
        "judged_up_to": found.last.isoformat() if found.last else None,
        "since": found.since.isoformat() if found.since else None,
        "held_against": "own past and bundle" if found.reference else "own past",
        "changes": [
            {
                "what": change.name,
                "sentence": sentence(change.name, change.effect),
                "nights_together": change.blocks,
                "chance": float(f"{change.chance:.2g}"),
                "effect": round(change.effect, 3),
                "before": float(f"{change.before:.4g}"),
                "now": float(f"{change.now:.4g}"),
            }
            for change in found.changes
        ],
        "unlike_bundle": [
            {
                "what": one.name,
                "sentence": sentence(one.name, one.effect),
                "effect": round(one.effect, 3),
                "bundle": float(f"{one.there:.4g}"),
                "here": float(f"{one.here:.4g}"),
            }
            for one in found.unlike
        ],
        "lines": list(lines(found)),
    }


def kept(found: FolderDrift) -> Mapping[str, Any]:
    """What is kept with a folder between reports: enough for `status` and metrics."""
    document = folder_document(found)
    return {key: document[key] for key in ("standing", "since", "judged_up_to", "lines")}
