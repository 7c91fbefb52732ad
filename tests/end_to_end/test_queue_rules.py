"""The queue under a site's rules, through the real program: urgency, what waited too long, observed folders."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from builders.dicom import dicom
from builders.films import grey_film
from builders.program import Program


@pytest.fixture
def program(tmp_path: Path, bundle: Path) -> Program:
    """Three films, one through a folder that is only observed."""
    program = Program(tmp_path, bundle, settings={"CXR_TRIAGE_STORE__URL": "t.db", "CXR_TRIAGE_CONFIG": "c.toml"})
    for folder, name, seed in (("in", "a", 1), ("in", "b", 2), ("trial", "c", 3)):
        (tmp_path / folder).mkdir(exist_ok=True)
        film = dicom(grey_film(seed=seed), accession=name.upper(), study_uid=f"1.2.{seed}")
        (tmp_path / folder / f"{name}.dcm").write_bytes(film)
    (tmp_path / "c.toml").write_text(
        "[queue]\nlongest_wait_minutes = { routine = 0.01 }\n"
        '[[root]]\npath = "in"\nsettle_seconds = 0.1\n'
        '[[root]]\npath = "trial"\nobserve = true\nsettle_seconds = 0.1\n'
    )
    program.good("scan")
    with closing(sqlite3.connect(tmp_path / "t.db")) as db, db:
        db.execute("UPDATE arrival SET backlog = 0")
    return program


def _queue(program: Program) -> dict[str, dict[str, object]]:
    return {entry["accession"]: entry for entry in program.good("queue", "--format", "json").document["queue"]}


def test_urgency_by_hand_and_by_table(program: Program) -> None:
    """It orders before everything; rows that fit nothing are named, and the code is 1."""
    assert program.good("urgency", "B", "stat", "--by", "kl").out == "1 study set\n"
    assert next(iter(_queue(program))) == "B"
    (program.folder / "u.csv").write_text("accession,urgency\nB,routine\nC,urgent\nX9,stat\nA,soon\n")
    done = program.run("urgency", "--csv", "u.csv")
    assert (done.code, done.out) == (1, "2 studies set\n")
    assert "X9" in done.err
    assert "line 5 has no usable urgency" in done.err
    assert next(iter(_queue(program))) == "C"
    assert program.run("urgency", "B").code == 2


def test_overdue_and_observed_are_said(program: Program) -> None:
    """By the site's limits, and by the folder."""
    time.sleep(0.7)
    found = _queue(program)
    assert all(entry["overdue"] for entry in found.values())
    assert (found["C"]["band"], found["C"]["probability"]) == ("unscored", None)
    assert found["C"]["images"][0]["observed"] is True  # type: ignore[index]
    assert found["C"]["images"][0]["probability"] is not None  # type: ignore[index]
    assert found["A"]["images"][0]["observed"] is False  # type: ignore[index]


def test_after_an_overdue_study_was_read_a_first_one_leads(program: Program) -> None:
    """The list is made anew after each reading: whoever takes its top reads both kinds in turn."""
    time.sleep(0.7)
    with closing(sqlite3.connect(program.folder / "t.db")) as db, db:
        db.execute("UPDATE result SET logit = 9")
        db.execute("UPDATE arrival SET arrived_at = '2026-01-01 00:00:00.000000+00:00' WHERE accession = 'B'")
        db.execute("UPDATE arrival SET arrived_at = '2026-01-02 00:00:00.000000+00:00' WHERE accession = 'C'")
        db.execute("UPDATE arrival SET arrived_at = '2099-01-01 00:00:00.000000+00:00' WHERE accession = 'A'")
    assert list(_queue(program)) == ["B", "A", "C"]
    program.good("read", "B")
    assert list(_queue(program)) == ["A", "C"]
