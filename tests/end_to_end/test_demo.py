"""`cxr-triage demo` with the tiny bundle: the whole way, from files in a folder to a report."""

from __future__ import annotations

import re
from pathlib import Path

from builders.films import grey_film, jpeg
from builders.parts import real_dicom_folder
from builders.program import Program

ACCOUNT = "seen 15, scored 8, refused 4, failed 2, duplicate 1, superseded 0, vanished 0, pending 0"


def test_the_demo_shows_queue_account_report_and_database(program: Program) -> None:
    real_dicom_folder()
    done = program.good("demo", "--out", "shown")
    assert "one film of the package pydicom-data and seven variants of it" in done.out
    assert done.out.count("  dropped ") == 15
    assert "13 waiting" in done.out  # the copy, and the one that was cut off, belong to the study of the first film
    assert f"Account: {ACCOUNT}" in done.out
    assert "balanced: yes" in done.out
    report = re.search(r"^Report: +(.*)$", done.out, re.MULTILINE)
    database = re.search(r"^Database: (.*)$", done.out, re.MULTILINE)
    assert report is not None
    assert database is not None
    assert "<html" in Path(report[1]).read_text()
    program.good("account", "--verify", "--db", database[1])


def test_the_demo_takes_a_persons_own_films_and_leaves_them_alone(program: Program) -> None:
    own = program.folder / "own"
    (own / "ward").mkdir(parents=True)
    for name in ("a.jpg", "ward/b.jpg"):
        (own / name).write_bytes(jpeg(grey_film(seed=len(name))))
    before = {path: path.stat().st_mtime_ns for path in own.rglob("*")}
    done = program.good("demo", "--images", "own", "--population", "children", "--out", "shown")
    assert "seen 2, scored 2" in done.out
    assert "pydicom-data" not in done.out
    assert {path: path.stat().st_mtime_ns for path in own.rglob("*")} == before


def test_films_that_are_not_there_are_named_before_anything_starts(program: Program) -> None:
    done = program.run("demo", "--images", "absent")
    assert done.code == 1
    assert done.one_line().startswith("cxr-triage: cannot list folder absent: ")
    assert done.out == ""
    (program.folder / "empty").mkdir()
    assert "there is no file in it" in program.run("demo", "--images", "empty").one_line()
    assert not (program.folder / "demo").exists()
