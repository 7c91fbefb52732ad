"""Pages beside the report: the sheet for downtime, which is one page, and the gallery of disagreements."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from builders.studies import NOW, queue_study, report_inputs

from daemon.report import downtime
from daemon.report.build import Report, build_report
from daemon.report.pages import render_gallery
from daemon.report.retention import remove_older
from daemon.report.since import Lately
from daemon.report.write import write_report, write_sheet
from daemon.triage.order import Band
from db.lately import Word
from db.states import Verdict

WIDE = "W" * 30 + " " + "W" * 60
HIGH = "放射線科" * 20 + "\u0e4d" * 40


def crowded(rows: int = 200) -> Report:
    """More studies than a page holds, with names that are wider and higher than their cells."""
    bands = (Band.FIRST, Band.NEXT, Band.UNSCORED, Band.IN_TURN)
    studies = [
        queue_study(
            n, bands[n % 4], accession=(WIDE, HIGH, None)[n % 3], arrived_at=NOW - timedelta(days=n), overdue=n < 9
        )
        for n in range(1, rows + 1)
    ]
    return build_report(report_inputs(studies=studies, site=WIDE + HIGH, call=WIDE + " " + "x" * 69))


@pytest.mark.parametrize("report", [crowded(), crowded(0), crowded(3)], ids=["many", "none", "few"])
def test_the_downtime_sheet_is_one_page_in_print(report: Report) -> None:
    """Whatever the names are."""
    weasyprint = pytest.importorskip("weasyprint")
    assert len(weasyprint.HTML(string=downtime.render_downtime(report)).render().pages) == 1


def test_the_sheet_says_how_old_it_is_what_to_do_and_what_it_leaves_out() -> None:
    """In the order of the queue; of a blind study no band."""
    studies = [
        queue_study(1, Band.IN_TURN, -3.0),
        queue_study(2, Band.FIRST, 3.0),
        queue_study(3, Band.UNSCORED, blind=True),
    ]
    text = downtime.render_downtime(build_report(report_inputs(studies=studies, call="PACS desk, 4711")))
    assert "as of 22 Nov 2026 07:00 CET" in text
    assert "From 23 Nov 2026 07:00 CET on it is too old" in text
    assert "PACS desk, 4711" in text
    assert text.index("film2.dcm") < text.index("film3.dcm") < text.index("film1.dcm")
    assert text.count("blind") == 1
    assert "170 more studies wait" in downtime.render_downtime(crowded())
    assert "://" not in text


def test_both_pages_stand_beside_the_report_and_go_with_it(tmp_path: Path) -> None:
    """The sheet alone leaves the report as it is; retention removes all of it."""
    report = crowded(2)
    write_report(report, tmp_path, ("html",))
    folder = tmp_path / "2026-11-22"
    assert {path.name for path in folder.iterdir()} == {"report.html", "downtime.html", "disagreements.html"}
    before = (folder / "report.html").read_bytes()
    assert "new desk" in write_sheet(replace(report, call="new desk"), tmp_path).read_text("utf-8")
    assert (folder / "report.html").read_bytes() == before
    assert remove_older(tmp_path, date(2026, 11, 23)) == 1
    assert not folder.exists()


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
