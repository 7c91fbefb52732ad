"""The report's page -> PDF, through WeasyPrint (extra `pdf`); the one module that knows it, and imports it late."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, NoReturn

from daemon.report.build import Report
from daemon.report.errors import ReportError
from daemon.report.pages import render_html

REMEDY: Final = "pip install 'weasyprint>=69,<71' (the extra pdf), and Pango of the system (Debian: libpangoft2-1.0-0)"


def render_pdf(report: Report) -> bytes:
    """The same page as `render_html`, printed on A4; 16 pages take about ten seconds.

    Raises:
        ReportError: WeasyPrint or Pango is not installed.
    """
    html: bytes = weasyprint().HTML(string=render_html(report), url_fetcher=_refuse).write_pdf()
    return html


def weasyprint() -> Any:
    """The library.

    Raises:
        ReportError: it, or what it needs of the system, is not installed.
    """
    try:
        return import_module("weasyprint")
    except (ImportError, OSError) as error:  # OSError: Pango is missing
        cause = "WeasyPrint is not installed" if isinstance(error, ImportError) else "Pango is not installed"
        raise ReportError("write report", None, f"{cause}, which makes the PDF", REMEDY) from error


def missing() -> ReportError | None:
    """Why no PDF can be made, or None: a night goes on without it."""
    try:
        weasyprint()
    except ReportError as error:
        return error
    return None


def _refuse(url: str) -> NoReturn:
    """The page links nothing; whatever a hostile name made of it, nothing is fetched."""
    raise ValueError(f"the report fetches nothing, not {url[:40]!r} either")
