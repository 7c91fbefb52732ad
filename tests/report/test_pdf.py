"""The report on paper."""

from __future__ import annotations

import re
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from builders.studies import NOW, queue_study, report_inputs

from daemon.report import pdf
from daemon.report.build import build_report
from daemon.report.errors import ReportError
from daemon.report.write import write_report
from daemon.triage.order import Band


def pages(path: Path) -> list[str]:
    """The text of each page as another program reads it."""
    done = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True)
    return done.stdout.split("\f")[:-1]


@pytest.mark.system("poppler-utils")
def test_a_pdf_lists_every_study_repeats_its_heads_and_counts_its_pages(tmp_path: Path) -> None:
    """Every page of the queue begins with the names of its columns, and nothing is lost between two."""
    studies = [queue_study(n, Band.NEXT, accession=f"A{n:05d}", arrived_at=NOW) for n in range(1, 91)]
    path = write_report(build_report(report_inputs(studies=studies)), tmp_path, ["pdf"])["pdf"]
    assert path.stat().st_mode & 0o777 == 0o640
    said = pages(path)
    assert len(said) > 3
    assert re.findall(r"A\d{5}", "".join(said)) == [f"A{n:05d}" for n in range(1, 91)]
    for number, text in enumerate(said, 1):
        assert f"{number} of {len(said)}" in text
        assert not re.search(r"A\d{5}", text) or re.search(r"Band, urgency +Study +Arrived, source", text)
    assert "report.pdf" in (tmp_path / "index.html").read_text("utf-8")


@pytest.mark.parametrize("error", [ImportError("no module"), OSError("cannot load library 'libpango-1.0-0'")])
def test_without_the_extra_one_line_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """And nothing is written, not even the formats that could be."""

    def gone(name: str) -> Any:
        if name == "weasyprint":
            raise error
        return import_module(name)

    monkeypatch.setattr(pdf, "import_module", gone)
    with pytest.raises(ReportError, match=r"is not installed, which makes the PDF; pip install"):
        write_report(build_report(report_inputs()), tmp_path / "out", ["html", "pdf"])
    assert not (tmp_path / "out").exists()
    assert pdf.missing() is not None


def test_what_makes_the_pdf_fetches_nothing() -> None:
    """Whatever stands in a name."""
    with pytest.raises(ValueError, match="fetches nothing"):
        pdf._refuse("file:///etc/passwd")
