"""The page beside the report: the gallery of disagreements."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from builders.studies import NOW, queue_study, report_inputs

from daemon.report.build import build_report
from daemon.report.pages import render_gallery
from daemon.report.retention import remove_older
from daemon.report.since import Lately
from daemon.report.write import write_report
from daemon.triage.order import Band
from db.lately import Word
from db.states import Verdict


def test_the_gallery_stands_beside_the_report_and_goes_with_it(tmp_path: Path) -> None:
    """Retention removes all of it; the sheet for a downtime is of no date, and stays."""
    write_report(build_report(report_inputs()), tmp_path, ("html",))
    folder = tmp_path / "2026-11-22"
    assert {path.name for path in folder.iterdir()} == {"report.html", "disagreements.html"}
    assert remove_older(tmp_path, date(2026, 11, 23)) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "downtime.html"}


def test_the_gallery_shows_who_disagreed_with_what_and_why() -> None:
    """The newest first; what agreed, and what is blind, is not in it."""
    at = NOW - timedelta(days=2)
    closed = [
        queue_study(1, Band.IN_TURN, accession="A1", probability=0.03), queue_study(2, Band.FIRST, accession="A2"),
        queue_study(3, Band.FIRST, accession="A-three"), queue_study(4, Band.IN_TURN, accession="A-four", blind=True),
    ]  # fmt: skip
    verdicts = (Verdict.PNEUMONIA, Verdict.NOT, Verdict.PNEUMONIA, Verdict.PNEUMONIA)
    words = {
        study.study: Word(study.study, verdict, "kl", "<b>apex</b>", at + timedelta(hours=n), at)
        for n, (study, verdict) in enumerate(zip(closed, verdicts, strict=True))
    }
    report = build_report(report_inputs(judged=Lately(closed, words)))
    assert [each.found.accession for each in report.gallery.shown] == ["A2", "A1"]
    page = render_gallery(report)
    assert "&lt;b&gt;apex&lt;/b&gt;" in page
    assert "3 %" in page
    assert "A-three" not in page
    assert "A-four" not in page
