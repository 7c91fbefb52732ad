"""Report -> the downtime sheet: one sheet of A4 from which people read while the service, or the network, is away."""

from __future__ import annotations

from typing import Final

from daemon.report.build import Report
from daemon.report.pages import environment
from models.version import VERSION

ROWS: Final = 34  # studies that fit on one sheet, each in one line


def render_downtime(report: Report) -> str:
    """The whole page; what is too long for its line is cut, so that it is one sheet whatever the names are."""
    template = environment().get_template("downtime.html")
    return template.render(r=report, lines=report.lines[:ROWS], version=VERSION)
