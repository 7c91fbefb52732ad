"""How long reports are kept."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from builders.studies import report_inputs

from daemon.report.build import build_report
from daemon.report.errors import ReportError
from daemon.report.retention import remove_older
from daemon.report.write import write_report


def written(out: Path, day: date) -> Path:
    """A report of a date, and its folder."""
    path = write_report(build_report(report_inputs(report_date=day)), out, ("html", "csv", "json"))["html"]
    return path.parent


def test_only_reports_of_older_dates_go(tmp_path: Path) -> None:
    """The first that is kept stays; so does the index."""
    days = [date(2026, 11, number) for number in (1, 2, 3)]
    for day in days:
        written(tmp_path, day)
    assert remove_older(tmp_path, days[1]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-11-02",
        "2026-11-03",
        "downtime.html",
        "index.html",
    ]


def test_what_somebody_else_put_there_stays(tmp_path: Path) -> None:
    """Notes beside a report, folders of other names, links, and what a link leads to."""
    old = written(tmp_path, date(2026, 1, 1))
    (old / "notes.txt").write_text("mine")
    (tmp_path / "20260101").mkdir()
    (tmp_path / "20260101" / "report.html").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "report.html").write_text("mine")
    (tmp_path / "2026-01-02").symlink_to(elsewhere)
    (tmp_path / "2026-01-03").mkdir()
    (tmp_path / "2026-01-03" / "report.csv").symlink_to(elsewhere / "report.html")
    (tmp_path / "2026-01-04").write_text("a file")
    assert remove_older(tmp_path, date(2026, 11, 1)) == 0
    assert [path.name for path in old.iterdir()] == ["notes.txt"]
    assert (tmp_path / "20260101" / "report.html").exists()
    assert (elsewhere / "report.html").exists()
    assert os.path.lexists(tmp_path / "2026-01-03" / "report.csv")
    assert (tmp_path / "2026-01-04").read_text() == "a file"


def test_before_the_first_report_nothing_is_removed(tmp_path: Path) -> None:
    """There is no folder yet."""
    assert remove_older(tmp_path / "none", date(2026, 1, 1)) == 0


def test_what_cannot_be_removed_gives_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was tried, on what, and why not."""
    written(tmp_path, date(2026, 1, 1))

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(ReportError, match=r"cannot remove old reports .*: Permission denied; give a folder"):
        remove_older(tmp_path, date(2026, 11, 1))
