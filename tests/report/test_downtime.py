"""The sheet that people read from while the service is down: one sheet, whatever stands on it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from builders.parts import missing
from builders.studies import NOW, RULES, queue_study, refused_image, report_inputs, waiting_image

from daemon.report.build import Report, build_report
from daemon.report.downtime import ROWS, render_downtime
from daemon.report.pdf import weasyprint
from daemon.report.write import SHEET, write_sheet
from daemon.triage.order import Band, QueueStudy, Urgency
from daemon.triage.studies import gather


def _report(studies: list[QueueStudy], **values: object) -> Report:
    return build_report(report_inputs(studies=studies, **values))


def _long(number: int) -> QueueStudy:
    name = "放射線科" * 9 + "\u0e4d" * 9 + "W" * 120 + "\u202e" + "ärzte " * 20 + str(number)
    return queue_study(
        number,
        Band.UNSCORED,
        accession=name,
        urgency=Urgency.URGENT,
        overdue=True,
        arrived_at=NOW - timedelta(days=500),
    )


def test_it_is_one_sheet_with_the_longest_names_and_the_most_rows() -> None:
    """As WeasyPrint breaks pages; chromium does alike (looked at)."""
    try:
        printer = weasyprint()
    except Exception:  # noqa: BLE001
        missing("WeasyPrint or Pango is not installed")
    html = render_downtime(_report([_long(number) for number in range(200)], contact="W" * 500, site="W" * 500))
    assert len(printer.HTML(string=html).render().pages) == 1


def test_it_says_what_it_is_when_it_is_from_and_what_it_leaves_out() -> None:
    """Whom to call, what came later, how many more wait."""
    html = render_downtime(_report([queue_study(number) for number in range(ROWS + 5)], contact="4711, day and night"))
    for words in (
        "as of <strong>22 Nov 2026 07:00 CET</strong>",
        "came after 07:00 are not on it",
        "4711, day and night",
        "5 more studies wait",
        "no diagnosis",
        "patient data",
    ):
        assert words in html
    assert html.count('<td class="rank">') == ROWS
    assert "probability" not in html
    assert "No study waits" in render_downtime(_report([]))


def test_it_is_in_the_order_of_reading_and_tells_no_score_of_a_blind_case() -> None:
    """Rank by rank as the report's queue."""
    rows = [waiting_image(1, logit=9.0, blind=True), waiting_image(2, logit=9.0), refused_image(3)]
    studies = gather(rows, lambda _: RULES)
    report = _report(studies)
    html = render_downtime(report)
    places = [html.index(line.study) for line in report.lines]
    assert places == sorted(places)
    assert "blind" in html


def test_it_replaces_the_one_before_whole(tmp_path: Path) -> None:
    """Readable by the group only."""
    for site in ("one", "two"):
        path = write_sheet(_report([queue_study()], site=site), tmp_path / "reports")
    assert path == tmp_path / "reports" / SHEET
    assert "two" in path.read_text(encoding="utf-8")
    assert os.stat(path).st_mode & 0o777 == 0o640  # noqa: PTH116
    assert [each.name for each in path.parent.iterdir()] == [SHEET]
