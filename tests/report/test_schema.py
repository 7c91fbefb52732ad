"""What other programs read is as published: docs/schema describes every key, and documents hold to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from builders.schemas import FOLDER, faults, schema
from builders.studies import NOW, RULES, queue_study, refused_image, report_inputs, waiting_image
from jsonschema import Draft202012Validator

from daemon.ledger.document import ledger_of
from daemon.ledger.moves import Reading as LedgerReading
from daemon.report.build import build_report
from daemon.report.data import render_json
from daemon.report.inputs import Completeness, Health, Reading, RootHealth, Verification
from daemon.report.since import Lately
from daemon.triage.order import Band, Urgency
from daemon.triage.studies import gather
from db.lately import Expired, Word
from db.read_imports import ReadImport
from db.reconciliation import ExpectedFilm
from db.states import ExpectedKind, RootState, State, Verdict
from models.bundle import GroupPolicy
from models.population import AgeGroup, Policy, Population

NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _parts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _parts(value)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_describes_every_key(name: str) -> None:
    """In words; and an object that lists its keys has no others."""
    whole = schema(name)
    Draft202012Validator.check_schema(whole)
    for part in _parts(whole):
        for key, value in part.get("properties", {}).items() if "type" in part else ():
            if isinstance(value, dict):
                assert "description" in value or "$ref" in value, key
        if part.get("type") == "object" and isinstance(part.get("properties"), dict):
            assert part["additionalProperties"] is False


def full() -> Any:
    """A report in which everything is there that can be."""
    images = [
        waiting_image(1, logit=5.0, accession="A1", acquired_at="2026-11-22T05:00:00"),
        waiting_image(2, logit=5.0, blind=True),
        refused_image(3),
        waiting_image(4, logit=5.0, marks="lateral", duplicates=("/srv/in/copy.dcm",)),
        waiting_image(5, logit=5.0, withdrawn_at=NOW, removed_at=NOW),
    ]
    judged = queue_study(7, Band.IN_TURN, arrived_at=NOW - timedelta(hours=2))
    lately = Lately(
        [judged],
        {judged.study: Word(judged.study, Verdict.PNEUMONIA, "kl", "apex", NOW, NOW)},
        [Expired("S-000009", None, NOW, NOW)],
    )
    read = [LedgerReading("S-000007", "A7", Band.IN_TURN, Urgency.ROUTINE, NOW - timedelta(hours=2), NOW)]
    missing = (ExpectedFilm(ExpectedKind.ACCESSION, "", None), ExpectedFilm(ExpectedKind.FILE, "a.dcm", NOW))
    return report_inputs(
        studies=[*gather(images, lambda _: RULES), queue_study(9, overdue=True)],
        policies={AgeGroup.ADULTS: GroupPolicy(Policy.BANDED, "tried")},
        prevalence={Population.ADULTS: 0.1, None: 0.2},
        scheduled_at=NOW,
        seen=5,
        arrived=5,
        read=1,
        verification=Verification(NOW, ["lost: a"], 1),
        completeness=Completeness("list.csv", NOW, 5, missing, (NOW, NOW)),
        reading=Reading([60.0, 120.0], 1, True, ReadImport(NOW, "r.csv", 3, 1, 1, "line 2 has no usable read_at")),
        health=Health([1.0], {(State.FAILED, "truncated"): 1}, [RootHealth("/srv/in", RootState.AWAY, "gone", 1, NOW)]),
        rules=["CR and DX only."],
        lately=lately,
        judged=lately,
        ledger=ledger_of(read, NOW - timedelta(days=1), NOW),
        notices=["A folder is away."],
    )


@pytest.mark.parametrize("inputs", [report_inputs(), full()], ids=["empty", "full"])
def test_a_report_is_as_its_schema_says(inputs: Any) -> None:
    """With nothing in it, and with everything."""
    document = json.loads("".join(render_json(build_report(inputs))))
    assert faults("report-1", document) == []
    report = document.pop("report")
    assert faults("queue-1", document) == []
    assert report["site"] == "Test site"


def test_a_key_that_nobody_published_would_be_seen() -> None:
    """And one that is missing, or of another kind."""
    document = json.loads("".join(render_json(build_report(full()))))
    for change in ({"more": 1}, {"waiting": "many"}, {"schema": 2}):
        assert faults("report-1", document | change)
    document["queue"][0]["probability"] = 1.5
    del document["report"]["blind"]
    assert len(faults("report-1", document)) == 2


def test_times_and_ranks_are_as_they_are_described() -> None:
    """UTC to the second; ranks from 1."""
    document = json.loads("".join(render_json(build_report(full()))))
    document["queue"][0]["arrived_at"] = (NOW + timedelta(hours=1)).isoformat()
    document["queue"][0]["rank"] = 0
    assert len(faults("report-1", document)) == 2
