"""Studies as departments send them, by commands: several files, sent again, taken back, asked for at once."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg
from builders.notes import note
from builders.program import Program

STUDY = "1.2.826.0.1.4711"


@pytest.fixture
def films(program: Program) -> Path:
    folder = program.folder / "films"
    folder.mkdir()
    return folder


def film(seed: int, instance: str = "1", study: str = STUDY, **tags: Any) -> bytes:
    return dicom(grey_film(seed=seed), study_uid=study, instance_uid=f"{study}.{instance}", **tags)


def scan(program: Program) -> str:
    return program.good("scan", "films", "--settle-seconds", "0.1", "--db", "t.db").out


def queue(program: Program) -> Any:
    return program.good("queue", "--format", "json", "--db", "t.db").document


def test_a_film_that_was_sent_again_and_one_that_was_taken_back(program: Program, films: Path) -> None:
    """The account names every file; each way out is told of where it is looked for."""
    (films / "one.dcm").write_bytes(film(1))
    (films / "two.dcm").write_bytes(film(2, "2"))
    assert scan(program) == "2 seen: 2 scored, 0 pending\n"
    (films / "one again.dcm").write_bytes(film(3))
    scan(program)
    (films / "note.dcm").write_bytes(note(STUDY, [f"{STUDY}.1"]))
    done = program.good("scan", "films", "--settle-seconds", "0.1", "--db", "t.db")
    assert "takes back 1 image of the study (rejected for quality reasons); it is no film to be read" in done.err
    assert done.out == "4 seen: 2 scored, 1 refused, 1 superseded, 0 pending\n"
    [entry] = queue(program)["queue"]
    assert [Path(image["path"]).name for image in entry["images"]] == ["two.dcm", "one again.dcm"]
    assert queue(program)["not_scored"] == []
    told = program.good("history", "films/one again.dcm", "--db", "t.db").out
    assert "withdrawn" in told
    assert "by the note that is arrival 4: rejected for quality reasons" in told
    assert (
        "the same image came again with other content" in program.good("history", "films/one.dcm", "--db", "t.db").out
    )
    program.good("account", "--verify", "--db", "t.db")


def test_a_study_that_was_taken_back_whole_is_listed_apart_until_it_is_read(program: Program, films: Path) -> None:
    (films / "one.dcm").write_bytes(film(1, accession="A1"))
    (films / "other.dcm").write_bytes(film(2, study="1.2.826.0.1.4712", accession="A2"))
    (films / "note.dcm").write_bytes(note(STUDY, [f"{STUDY}.1"], code="113038"))
    scan(program)
    document = queue(program)
    assert [entry["accession"] for entry in document["queue"]] == ["A2"]
    assert [entry["accession"] for entry in document["withdrawn"]] == ["A1"]
    assert "Withdrawn by their sender" in program.good("queue", "--db", "t.db").out
    program.good("report", "--out", "reports", "--db", "t.db")
    [folder] = [path for path in (program.folder / "reports").iterdir() if path.is_dir()]
    page = (folder / "report.html").read_text()
    assert page.count("Withdrawn by their sender") == 1
    assert page.index("Withdrawn by their sender") < page.index("A1")
    rows = list(csv.DictReader(io.StringIO((folder / "report.csv").read_text())))
    assert [(row["rank"], row["band"] == "withdrawn", row["accession"]) for row in rows] == [
        ("1", False, "A2"),
        ("", True, "A1"),
    ]
    program.good("read", "A1", "--db", "t.db")
    assert queue(program)["withdrawn"] == []
    assert "Withdrawn" not in program.good("queue", "--db", "t.db").out


def test_a_late_image_that_is_asked_for_at_once_takes_its_study_to_the_front(program: Program, films: Path) -> None:
    for number in range(3):
        (films / f"{number}.dcm").write_bytes(film(number, study=f"1.2.826.0.1.{number}"))
    scan(program)
    last = queue(program)["queue"][-1]
    number = Path(last["images"][0]["path"]).stem
    late = film(9, "2", study=f"1.2.826.0.1.{number}", view="LATERAL", RequestedProcedurePriority="STAT")
    (films / "late.dcm").write_bytes(late)
    scan(program)
    first = queue(program)["queue"][0]
    assert (first["study"], first["urgency"], len(first["images"])) == (last["study"], "stat", 2)
    (films / "later.dcm").write_bytes(film(10, "3", study=f"1.2.826.0.1.{number}", RequestedProcedurePriority="LOW"))
    scan(program)
    assert queue(program)["queue"][0]["urgency"] == "stat"


def test_plain_images_join_by_the_pattern_of_their_names(program: Program, films: Path) -> None:
    (program.folder / "config.toml").write_text(
        '[store]\nurl = "t.db"\n[[root]]\npath = "films"\nsettle_seconds = 0.1\n'
        "study_pattern = '(?P<study>(?P<accession>[A-Z][0-9]+)-[0-9]+)_.*'\n"
    )
    for number, name in enumerate(("A17-1_pa.jpg", "A17-1_ll.jpg", "A18-1_pa.jpg")):
        (films / name).write_bytes(jpeg(grey_film(seed=number)))
    program.good("--config", "config.toml", "scan")
    found = {entry["accession"]: len(entry["images"]) for entry in queue(program)["queue"]}
    assert found == {"A17": 2, "A18": 1}
    program.good("read", "A17", "--db", "t.db")
    assert [entry["accession"] for entry in queue(program)["queue"]] == ["A18"]
