"""The program with the bundle that ships, on real films."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders.parts import missing, real_dicom_folder, shared_data
from builders.program import Program

from models.bundle import BundleError, read_bundle, shipped_bundle


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """`cxr-triage` with the bundle that ships."""
    try:
        shipped_bundle()
    except BundleError:
        missing("no bundle ships with this checkout")
    return Program(tmp_path)


def test_the_bundle_that_ships_is_whole_and_says_whose_its_data_are(program: Program) -> None:
    bundle = read_bundle(shipped_bundle())
    assert {str(population) for population in bundle.points} == {"children", "adults"}
    assert bundle.document["quantisation"]["certified"] is True
    assert bundle.document["terms"]


def test_the_demo_scores_the_chest_films_and_refuses_the_others(program: Program) -> None:
    real_dicom_folder()
    done = program.good("demo", "--out", "shown")
    assert "scored 8, refused 4, failed 2, duplicate 1" in done.out


@pytest.mark.shared
def test_all_full_size_films_are_scored_once(program: Program) -> None:
    """But for one, a strip of 156 x 492 pixels that shows four ribs: it is cut off, and refused for that."""
    films = shared_data() / "kermany-fullsize"
    count = sum(path.is_file() for path in films.rglob("*") if path.suffix.lower() in {".jpeg", ".jpg", ".png"})
    arguments = ["scan", str(films), "--population", "children", "--settle-seconds", "0.1", "--db", "t.db"]
    program.good(*arguments)
    document = program.good("account", "--verify", "--format", "json", "--db", "t.db").document
    assert count >= 160
    counts = [document[state] for state in ("refused", "failed", "pending")]
    assert (document["scored"] + document["duplicate"], counts) == (count - 1, [1, 0, 0])
    [strip] = (films / "PNEUMONIA").glob("person1732_bacteria_4564.*")
    assert "cut-off" in program.good("history", str(strip), "--db", "t.db").out
    program.good(*arguments)
    assert program.good("account", "--verify", "--format", "json", "--db", "t.db").document == document
