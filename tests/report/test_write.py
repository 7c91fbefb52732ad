"""Reports on disk."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import stat
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from builders.studies import NOW, POINTS, queue_study, report_inputs

from daemon.report.build import build_report
from daemon.report.errors import ReportError
from daemon.report.inputs import Completeness
from daemon.report.write import write_report
from daemon.triage.document import ROW
from daemon.triage.order import Band
from db.reconciliation import ExpectedFilm
from db.states import ExpectedKind
from models.bundle import GroupPolicy
from models.population import AgeGroup, Policy, Population

FORMATS = ("html", "csv", "json")


def test_a_report_stands_in_the_folder_of_its_date(tmp_path: Path) -> None:
    """One file a format, and an index that leads to it."""
    written = write_report(build_report(report_inputs()), tmp_path / "out", FORMATS)
    folder = tmp_path / "out" / "2026-11-22"
    assert written == {name: folder / f"report.{name}" for name in FORMATS}
    names = {"report.csv", "report.html", "report.json", "disagreements.html"}
    assert {path.name for path in folder.iterdir()} == names
    assert "2026-11-22/report.html" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_the_json_says_of_each_group_what_the_bundle_does_with_it(tmp_path: Path) -> None:
    """With its reason; a population that is only ordered has no threshold, and JSON knows no infinity."""
    inputs = report_inputs(
        points={who: point.ordered() for who, point in POINTS.items()},
        policies={AgeGroup.INFANTS: GroupPolicy(Policy.OUTSIDE, "none was held out")},
        prevalence={Population.ADULTS: 0.1, None: 0.2},
    )
    document = json.loads(write_report(build_report(inputs), tmp_path / "out", ("json",))["json"].read_text())
    assert document["report"]["policies"] == {"infants": {"policy": "outside", "reason": "none was held out"}}
    adults = {"policy": "ordered", "threshold": None, "first_threshold": None, "prevalence": 0.2}
    assert document["report"]["operating_points"]["adults"] == adults
    assert document["site_prevalence"] == {"adults": 0.1, "unknown": 0.2}


def test_reports_are_readable_by_the_group_only(tmp_path: Path) -> None:
    """Whatever the umask is: they hold patient data."""
    before = os.umask(0)
    try:
        written = write_report(build_report(report_inputs()), tmp_path / "out", FORMATS)
    finally:
        os.umask(before)
    for path in (*written.values(), tmp_path / "out" / "index.html"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "out" / "2026-11-22").stat().st_mode) == 0o750


def test_a_second_report_of_a_date_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """And leaves nothing beside it."""
    write_report(build_report(report_inputs()), tmp_path, ["json"])
    again = build_report(report_inputs(studies=[queue_study(1)]))
    path = write_report(again, tmp_path, ["json", "json"])["json"]
    assert json.loads(path.read_bytes())["waiting"] == 1
    assert [entry.name for entry in path.parent.iterdir()] == ["report.json"]


def test_a_write_that_fails_leaves_the_old_report_and_no_rubbish(tmp_path: Path) -> None:
    """A reader sees the old report or the new one, never half of one."""
    path = write_report(build_report(report_inputs()), tmp_path, ["html"])["html"]
    old = path.read_bytes()
    new = build_report(report_inputs(site="Other"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))  # the disk's own refusal, after the first 4 KiB
    try:
        with pytest.raises(ReportError, match="File too large"):
            write_report(new, tmp_path, ["html"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == old
    assert {entry.name for entry in path.parent.iterdir()} == {"report.html", "disagreements.html"}


def test_the_index_lists_dates_newest_first_and_nothing_else(tmp_path: Path) -> None:
    """Other folders in the same place are left alone."""
    for name in ("notes", "20261101", "2026-13-01"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.html").touch()
    (tmp_path / "2026-11-01").mkdir()
    for day in (date(2026, 11, 20), date(2026, 11, 22), date(2026, 11, 21)):
        write_report(build_report(report_inputs(report_date=day)), tmp_path, ["html"])
    index = (tmp_path / "index.html").read_text("utf-8")
    links = [part.split('"')[0] for part in index.split('href="')[1:]]
    assert links == ["downtime.html", *(f"2026-11-{day}/report.html" for day in (22, 21, 20))]


@pytest.mark.parametrize("formats", [["docx"], []])
def test_an_unknown_format_is_refused_with_those_that_are_known(tmp_path: Path, formats: list[str]) -> None:
    """Before anything is written."""
    with pytest.raises(ReportError, match="choose from html, csv, json"):
        write_report(build_report(report_inputs()), tmp_path / "out", formats)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_gives_one_line(tmp_path: Path) -> None:
    """What was tried, on what, why not, and what to do."""
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(ReportError) as caught:
        write_report(build_report(report_inputs()), tmp_path / "out", ["csv"])
    assert caught.value.path == str(tmp_path / "out")
    assert str(caught.value).startswith(f"cannot write report {tmp_path / 'out'}: ")
    assert "\n" not in str(caught.value)


def test_csv_and_json_hold_every_study_that_the_page_leaves_out(tmp_path: Path) -> None:
    """In the order of the queue; JSON is the queue document with the report's own facts beside it."""
    studies = [queue_study(number, Band.NEXT, float(number)) for number in range(5)]
    written = write_report(build_report(report_inputs(studies=studies, rows=2)), tmp_path, FORMATS)
    rows = list(csv.DictReader(io.StringIO(written["csv"].read_text("utf-8"), newline="")))
    document = json.loads(written["json"].read_bytes())
    expected = ["S-000004", "S-000003", "S-000002", "S-000001", "S-000000"]
    assert [row["study"] for row in rows] == expected
    assert [entry["study"] for entry in document["queue"]] == expected
    assert tuple(rows[0]) == (*ROW, "ris_completeness")
    assert {row["ris_completeness"] for row in rows} == {"not checked"}
    assert document["schema"] == 1
    assert document["report"]["date"] == "2026-11-22"
    assert document["report"]["window_end"] == "2026-11-22T06:00:00Z"
    assert document["report"]["ris_completeness"] == "not checked"


def test_what_never_arrived_stands_in_every_form(tmp_path: Path) -> None:
    """All of it in JSON and in a table beside the CSV, which goes when nothing is missing any more."""
    missing = [
        ExpectedFilm(ExpectedKind.ACCESSION, "=A9", NOW - timedelta(hours=3)),
        ExpectedFilm(ExpectedKind.FILE, "z.dcm", None),
    ]
    found = Completeness("ris.csv", NOW, 120, missing, (NOW - timedelta(hours=24), NOW))
    written = write_report(build_report(report_inputs(studies=[queue_study()], completeness=found)), tmp_path, FORMATS)
    document = json.loads(written["json"].read_bytes())["report"]["ris_completeness"]
    assert document == {
        "list": "ris.csv",
        "imported_at": "2026-11-22T06:00:00Z",
        "first_expected_at": "2026-11-21T06:00:00Z",
        "last_expected_at": "2026-11-22T06:00:00Z",
        "expected": 120,
        "arrived": 118,
        "missing": [
            {"accession": "=A9", "expected_at": "2026-11-22T03:00:00Z"},
            {"file": "z.dcm", "expected_at": None},
        ],
    }
    [row] = csv.DictReader(io.StringIO(written["csv"].read_text("utf-8"), newline=""))
    assert row["ris_completeness"] == "118 of 120 expected films arrived"
    beside = written["csv"].with_name("missing.csv")
    assert beside.read_bytes() == b"accession,file,expected_at\r\n'=A9,,2026-11-22T03:00:00Z\r\n,z.dcm,\r\n"
    assert beside.stat().st_mode & 0o777 == 0o640
    write_report(build_report(report_inputs(completeness=replace(found, missing=()))), tmp_path, ["html"])
    assert beside.exists()
    write_report(build_report(report_inputs(completeness=replace(found, missing=()))), tmp_path, ["csv"])
    assert not beside.exists()
