"""The published schemas of `report.json` and of the queue hold for what is written, and describe every key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders.studies import NOW, POINTS, RULES, queue_study, refused_image, report_inputs, waiting_image
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from daemon.report.build import build_report
from daemon.report.data import render_json
from daemon.report.inputs import Completeness, Health, Reading, RootHealth, Verification
from daemon.report.since import Lately
from daemon.triage.document import account_document, queue_document
from daemon.triage.order import Band, order
from daemon.triage.studies import gather, parted
from db.lately import Expired, Word
from db.read_imports import ReadImport
from db.reconciliation import ExpectedFilm
from db.states import ExpectedKind, State, Verdict
from models.bundle import GroupPolicy
from models.population import AgeGroup, Policy, Population

FOLDER = Path(__file__).parents[2] / "docs" / "schema"
SCHEMAS = {name: json.loads((FOLDER / f"{name}-1.json").read_text("utf-8")) for name in ("queue", "report")}
REPORT, QUEUE = (Draft202012Validator(SCHEMAS[name]) for name in ("report", "queue"))

images = st.builds(
    lambda study, arrival, values, refused: (refused_image if refused else waiting_image)(study, arrival, **values),
    st.integers(1, 6),
    st.integers(1, 10**6),
    st.fixed_dictionaries(
        {},
        optional={
            "accession": st.text(max_size=5),
            "marks": st.sampled_from(["view", "view age"]),
            "withdrawn_at": st.just(NOW),
            "removed_at": st.just(NOW),
            "population": st.sampled_from(["children", "adults", None]),
            "tier": st.sampled_from(["tagged", None]),
            "age_years": st.none() | st.floats(0, 120),
            "acquired_at": st.just("2026-11-22T05:00:00"),
            "path": st.sampled_from(["\udcff.dcm", "a.dcm"]),
        },
    ),
    st.booleans(),
)


@given(st.lists(images, max_size=8, unique_by=lambda image: image.arrival_id), st.sets(st.integers(1, 6)))
@settings(max_examples=50)
def test_whatever_waits_both_documents_are_as_published(made: list[Any], blind: set[int]) -> None:
    """Scored, refused, marked, withdrawn and blind studies."""
    from dataclasses import replace

    studies = gather([replace(image, blind=image.study_id in blind) for image in made], lambda _: RULES)
    REPORT.validate(json.loads("".join(render_json(build_report(report_inputs(studies=studies))))))
    ranked, withdrawn = parted(studies)
    account = account_document({})
    QUEUE.validate(
        queue_document(list(order(ranked)), generated_at=NOW, bundle=None, account=account, withdrawn=withdrawn)
    )


def full() -> dict[str, Any]:
    """A report in which nothing is missing."""
    study = queue_study(1, Band.IN_TURN, arrived_at=NOW - timedelta(hours=2))
    lately = Lately(
        [study], {study.study: Word(study.study, Verdict.PNEUMONIA, "kl", "apex", NOW, NOW)},
        [Expired("S-000009", None, NOW, NOW)],
    )  # fmt: skip
    films = [ExpectedFilm(ExpectedKind.ACCESSION, "A1", NOW), ExpectedFilm(ExpectedKind.FILE, "a.dcm", None)]
    inputs = report_inputs(
        studies=[queue_study(2, Band.IN_TURN, arrived_at=NOW - timedelta(hours=2)), queue_study(3, Band.UNSCORED)],
        points={who: point.ordered() for who, point in POINTS.items()},
        policies={AgeGroup.INFANTS: GroupPolicy(Policy.OUTSIDE, "none was held out")},
        prevalence={Population.ADULTS: 0.1, None: 0.2},
        lately=lately,
        scheduled_at=NOW,
        arrived=3,
        read=1,
        verification=Verification(NOW, ["one"], 2),
        completeness=Completeness("list.csv", NOW, 2, films, (NOW, NOW)),
        reading=Reading([60.0], 1, table=ReadImport(NOW, "reads.csv", 3, 1, 1, "row 2")),
        health=Health([3.0], {(State.FAILED, "corrupt"): 1}, [RootHealth("/srv/in", last_film_at=NOW)]),
    )
    return dict(json.loads("".join(render_json(build_report(inputs)))))


def test_a_report_in_which_nothing_is_missing_is_as_published() -> None:
    """It says which schema it follows; another key, or a blind study with a band, is not as published."""
    document = full()
    REPORT.validate(document)
    assert document["schema"] == 1
    assert not REPORT.is_valid(document | {"schema": 2})
    assert not REPORT.is_valid(document | {"another": 1})
    document["queue"][0]["blind"] = True
    assert not REPORT.is_valid(document)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_describes_every_key(name: str) -> None:
    """And lets no key pass that it does not name, but for names of age groups."""
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert [where for where, told in keys(SCHEMAS[name]) if not told.get("description")] == []


def keys(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        for part in schema:
            yield from keys(part, where)
    if not isinstance(schema, dict):
        return
    for key, told in schema.get("properties", {}).items() if where != "then" else ():
        yield f"{where}.{key}", told
        yield from keys(told, f"{where}.{key}")
    for part in ("items", "oneOf", "additionalProperties", "$defs"):
        value = schema.get(part)
        yield from keys(list(value.values()) if part == "$defs" and value else value, where)
