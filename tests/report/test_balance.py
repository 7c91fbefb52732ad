"""The page's table of places gained and lost."""

from __future__ import annotations

import json
from dataclasses import replace

from builders.reads import minute, read
from builders.studies import report_inputs

from daemon.ledger.places import Read, placed
from daemon.ledger.summary import BLIND, OBSERVED, Ledger, LeftOut
from daemon.report.build import build_report
from daemon.report.data import render_json
from daemon.report.pages import render_html
from daemon.triage.order import Urgency


def _page(*reads: Read, **values: int) -> str:
    ledger = Ledger(minute(-1440), minute(0), placed(reads), LeftOut(backlog=values.pop("backlog", 0)), **values)
    return render_html(build_report(report_inputs(ledger=ledger)))


def test_who_gained_and_who_paid_stands_on_the_page_in_the_sites_time() -> None:
    """The one that was read first, and the one that paid for it, each with its time."""
    page = _page(read("S-1", -90, -10, "in_turn"), read("S-2", -80, -60, "first", Urgency.URGENT))
    part = page[page.index("Places gained and lost") : page.index("Health of the service")]
    assert "2 studies read in this window" in part
    assert part.count("50 min") >= 4  # gained by one, lost by the other: mean, median, most
    paid = part[part.index("Who paid most") :]
    assert "S-1" in paid
    assert "S-2" not in paid
    for moment in ("05:30", "06:00", "06:50"):  # came, first come first served, read: Berlin
        assert moment in paid


def test_a_name_is_shown_and_cannot_do_anything() -> None:
    """Accessions come from outside."""
    hostile = replace(read("S-1", 0, 20), accession="<script>\u202eA1")
    page = _page(hostile, read("S-2", 1, 10))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page


def test_blind_and_observed_studies_stand_in_no_band() -> None:
    """They are named for what they are, and their rows have no sign of a band."""
    page = _page(read("S-1", 0, 20, BLIND), read("S-2", 1, 30, OBSERVED), read("S-3", 2, 10, "first"))
    part = page[page.index("Who paid most") : page.index("Health of the service")]
    assert "blind, routine" in part
    assert "only observed" in part
    assert "<svg" not in part


def test_a_window_without_reads_says_so_and_what_is_not_compared() -> None:
    """And a report that nobody asked for a ledger has no such section."""
    page = _page(backlog=7, passed_over=3, expired=2)
    assert "there is nothing to compare" in page
    assert "Not compared: 7 x" in page
    assert "Not compared: 3 x" in page
    bare = build_report(report_inputs())
    assert "Places gained" not in render_html(bare)
    assert json.loads("".join(render_json(bare)))["report"]["ledger"] is None
