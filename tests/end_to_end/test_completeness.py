"""Every film's whereabouts, through the real program: its way, another try, what never came, what may go."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg
from builders.program import Program, command_line, wait_until

UNREADABLE = b"this is no film"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Program:
    """A folder of films that was scanned; the tests work on copies of it."""
    program = Program(tmp_path_factory.mktemp("once"), bundle)
    films = program.folder / "films"
    (films / "ward").mkdir(parents=True)
    (films / "a.jpg").write_bytes(jpeg(grey_film(seed=1)))
    (films / "ward" / "1.dcm").write_bytes(dicom(grey_film(seed=2), accession="A1"))
    (films / "hand.dcm").write_bytes(dicom(body_part="HAND", accession="H1"))
    (films / "text.jpg").write_bytes(UNREADABLE)
    program.good("scan", "films", "--db", "t.db", "--settle-seconds", "0.1")
    return program


@pytest.fixture
def program(once: Program, tmp_path: Path, bundle: Path) -> Program:
    """The scanned films and their database, and a zone of this test."""
    shutil.copy(once.folder / "t.db", tmp_path / "t.db")
    shutil.copy(once.folder / "t.db.key", tmp_path / "t.db.key")
    settings = {"CXR_TRIAGE_STORE__URL": "t.db", "CXR_TRIAGE_REPORT__ZONE": "Asia/Tokyo"}
    return Program(tmp_path, bundle, settings=settings)


@pytest.fixture
def own(tmp_path: Path, bundle: Path) -> Program:
    """Films of this test alone, which it may change."""
    program = Program(tmp_path, bundle, settings={"CXR_TRIAGE_STORE__URL": "t.db"})
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "a.jpg").write_bytes(jpeg(grey_film(seed=1)))
    (tmp_path / "films" / "text.jpg").write_bytes(UNREADABLE)
    program.good("scan", "films", "--settle-seconds", "0.1")
    return program


def _steps(program: Program, film: str | Path) -> list[list[str]]:
    """The states that each content of a path went through."""
    [told] = program.good("history", film, "--format", "json").document["films"]
    return [[line["to"] for line in generation["history"]] for generation in told["generations"]]


def test_a_films_way_is_told_by_its_path_or_its_number(program: Program, once: Program) -> None:
    film = once.folder / "films" / "ward" / "1.dcm"
    document = program.good("history", film, "--format", "json").document
    [told] = document["films"]
    [generation] = told["generations"]
    assert told["path"] == str(film)
    assert [line["to"] for line in generation["history"]] == ["seen", "settling", "ready", "running", "scored"]
    assert generation["result"]["bundle"] == "tiny"
    assert 0 < generation["result"]["probability"] < 1
    assert generation["study"].startswith("S-")
    for name in (f"arrival={generation['arrival']}", str(generation["arrival"]), "ward/1.dcm"):
        assert program.good("history", name, "--format", "json").document == document
    text = program.good("history", film).out
    for words in (str(film), "scored", "JST", "probability 0.", generation["sha256"][:12], "taken up"):
        assert words in text


def test_a_way_goes_on_after_the_film_is_replaced_read_and_removed(own: Program) -> None:
    film = own.folder / "films" / "a.jpg"
    film.write_bytes(jpeg(grey_film(seed=3)))
    own.good("scan", "films", "--settle-seconds", "0.1")
    own.good("read", "films/a.jpg")
    film.unlink()
    own.good("scan", "films", "--settle-seconds", "0.1")
    assert [steps[-1] for steps in _steps(own, film)] == ["superseded", "scored"]
    text = own.good("history", "films/a.jpg").out
    for words in ("superseded by arrival", "removed       ", "read          ", "(command)"):
        assert words in text


def test_a_film_that_nobody_saw_is_one_line(program: Program) -> None:
    for name in ("nobody.dcm", "999999999999", "", "/", "../x", "9" * 25):
        done = program.run("history", name)
        assert done.code == 1
        assert "nothing of that name was seen" in done.one_line()


def test_a_retry_is_seen_through_by_the_next_scan(own: Program) -> None:
    """It comes out as it did, but it was tried; what has a score is not tried."""
    done = own.run("retry", "films/text.jpg", "films/a.jpg")
    assert done.code == 1
    assert done.out == "1 taken up again; the next scan tries them\n"
    assert "cannot retry films/a.jpg: it is scored" in done.one_line()
    assert own.good("account", "--format", "json").document["pending"] == 1
    assert "cannot score" in own.good("scan", "films").err
    assert _steps(own, "films/text.jpg")[0][-3:] == ["ready", "running", "failed"]
    dry = own.good("retry", "--code", "unknown-format", "--dry-run", "--format", "json").document
    assert [Path(film["path"]).name for film in dry["taken_up"]] == ["text.jpg"]
    assert own.good("account", "--verify", "--format", "json").document["pending"] == 0


def test_a_running_daemon_takes_a_retry_up_at_once(own: Program) -> None:
    """Without a rescan, which comes once an hour here."""
    (own.folder / "config.toml").write_text(
        '[store]\nurl = "t.db"\n[[root]]\npath = "films"\nsettle_seconds = 0.2\nrescan_seconds = 3600\n'
    )
    with own.started("--config", "config.toml", "watch") as running:
        running.wait_for("event=watching")
        assert own.good("retry", "--code", "unknown-format").out == "1 taken up again; the daemon tries them\n"
        wait_until(
            lambda: _steps(own, "films/text.jpg")[0].count("failed") == 2, lambda: "a second failure", running.alive
        )
        assert running.terminate() == 0
    own.good("account", "--verify")


def test_what_never_arrived_is_listed_and_stands_in_the_report(program: Program) -> None:
    """In every form of it, from the list that was imported, without what has come since."""
    (program.folder / "ris.csv").write_text(
        "Accession Number;File;Acquired at\n"
        "A1;;2025-11-22T07:00\n"
        ";text.jpg;\n"
        "A9;;20251122071500\n"
        "H1;;2025-11-22T07:00\n"
        ";;\n"
        "A2;;yesterday\n"
        "A3;;2100-01-01\n",
        encoding="utf-8",
    )
    done = program.run("reconcile", "--expected", "ris.csv")
    assert done.code == 1
    assert done.out.splitlines() == [
        "3 of 4 expected films arrived, 1 missing, 1 not yet due",
        "2 of those that arrived were refused or failed; `cxr-triage queue` says why",
        "missing:",
        "  2025-11-22 07:15 JST  A9",
    ]
    assert "ris.csv: line 7: 'yesterday': it is no time" in done.one_line()
    document = program.run("reconcile", "--expected", "ris.csv", "--format", "json").document
    assert [film["accession"] for film in document["missing"]] == ["A9"]
    program.good("report", "--date", "2025-11-23", "--out", "reports")
    folder = program.folder / "reports" / "2025-11-23"
    assert "3 of 4 expected films arrived, 1 is missing" in (folder / "report.html").read_text("utf-8")
    told = json.loads((folder / "report.json").read_text())["report"]["ris_completeness"]
    assert (told["expected"], told["arrived"], [film["accession"] for film in told["missing"]]) == (4, 3, ["A9"])
    assert (folder / "missing.csv").read_text() == "accession,file,expected_at\nA9,,2025-11-21T22:15:00Z\n"
    program.good("report", "--date", "2025-11-20", "--out", "reports")
    other = (program.folder / "reports" / "2025-11-20" / "report.html").read_text("utf-8")
    assert "Completeness against the RIS: not checked." in other


def test_a_complete_list_is_well(program: Program) -> None:
    (program.folder / "ris.csv").write_text("auftrag\tdatei\nA1\t\n\tward/1.dcm\n")
    columns = ("--column-accession", "Auftrag", "--column-file", "datei")
    done = program.good("reconcile", "--expected", "ris.csv", *columns)
    assert (done.out, done.err) == ("2 of 2 expected films arrived\n", "")


@pytest.mark.parametrize(
    ("content", "cause"), [(None, "No such file"), (b"", "no column accession"), (b"accession\n", "names no film")]
)
def test_a_list_that_cannot_be_used_is_one_line(program: Program, content: bytes | None, cause: str) -> None:
    if content is not None:
        (program.folder / "ris.csv").write_bytes(content)
    done = program.run("reconcile", "--expected", "ris.csv")
    assert done.code == 1
    assert cause in done.one_line()


def test_what_was_handled_is_named_and_stays(program: Program, once: Program) -> None:
    """On standard output nothing but paths; in the form for xargs each with its NUL."""
    films = once.folder / "films"
    assert program.good("handled", "--older-than", "0h").out == ""
    program.good("read", films / "a.jpg", "A1")
    done = program.good("handled", "--older-than", "0h")
    assert done.out.splitlines() == [str(films / "a.jpg"), str(films / "ward" / "1.dcm")]
    assert done.err.startswith("2 files, ")
    assert "2 were not marked as read" in done.err
    assert program.good("handled", "--older-than", "1d").out == ""
    null = program.good("handled", "--older-than", "0h", "--unread", "--root", films, "--format", "null")
    assert null.out.split("\0") == [str(films / name) for name in ("a.jpg", "hand.dcm", "text.jpg", "ward/1.dcm")] + [
        ""
    ]
    document = program.good("handled", "--older-than", "0h", "--format", "json").document
    assert [Path(file["path"]).name for file in document["files"]] == ["a.jpg", "1.dcm"]
    assert all(file.exists() for file in films.iterdir())


def test_a_name_that_fits_on_no_line_comes_out_for_xargs_only(own: Program) -> None:
    """Spelled out, it could be the name of another file."""
    name = b"new\nline\xff.jpg"
    Path(os.fsdecode(os.fsencode(own.folder / "films") + b"/" + name)).write_bytes(jpeg(grey_film(seed=4)))
    own.good("scan", "films", "--settle-seconds", "0.1")
    done = own.run("handled", "--older-than", "0h", "--unread")
    assert done.code == 1
    assert len(done.out.splitlines()) == 2
    assert "new\\nline\\udcff.jpg" in done.err
    command = [*command_line(), "handled", "--older-than", "0h", "--unread", "--format", "null"]
    raw = subprocess.run(command, cwd=own.folder, env=own.environment(), capture_output=True, check=True).stdout
    assert os.fsencode(own.folder / "films") + b"/" + name in raw.split(b"\0")


def test_a_folder_that_went_away_gives_nothing_to_delete(own: Program) -> None:
    (own.folder / "films").rename(own.folder / "elsewhere")
    done = own.run("handled", "--older-than", "0h", "--unread")
    assert (done.code, done.out) == (1, "")
    assert "cannot be seen" in done.err
    assert own.run("handled", "--older-than", "0h", "--root", own.folder).code == 1
