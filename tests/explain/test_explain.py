"""What is explained is what the daemon does: film by film, over sound, refused, marked, broken and hostile files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from builders import hostile
from builders.dicom import dicom, multi_frame
from builders.films import grey_film, jpeg, photograph, png, png16, truncated
from builders.notes import note
from builders.parts import real_dicom_folder

from daemon.errors import DaemonError
from daemon.explain import inside
from daemon.explain.asking import answered
from daemon.explain.document import document_of, judged_of
from daemon.explain.explanation import Explanation, Place, explain, place_of
from daemon.explain.insight import read_developed
from daemon.explain.lines import explanation_lines
from daemon.intake.pipes import LARGEST_ANSWER
from daemon.intake.worker import Outcome, Verdict
from daemon.intake.workers import WorkerPool, outcome_of
from daemon.settings import RootSettings, Settings
from daemon.triage.gate_policy import GatePolicy
from daemon.triage.rules import Rules, rules_of
from models.bundle import Bundle
from models.population import Population

PLANTED = "PLANTED^MARKER"
FILMS: dict[str, bytes] = {
    "plain": jpeg(grey_film(seed=1)),
    "png": png(grey_film(seed=2)),
    "png16": png16(grey_film(seed=3)),
    "inverted": png(255 - grey_film(seed=4)),
    "cut": truncated(jpeg(grey_film(seed=5))),
    "photograph": jpeg(photograph()),
    "small": png(grey_film(48, 40)),
    "white": png(np.full((200, 200), 255, np.uint8)),
    "chest": dicom(grey_film(seed=6), window=(2048, 4096)),
    "monochrome1": dicom(grey_film(seed=6), photometric="MONOCHROME1"),
    "upside": dicom(255 - grey_film(seed=7)),
    "untagged": dicom(age=None, view=None),
    "infant": dicom(age="005M"),
    "between": dicom(age="012Y"),
    "lateral": dicom(view="LATERAL"),
    "hand": dicom(body_part="HAND", age="012Y", view="LL"),
    "ct": dicom(modality="CT"),
    "loop": multi_frame(),
    "burned": dicom(BurnedInAnnotation="YES"),
    "burned-inverted": dicom(255 - grey_film(seed=8), BurnedInAnnotation="YES"),
    "ct-cut": dicom(modality="CT")[:-2000],
    "note": note("1.2", ["1.2.3", "1.2.4"]),
    "lateral-cut": dicom(view="LATERAL")[:-2000],
}
FAULTS = {"worker-died", "worker-failed", "too-slow"}


def explained(data: bytes, folder: Path, pool: WorkerPool, declared: Population | None = None) -> Explanation:
    path = folder / "film"
    path.write_bytes(data)
    found = explain(Place(path, declared=declared), pool, lambda: False)
    assert found is not None
    return found


def rules(bundle: Bundle) -> Rules:
    """The bundle's own, at a site that has set nothing and accepted nothing."""
    return rules_of(bundle.points, bundle.policies)


def check(found: Explanation, outcome: Any, bundle: Bundle, policy: GatePolicy) -> dict[str, Any]:
    """The explanation says what the worker said, and its reasons are reasons for just that."""
    assert isinstance(outcome, Outcome)
    document = document_of(found, judged_of(found, rules(bundle)), bundle, policy, rules(bundle))
    assert json.loads(json.dumps(document)) == document
    assert list(explanation_lines(document))
    answer = document["answer"]
    marks = (outcome.facts.marks or "").split()
    assert (answer["verdict"], answer["code"], answer["message"], answer["marks"]) == (
        outcome.verdict.value,
        outcome.code,
        outcome.message,
        marks,
    )
    refusing = [finding for finding in document["findings"] if finding["does"] == "refuses"]
    stopped = document["stopped_by"]
    match outcome.verdict:
        case Verdict.SCORED:
            assert not refusing
            assert stopped is None
            assert list(dict.fromkeys(finding["code"] for finding in document["findings"])) == marks
            assert document["score"]["logit"] == outcome.logit
        case Verdict.REFUSED if outcome.note is not None:
            assert not document["findings"]  # it is no film
        case Verdict.REFUSED:
            assert refusing[0]["code"] == outcome.code
            assert f"{refusing[0]['message']}; {refusing[0]['remedy']}" == outcome.message
            assert document["score"] is None
        case Verdict.FAILED:
            assert not refusing
            assert stopped is not None
            assert stopped["code"] == outcome.code
            assert document["score"] is None
    return document


@pytest.mark.parametrize("declared", [None, Population.CHILDREN], ids=["unknown", "children"])
@pytest.mark.parametrize("name", FILMS)
def test_a_film_is_explained_as_it_is_judged(
    name: str, declared: Population | None, tmp_path: Path, pool: WorkerPool, bundle: Bundle, policy: GatePolicy
) -> None:
    found = explained(FILMS[name], tmp_path, pool, declared)
    check(found, outcome_of(pool.submit(FILMS[name], declared)), bundle, policy)


@pytest.mark.parametrize("name", hostile.FILES)
def test_a_hostile_file_is_explained_as_it_is_judged(
    name: str, tmp_path: Path, pool: WorkerPool, bundle: Bundle, policy: GatePolicy
) -> None:
    """Also to the end, where the worker stops at the header: whatever the picture does, it costs a sentence."""
    data = hostile.FILES[name]()
    found = explained(data, tmp_path, pool)
    if found.insight is None:
        assert found.answer.verdict is Verdict.REFUSED
        assert found.unseen
    else:
        document = check(found, outcome_of(pool.submit(data, None)), bundle, policy)
        assert document["answer"]["code"] not in FAULTS


def real_files() -> list[Path]:
    try:
        folders = [real_dicom_folder()]
    except pytest.skip.Exception:
        folders = []
    folders.append(Path(pydicom.__file__).parent / "data")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".py")


@pytest.mark.parametrize("policy", ["refuses"], indirect=True)
def test_every_real_file_is_explained_as_it_is_judged(
    tmp_path: Path, pool: WorkerPool, bundle: Bundle, policy: GatePolicy
) -> None:
    """Those of pydicom-data and of pydicom's own tests; none takes a worker with it."""
    files = [path for path in real_files() if path.stat().st_size]
    assert len(files) > 90
    for path in files:
        found = explain(Place(path), pool, lambda: False)
        assert found is not None
        assert found.insight is not None, path
        document = check(found, outcome_of(pool.submit(path.read_bytes(), None)), bundle, policy)
        assert document["answer"]["code"] not in FAULTS, path


@pytest.mark.parametrize("policy", ["refuses"], indirect=True)
def test_all_findings_are_told_and_not_the_first_alone(
    tmp_path: Path, pool: WorkerPool, bundle: Bundle, policy: GatePolicy
) -> None:
    found = explained(FILMS["hand"], tmp_path, pool)
    document = document_of(found, None, bundle, policy, rules(bundle))
    assert [finding["code"] for finding in document["findings"]] == ["body-part", "view", "population"]
    assert document["gate"]["margins"]["inverted"]["at_most"] == 0.0
    assert document["looked_to_the_end"]


@pytest.mark.parametrize("policy", ["refuses"], indirect=True)
def test_who_is_on_a_film_is_told_with_the_reason(
    tmp_path: Path, pool: WorkerPool, bundle: Bundle, policy: GatePolicy
) -> None:
    def who(data: bytes, declared: Population | None) -> tuple[Any, ...]:
        found = document_of(explained(data, tmp_path, pool, declared), None, bundle, policy, rules(bundle))[
            "population"
        ]
        return found["group"], found["from"], found["policy"]

    unsaid = dicom(age=None)
    assert who(dicom(age="045Y"), Population.CHILDREN) == ("adults", "age", "banded")
    assert who(unsaid, Population.CHILDREN) == ("children", "declared", "banded")
    assert who(unsaid, None) == (None, "unknown", None)
    assert who(dicom(age="010Y"), None) == ("between", "age", "outside")


@pytest.mark.parametrize("policy", ["refuses"], indirect=True)
def test_no_name_and_no_identifier_is_told(
    tmp_path: Path, pool: WorkerPool, bundle: Bundle, policy: GatePolicy
) -> None:
    """Wherever a header holds one, and whatever becomes of the film."""
    everywhere = dict.fromkeys(
        ("PatientName", "PatientID", "StudyDescription", "SeriesDescription", "ProtocolName", "PatientComments"),
        PLANTED,
    )
    for options in ({}, {"view": "LATERAL"}, {"modality": "MR"}):
        data = dicom(accession="PLANTED1", study_uid="1.2.987654", instance_uid="1.2.987654.1", **options, **everywhere)
        found = explained(data, tmp_path, pool)
        document = document_of(found, judged_of(found, rules(bundle)), bundle, policy, rules(bundle))
        for text in (json.dumps(document), "\n".join(explanation_lines(document))):
            assert "PLANTED" not in text
            assert "987654" not in text


@pytest.mark.parametrize("policy", ["refuses"], indirect=True)
def test_what_gives_no_content_has_the_intakes_code(
    tmp_path: Path, pool: WorkerPool, bundle: Bundle, policy: GatePolicy
) -> None:
    for name, make in hostile.ON_DISK.items():
        path = tmp_path / name
        make(path)
        found = explain(Place(path), pool, lambda: False)
        assert found is not None
        expected = {"sparse.jpg": "too-large"}.get(name, "not-a-regular-file")
        assert found.answer.code == (None if name.startswith("large-") else expected), name
        if found.answer.code:
            document = document_of(found, None, bundle, policy, rules(bundle))
            assert list(explanation_lines(document))[1].startswith("  answer: failed (")


def test_a_folder_and_what_is_not_there_are_errors(tmp_path: Path) -> None:
    class Nobody:
        proven = True

    for path, cause in ((tmp_path, "it is a folder"), (tmp_path / "nothing", "No such file"), (Path("a\0b"), "null")):
        with pytest.raises(DaemonError, match=cause):
            explain(Place(path), Nobody(), lambda: False)  # type: ignore[arg-type]


def test_the_root_that_a_film_lies_in_says_how_it_is_taken(tmp_path: Path) -> None:
    root = RootSettings(path=tmp_path / "in", population=Population.ADULTS, exclude=("old/*",), largest_mib=1)
    settings = Settings(root=(root,))
    inside = place_of(tmp_path / "in" / "a.dcm", settings, None)
    assert (inside.declared, inside.taken, inside.largest) == (Population.ADULTS, True, 1 << 20)
    assert place_of(tmp_path / "in" / "a.dcm", settings, "children").declared is Population.CHILDREN
    assert not place_of(tmp_path / "in" / "old" / "a.dcm", settings, None).taken
    assert not place_of(tmp_path / "in" / ".a.dcm", settings, None).taken
    outside = place_of(tmp_path / "in2" / "a.dcm", settings, None)
    assert (outside.root, outside.declared, outside.taken) == (None, None, True)


@pytest.mark.parametrize("policy", ["refuses"], indirect=True)
def test_a_film_larger_than_any_other_answer_is_developed_whole(pool: WorkerPool, policy: GatePolicy) -> None:
    """Level by level; the intake's own pool takes no such answer."""
    film = grey_film(2600, 2000, seed=5)
    levels = answered(pool, inside.developed, read_developed, png(film), stop=lambda: False)
    assert isinstance(levels, np.ndarray)
    np.testing.assert_array_equal(levels, film)
    assert film.size > LARGEST_ANSWER
