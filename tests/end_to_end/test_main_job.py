"""The main job through the real program: scan, then everything that people and other programs ask the store."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from builders.bundles import policies, tiny_bundle
from builders.dicom import dicom
from builders.films import grey_film, jpeg, png
from builders.program import Program
from builders.schemas import faults

ENTRY = {"rank", "study", "band", "urgency", "overdue", "probability", "logit", "tier", "arrived_at", "images"}
IMAGE = {"path", "sha256", "state", "probability", "logit"}
ACCOUNT = ["seen", "scored", "refused", "failed", "duplicate", "superseded", "vanished", "pending", "balanced"]


def _sql(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(statement).fetchall()
        connection.commit()
    return rows


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Program:
    """A folder of films that was scanned; the tests work on copies of its database."""
    program = Program(tmp_path_factory.mktemp("once"), bundle)
    films = program.folder / "films"
    (films / "ward").mkdir(parents=True)
    (films / "a.jpg").write_bytes(jpeg(grey_film(seed=1)))
    (films / "copy of a.jpg").write_bytes(jpeg(grey_film(seed=1)))
    (films / "ward" / "b.png").write_bytes(png(grey_film(seed=2, opacity=1.0)))
    for number in (1, 2):
        film = dicom(grey_film(seed=10 + number), accession=f"A{number}", study_uid=f"1.2.3.{number}")
        (films / f"{number}.dcm").write_bytes(film)
    (films / "hand.dcm").write_bytes(dicom(body_part="HAND", accession="H1", study_uid="1.2.3.9"))
    (films / "text.jpg").write_text("this is a text")
    done = program.good("scan", "films", "--db", "t.db", "--settle-seconds", "0.1")
    assert done.out == "7 seen: 4 scored, 1 refused, 1 failed, 1 duplicate, 0 pending\n"
    return program


@pytest.fixture
def program(once: Program, tmp_path: Path, bundle: Path) -> Program:
    """The scanned films, and a database of this test."""
    shutil.copy(once.folder / "t.db", tmp_path / "t.db")
    shutil.copy(once.folder / "t.db.key", tmp_path / "t.db.key")
    (tmp_path / "films").symlink_to(once.folder / "films")
    return Program(tmp_path, bundle, settings={"CXR_TRIAGE_STORE__URL": "t.db"})


def _waiting(program: Program) -> dict[str, str]:
    """Study by the name of its first image."""
    queue = program.good("queue", "--format", "json").document["queue"]
    return {Path(entry["images"][0]["path"]).name: entry["study"] for entry in queue}


def test_the_queue_has_the_shape_of_the_interface(program: Program) -> None:
    document = program.good("queue", "--format", "json").document
    assert faults("queue-1", document) == []
    assert document["schema"] == 1
    assert {"schema", "generated_at", "bundle", "account", "queue", "not_scored"} <= set(document)
    assert document["bundle"]["name"] == "tiny"
    assert len(document["bundle"]["sha256"]) == 64
    assert list(document["account"]) == ACCOUNT
    assert [entry["rank"] for entry in document["queue"]] == [1, 2, 3, 4, 5, 6]
    for entry in document["queue"]:
        assert set(entry) >= ENTRY
        assert entry["band"] in {"first", "next", "in_turn", "unscored"}
        assert (entry["urgency"], entry["overdue"]) == ("routine", False)
        assert (entry["logit"] is None) == (entry["probability"] is None) == (entry["band"] == "unscored")
        assert entry["tier"] in {"tagged", "untagged"}
        for image in entry["images"]:
            assert set(image) >= IMAGE
            assert Path(image["path"]).is_absolute()
    logits = [entry["logit"] for entry in document["queue"] if entry["logit"] is not None]
    assert logits == sorted(logits, reverse=True)
    assert {(item["state"], item["code"]) for item in document["not_scored"]} == {
        ("refused", "body-part"),
        ("failed", "unknown-format"),
    }
    for item in document["not_scored"]:
        assert set(item) >= {"path", "state", "code", "message"}


def test_the_queue_in_its_three_forms_has_the_same_order(program: Program) -> None:
    studies = [entry["study"] for entry in program.good("queue", "--format", "json").document["queue"]]
    rows = list(csv.DictReader(io.StringIO(program.good("queue", "--format", "csv").out)))
    assert [row["study"] for row in rows] == studies
    table = program.good("queue").out.splitlines()
    assert table[0].startswith("6 waiting, as of ")
    assert table[1].startswith("not accepted at this site")
    assert [line.split()[1] for line in table[3:9]] == studies


def test_a_limit_shortens_the_queue_and_not_what_was_not_scored(program: Program) -> None:
    document = program.good("queue", "--format", "json", "--limit", "2").document
    assert len(document["queue"]) == 2
    assert len(document["not_scored"]) == 2


def test_a_second_scan_scores_nothing_again(program: Program) -> None:
    counted = "SELECT (SELECT count(*) FROM result), (SELECT count(*) FROM history), (SELECT count(*) FROM arrival)"
    before = _sql(program.folder / "t.db", counted)
    done = program.good("scan", "films")
    assert done.out == "7 seen: 4 scored, 1 refused, 1 failed, 1 duplicate, 0 pending\n"
    assert done.err == ""  # what the first scan said is not said again
    assert _sql(program.folder / "t.db", counted) == before


def test_nothing_is_drawn_when_the_output_is_piped(program: Program, tmp_path: Path) -> None:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "a.jpg").write_bytes(jpeg(grey_film(seed=30)))
    done = program.good("scan", "slow", "--settle-seconds", "2.6", "--db", "other.db")
    assert (done.out, done.err) == ("1 seen: 1 scored, 0 pending\n", "")


def test_a_verdict_takes_a_study_out_of_the_queue_and_a_later_one_revises_it(program: Program) -> None:
    study = _waiting(program)["b.png"]
    done = program.good("review", study, "pneumonia", "--by", "kl", "--note", "left lower lobe")
    assert done.out == f"{study}: pneumonia\n"
    assert "b.png" not in _waiting(program)
    program.good("review", "films/ward/b.png", "unsure")
    assert _sql(program.folder / "t.db", 'SELECT verdict, "by", note FROM review ORDER BY id') == [
        ("pneumonia", "kl", "left lower lobe"),
        ("unsure", None, None),
    ]


def test_studies_are_named_by_id_path_or_accession(program: Program) -> None:
    study = _waiting(program)["a.jpg"]
    done = program.good("read", study, "A1", program.folder / "films" / "hand.dcm")
    assert done.out == "3 marked as read\n"
    assert set(_waiting(program)) == {"b.png", "2.dcm", "text.jpg"}


def test_a_name_that_fits_nothing_is_named_and_the_others_are_done(program: Program) -> None:
    done = program.run("read", "A1", "nobody", "A2")
    assert done.code == 1
    assert "cannot find study nobody: nothing of that name was seen; give an id from" in done.one_line()
    assert done.out == "2 marked as read\n"
    assert set(_waiting(program)) == {"a.jpg", "b.png", "hand.dcm", "text.jpg"}


def test_a_csv_of_reads_is_done_row_by_row(program: Program) -> None:
    study = _waiting(program)["a.jpg"]
    (program.folder / "reads.csv").write_text(
        "\ufeffaccession,study,file,read_at,reader\n"
        f"A1,,,2036-11-22T07:45:00+01:00,kl\n"
        f",{study},,2036-11-22T07:45:00,kl\n"
        f",,films/ward/b.png,2036-11-22,kl\n"
        ",,,2036-11-22,kl\n"
        "A2,,,yesterday,kl\n"
        "A7,,,2036-11-22,kl\n",
        encoding="utf-8",
    )
    done = program.run("read", "--csv", "reads.csv", CXR_TRIAGE_REPORT__ZONE="Europe/Vienna")
    assert done.code == 1
    assert done.out == "3 marked as read\n"
    lines = done.err.splitlines()
    assert len(lines) == 3
    assert "reads.csv: line 5 names no study" in lines[0]
    assert "reads.csv: line 6 has no usable read_at" in lines[1]
    assert "A7: nothing of that name was seen" in lines[2]
    assert set(_waiting(program)) == {"2.dcm", "hand.dcm", "text.jpg"}
    times = _sql(program.folder / "t.db", "SELECT read_at, source FROM read_event ORDER BY id")
    assert [str(at)[:16].replace("T", " ") for at, _ in times[:2]] == ["2036-11-22 06:45"] * 2
    assert {source for _, source in times} == {"csv"}


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"who,when\nA1,2026-11-22\n", "its columns are not usable"),
        (b"accession,read_at\nA1,2026-11-22\n\xff\xfe,2026-11-22\n", "UTF-8"),
        (b"", "its columns are not usable"),
        (None, "No such file"),
    ],
)
def test_a_csv_that_cannot_be_used_marks_nothing(program: Program, content: bytes | None, cause: str) -> None:
    if content is not None:
        (program.folder / "reads.csv").write_bytes(content)
    done = program.run("read", "--csv", "reads.csv")
    assert done.code == 1
    assert done.one_line().startswith("cxr-triage: cannot read reads reads.csv: ")
    assert cause in done.err
    assert len(_waiting(program)) == 6


def test_the_account_balances_and_holds(program: Program) -> None:
    document = program.good("account", "--verify", "--format", "json").document
    assert list(document)[: len(ACCOUNT)] == ACCOUNT
    assert {key: document[key] for key in ACCOUNT} == {
        "seen": 7,
        "scored": 4,
        "refused": 1,
        "failed": 1,
        "duplicate": 1,
        "superseded": 0,
        "vanished": 0,
        "pending": 0,
        "balanced": True,
    }
    assert (document["verified"], document["unseen"], document["discrepancies"]) == (True, 0, [])
    assert list(program.good("account", "--format", "json").document) == ACCOUNT


def test_a_file_newer_than_the_last_rescan_is_unseen_and_no_discrepancy(program: Program, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    program.good("scan", "own", "--db", "own.db")
    (tmp_path / "own" / "new.jpg").write_bytes(jpeg(grey_film(seed=50)))
    document = program.good("account", "--verify", "--format", "json", "--db", "own.db").document
    assert (document["verified"], document["unseen"]) == (True, 1)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DELETE FROM arrival WHERE path = CAST('1.dcm' AS BLOB)", "arrival"),
        ("DELETE FROM history WHERE id = (SELECT max(id) FROM history)", "history"),
        ("DELETE FROM history WHERE id = (SELECT min(id) FROM history)", "history"),
        ("DELETE FROM result WHERE id = 1", "result"),
    ],
    ids=["arrival", "last history line", "first history line", "result"],
)
def test_verify_names_what_was_deleted_behind_the_daemons_back(program: Program, statement: str, named: str) -> None:
    _sql(program.folder / "t.db", statement)
    done = program.run("account", "--verify", "--format", "json")
    assert done.code == 1
    assert done.document["verified"] is False
    found = done.document["discrepancies"]
    assert any(named in f"{each['kind']} {each['subject']} {each['text']}" for each in found), found
    table = program.run("account", "--verify")
    assert table.code == 1
    assert all(each["kind"] in table.out for each in found)


def test_a_report_of_every_form_is_written_for_its_date(program: Program) -> None:
    done = program.good("report", "--date", "2026-11-21", "--out", "reports")
    folder = program.folder / "reports" / "2026-11-21"
    assert [Path(line) for line in done.out.splitlines()] == [folder / f"report.{f}" for f in ("html", "csv", "json")]
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert json.loads((folder / "report.json").read_text())
    assert "<script" not in (folder / "report.html").read_text()
    assert _sql(program.folder / "t.db", "SELECT report_date, formats FROM report") == [("2026-11-21", "html,csv,json")]


def test_a_report_of_one_form_goes_where_the_settings_say(program: Program) -> None:
    done = program.good("report", "--format", "csv", CXR_TRIAGE_REPORT__FOLDER="nightly")
    assert Path(done.out.strip()).is_relative_to(program.folder / "nightly")
    assert [path.name for path in (program.folder / "nightly").glob("*/*")] == ["report.csv"]


def test_a_report_that_cannot_be_written_is_one_line(program: Program) -> None:
    (program.folder / "reports").write_text("a file in its place")
    done = program.run("report", "--out", program.folder / "reports" / "deeper")
    assert done.code == 1
    assert done.one_line().startswith("cxr-triage: cannot write report ")


def test_status_says_that_nothing_is_wrong_after_a_scan(program: Program) -> None:
    document = program.good("status", "--format", "json").document
    assert document["well"] is True
    assert (document["daemon"]["state"], document["bundle"], document["pending"]) == ("stopped", "tiny", 0)
    assert document["database"] == str(program.folder / "t.db")
    assert [root["state"] for root in document["roots"]] == ["watched"]
    assert program.good("status").out.splitlines()[0] == "daemon    stopped"


def test_a_population_on_the_command_line_is_for_films_without_an_age(program: Program, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.jpg").write_bytes(jpeg(grey_film(seed=1)))
    (tmp_path / "own" / "b.dcm").write_bytes(dicom(age="045Y"))
    program.good("scan", "own", "--population", "children", "--settle-seconds", "0.1", "--db", "own.db")
    queue = program.good("queue", "--format", "json", "--db", "own.db").document["queue"]
    populations = {Path(entry["images"][0]["path"]).name: entry["population"] for entry in queue}
    assert populations == {"a.jpg": "children", "b.dcm": "adults"}


def test_a_configuration_file_is_enough(program: Program) -> None:
    (program.folder / "config.toml").write_text(
        f'[store]\nurl = "own.db"\n[[root]]\npath = "{program.folder / "films"}"\nsettle_seconds = 0.1\n'
    )
    own = Program(program.folder, program.bundle)
    assert own.good("--config", "config.toml", "scan").out.startswith("7 seen: 4 scored")
    assert len(own.good("--config", "config.toml", "queue", "--format", "json").document["queue"]) == 6
    assert (
        own.good("queue", "--format", "json", "--db", f"sqlite:///{program.folder / 'own.db'}").document["waiting"] == 6
    )


def test_a_population_that_is_outside_is_refused_and_one_that_is_ordered_is_called_so(tmp_path: Path) -> None:
    """By scan, queue, history and report alike; probabilities hold at what the site says."""
    calibration = {"calibration": {"slope": 1.0, "intercept": 0.0, "prevalence": 0.5}}
    stated = policies(children="ordered")
    bundle = tiny_bundle(tmp_path / "bundle", populations={"children": calibration}, policies=stated)
    program = Program(tmp_path, bundle, settings={"CXR_TRIAGE_STORE__URL": "t.db"})
    (tmp_path / "films").mkdir()
    for name, age in (("adult", "045Y"), ("child", "003Y")):
        film = dicom(grey_film(seed=len(name)), age=age, accession=name, study_uid=f"1.2.3.{int(age[:3])}")
        (tmp_path / "films" / f"{name}.dcm").write_bytes(film)
    done = program.good("scan", "films", "--settle-seconds", "0.1")
    assert done.out == "2 seen: 1 scored, 1 refused, 0 pending\n"
    assert "the age is 45 years, and the bundle is not for adults (from 18 years)" in done.err
    assert done.err.rstrip().endswith("; read it normally (population)")
    site = {"CXR_TRIAGE_PREVALENCE__CHILDREN": "0.05"}
    document = program.good("queue", "--format", "json", **site).document
    entries = {entry["accession"]: entry for entry in document["queue"]}
    child, adult = entries["child"], entries["adult"]
    assert (child["band"], child["policy"], child["prevalence"]) == ("next", "ordered", 0.05)
    assert (adult["band"], adult["policy"], adult["images"][0]["code"]) == ("unscored", None, "population")
    table = program.good("queue", **site).out
    assert "next (ordered)" in table
    assert "Probabilities hold at a prevalence of: children 5 % (this site)." in table
    assert "ordered: the score orders these films; none of them is called low or first." in table
    assert "Probabilities hold at a prevalence of: children 50 %." in program.good("queue").out
    told = program.good("history", "films/child.dcm", **site).out
    assert f"probability {child['probability']:.3f} at a prevalence of 5 %, logit" in told
    program.good("report", "--date", "2026-11-21", "--out", "reports", **site)
    page = (tmp_path / "reports" / "2026-11-21" / "report.html").read_text()
    assert "ordered: not called low or first" in page
    assert "the test says outside of adults" in page
