"""The page that people read and print."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

from builders.acceptance import acceptance_row
from builders.studies import BUNDLE, NOW, POINTS, RULES, queue_study, refused_image, report_inputs, waiting_image
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.acceptance.standing import Identity, acceptance_of
from daemon.report.build import build_report
from daemon.report.inputs import Completeness, Health, Reading, RootHealth, Verification
from daemon.report.pages import IndexEntry, render_html, render_index
from daemon.triage.order import Band
from daemon.triage.rules import rules_of
from daemon.triage.studies import gather
from db.read_imports import ReadImport
from db.reconciliation import ExpectedFilm
from db.states import ExpectedKind, RootState, State
from models.bundle import GroupPolicy
from models.population import AgeGroup, Policy, Population

VOID = {"meta", "link", "br", "img"}
LINKS = {"href", "src", "srcset", "action", "data", "poster", "background", "xlink:href"}
HOSTILE = "<script>alert(1)</script><img src=//x.test/a>\u202e\x07\"'&{{7*7}}.dcm"


class Page(HTMLParser):
    """Collects tags, links and text, and holds that tags close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in LINKS]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self._open[-1:] != ["style"] else ""


def page(**values: Any) -> Page:
    """The page of these inputs."""
    return Page(render_html(build_report(report_inputs(**values))))


def test_a_page_of_a_quiet_night_says_so() -> None:
    """No study, no film, no folder: still a complete page."""
    text = page().text
    assert "No study waits." in text
    assert "Every film of the waiting studies has a score." in text
    assert "No film was scored." in text


def test_a_page_says_what_the_list_is_and_is_not() -> None:
    """These sentences stand on every report."""
    text = " ".join(page().text.split())
    assert (
        "orders reading by likely pneumonia. It makes no diagnosis, and other urgent findings are not looked for."
        in text
    )
    assert "Not accepted at this site" in text
    assert "Completeness against the RIS: not checked." in text
    assert "0.951 (0.930 to 0.967)" in text  # sensitivity with its interval, as far as the bundle states it
    assert "not stated" in text
    stands = acceptance_of(
        [acceptance_row(population=str(who)) for who in POINTS], Identity.of(BUNDLE), POINTS, NOW + timedelta(days=1)
    )
    assert "PPV: the share with pneumonia" in text
    said = " ".join(page(acceptance=stands).text.split())
    assert "Accepted at this site on 22 Nov 2026 by KL on 412 films (lapses 22 Nov 2027)." in said
    assert "0.940 (0.900 to 0.970)" in said  # what it gave on the site's own films


def _said(**values: Any) -> str:
    """The text of the page, a space between any two cells."""
    html = render_html(build_report(report_inputs(**values)))
    return " ".join(Page(html.replace("<", " <")).text.split())


def test_a_page_has_its_sections_in_their_order() -> None:
    """Each by its letter; whose counting is not there yet has none."""
    html = render_html(build_report(report_inputs(studies=[queue_study(1, overdue=True)])))
    letters = [part[0] for part in html.split('<b class="letter">')[1:]]
    assert letters == sorted(set(letters))
    assert {"A", "B", "C", "D", "F", "G"} <= set(letters)
    assert "1 study, waiting for longer than this site allows" in html
    assert "No study waits for longer than this site allows." in page().text


def test_the_head_says_what_the_order_was_made_by() -> None:
    """Window, zone, due and actual time, bundle and hash, populations with their policies, the operating point."""
    policies = {AgeGroup.INFANTS: GroupPolicy(Policy.OUTSIDE, "x"), AgeGroup.ADULTS: GroupPolicy(Policy.BANDED, "y")}
    text = _said(policies=policies, scheduled_at=NOW)
    for words in (
        "Window 21 Nov 2026 07:00 CET to 22 Nov 2026 07:00 CET",
        "Zone Europe/Berlin",
        "Written 22 Nov 2026 07:00 CET, due 07:00",
        "Bundle lite0-test sha256 9f31c0de5aa1",
        "Populations infants (below 1 year): outside; adults (from 18 years): banded",
        "Operating point adults: “next” from 27 %, “first” from 88 %; children:",
    ):
        assert words in text


def test_when_a_film_was_taken_is_shown_by_its_own_clock() -> None:
    """As far as the film says it; whatever it says."""
    taken = queue_study(1, acquired_at="2026-11-21T23:15:00"), queue_study(2, acquired_at=HOSTILE)
    text = page(studies=taken).text
    assert "taken 21 Nov 23:15" in text
    assert "\u202e" not in text


def test_a_page_says_what_specificity_is_against() -> None:
    """Films that were called normal, which is not the same as films without pneumonia."""
    assert "Specificity against films called normal (95 % interval)" in _said()


def test_a_page_names_each_group_with_its_policy_and_its_reason() -> None:
    """Of a bundle that states none, that is said."""
    policies = {
        AgeGroup.INFANTS: GroupPolicy(Policy.OUTSIDE, "no film of an infant was held out"),
        AgeGroup.ADULTS: GroupPolicy(Policy.ORDERED, f"specificity 0.31 {HOSTILE}"),
    }
    text = _said(policies=policies)
    assert "infants (below 1 year) refused, to be read normally no film of an infant was held out" in text
    assert "adults (from 18 years) ordered: not called low or first specificity 0.31" in text
    assert "\u202e" not in text
    assert "The bundle states nothing of infants" not in text
    assert "The bundle states nothing of infants" in _said()


def test_a_page_says_of_an_ordered_film_that_it_is_called_neither_low_nor_first() -> None:
    """In its row, and where the operating points stand: it has none."""
    ordered = {**POINTS, Population.ADULTS: POINTS[Population.ADULTS].ordered()}
    studies = gather([waiting_image(1, logit=9.0)], lambda _: rules_of(ordered))
    text = _said(studies=studies, points=ordered)
    assert "next routine ordered: not called low or first" in text
    assert "adults (ordered only), children" in text
    assert "adults any score never 20 %, of the bundle's films no threshold no threshold" in text
    assert "ordered: not called" not in _said(studies=gather([waiting_image(1)], lambda _: RULES))


def test_a_page_says_at_which_prevalence_its_probabilities_hold() -> None:
    """The site's where it is set; the bundle's elsewhere. Where bands begin is told at the same one."""
    text = _said()
    assert "adults 27 % 88 % 20 %, of the bundle's films" in text
    site = {Population.ADULTS: 0.05, None: 0.1}
    studies = gather([waiting_image(1, logit=2.0)], lambda _: rules_of(POINTS, site=site))
    text = _said(prevalence=site, studies=studies)
    assert "adults 7 % 61 % 5 %, of this site" in text
    assert "children 73 % 95 % 70 %, of the bundle's films" in text
    assert "that of a film of unknown age at 10 %" in text


def test_a_page_needs_neither_network_nor_script() -> None:
    """It is one file: no script, no picture from elsewhere; what it links lies beside it."""
    parsed = page(studies=[queue_study(1), queue_study(2, Band.UNSCORED)])
    assert set(parsed.links) <= {"disagreements.html", "../downtime.html"}
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(parsed.tags)
    assert "://" not in render_html(build_report(report_inputs()))


def test_a_hostile_name_is_shown_and_does_nothing() -> None:
    """Markup, direction and control characters of file names, accessions, messages and folders come out as text."""
    image = refused_image(1, path=HOSTILE, accession=HOSTILE, message=HOSTILE, code=HOSTILE, root_path=f"/{HOSTILE}")
    inputs = {
        "site": HOSTILE,
        "studies": gather([image, waiting_image(2, view=HOSTILE)], lambda _: RULES),
        "notices": [HOSTILE],
        "verification": Verification(NOW, [HOSTILE]),
        "health": Health((), {(State.FAILED, HOSTILE): 1}, [RootHealth(f"/{HOSTILE}", RootState.AWAY, HOSTILE)]),
    }
    parsed = page(**inputs)
    assert not {"script", "img"} & set(parsed.tags)
    assert "alert(1)" in parsed.text
    assert "{{7*7}}" in parsed.text
    assert "\u202e" not in parsed.text
    assert "\x07" not in parsed.text
    assert "\\u202e" in parsed.text


@settings(max_examples=25)
@given(st.text(max_size=40), st.binary(max_size=30))
def test_any_name_gives_a_page_that_can_be_written(accession: str, name: bytes) -> None:
    """Lone surrogates and control characters never reach the file."""
    image = waiting_image(1, path=os.fsdecode(name), accession=accession or None)
    html = render_html(build_report(report_inputs(studies=gather([image], lambda _: RULES))))
    html.encode("utf-8")
    Page(html)


def test_bands_differ_by_word_and_shape() -> None:
    """In grey print, and for eyes that do not tell red from green."""
    shapes = {}
    for band in Band:
        html = render_html(build_report(report_inputs(studies=[queue_study(1, band)])))
        cell = html.split('class="bandcell"', 1)[1].split("</td>", 1)[0]
        assert band.replace("_", " ") in cell
        shapes[band] = cell.split("<small>")[0].split("</svg>")[0].split('aria-hidden="true">')[1]
    assert len({shape.split(" ", 1)[0] + shape[-40:] for shape in shapes.values()}) == len(Band)


def test_pictures_have_a_text_alternative() -> None:
    """A screen reader hears the counts."""
    html = render_html(build_report(report_inputs(studies=[queue_study(1, Band.FIRST)])))
    assert html.count('role="img"') == 2
    assert "50 to 55 %: 1 study (1 first)." in html


def test_troubles_are_said_in_words() -> None:
    """Late, unbalanced, in disagreement, away, overdue, gone: none by colour alone."""
    study = queue_study(1, overdue=True, backlog=True)
    image = waiting_image(2, removed_at=NOW, duplicates=("/b", "/c"), urgency="stat")
    text = " ".join(
        page(
            studies=[study, *gather([image], lambda _: RULES)],
            counts={State.SCORED: 2, State.READY: 1},
            seen=4,
            scheduled_at=NOW - timedelta(hours=2),
            verification=Verification(NOW, ["arrival 7: history has no line 2"] * 25, unseen=1),
            health=Health(roots=[RootHealth("/a", RootState.AWAY, "It is gone.")]),
            arrived=3,
            read=0,
        ).text.split()
    )
    for words in (
        "2 h 00 min late",
        "The account does not balance.",
        "25 discrepancies",
        "arrival 7: history has no line 2",
        "and 5 more",
        "1 file newer than the last rescan",
        "1 film still to be scored",
        "3 films arrived, 0 studies read",
        "overdue",
        "backlog",
        "stat",
        "2 copies",
        "file is gone",
        "away",
    ):
        assert words in text


def test_completeness_against_the_ris_is_said_in_words() -> None:
    """How many of how many, by which list, and what is missing, with its time in the site's zone."""
    films = [ExpectedFilm(ExpectedKind.ACCESSION, f"A{number}", NOW - timedelta(hours=4)) for number in range(22)]
    films[1] = ExpectedFilm(ExpectedKind.FILE, HOSTILE, None)
    found = Completeness(HOSTILE, NOW, 1120, films, (NOW - timedelta(hours=24), NOW))
    text = " ".join(page(completeness=found).text.split())
    assert "Completeness against the RIS: 1,098 of 1,120 expected films arrived, 22 are missing." in text
    assert "imported 22 Nov 2026 07:00 CET, of films from 21 Nov 2026 07:00 CET to 22 Nov 2026 07:00 CET." in text
    assert "A0accession22 Nov 2026 03:00 CET" in text
    assert "no time given" in text
    assert "2 more films not shown here; missing.csv and report.json list all." in text
    assert "\u202e" not in text
    whole = " ".join(page(completeness=Completeness("ris.csv", NOW, 1)).text.split())
    assert "Completeness against the RIS: 1 of 1 expected film arrived. From the list ris.csv" in whole
    assert "Expected and not here" not in whole


def test_how_long_a_folder_was_not_seen_is_said() -> None:
    """And what state it is in, in words."""
    blind = RootHealth("/a", RootState.REPLACED, blind_minutes=135.0)
    text = " ".join(page(health=Health(roots=[blind, RootHealth("/b", RootState.READ_ONLY)])).text.split())
    assert "2 h 15 min replaced" in text
    assert "read-only" in text


def test_a_cut_list_says_how_much_is_missing_and_where_it_is() -> None:
    """Nobody may take the end of the page for the end of the queue."""
    text = page(studies=[queue_study(n, Band.UNSCORED) for n in range(5)], rows=2).text
    assert "3 more studies wait, not shown here; report.csv and report.json list all" in text
    assert "3 more films not shown here" in text


def test_the_index_links_what_is_there() -> None:
    """Relative links, so that the folder can be copied."""
    entries = [IndexEntry(date(2026, 11, 22), ("html", "csv")), IndexEntry(date(2026, 11, 21), ("json",))]
    parsed = Page(render_index(entries, "Site & <b>"))
    assert parsed.links == ["2026-11-22/report.html", "2026-11-22/report.csv", "2026-11-21/report.json"]
    assert "Site & <b>" in parsed.text
    assert "No report yet." in Page(render_index([], "")).text


def test_marked_films_stand_apart_and_the_rules_of_the_site_are_said() -> None:
    """With place, codes and a probability that is called not validated; without marked films there is no such table."""
    studies = gather([waiting_image(1, marks="view cut-off"), waiting_image(2)], lambda _: RULES)
    rules = ("Films of modality CR or DX are taken, and those that name none.", "Marked instead of refused here: view.")
    report = build_report(report_inputs(studies=studies, rules=rules))
    [film] = report.marked
    assert (film.film, film.codes, film.rank) == ("film1.dcm", ("view", "cut-off"), 1)
    page = Page(render_html(report)).text
    assert "Scored and marked" in page
    assert "Probability, not validated" in page
    assert all(rule in page for rule in rules)
    assert report.frame["marked"][0]["codes"] == ["view", "cut-off"]
    assert "Scored and marked" not in Page(render_html(build_report(report_inputs(studies=studies[1:])))).text


def test_what_is_known_of_reading_is_said() -> None:
    """Turnaround where reads are known; that nobody knows, and what was never marked read, as warnings."""
    old = gather([waiting_image(1, arrived_at=NOW - timedelta(days=2))], lambda _: RULES)
    table = ReadImport(NOW, "reads.csv", 9, 4, 3, "line 7 has no usable read_at")
    known = Reading(turnarounds=[600.0, 1200.0, 7200.0], expired=2, table=table)
    page = Page(render_html(build_report(report_inputs(studies=old, arrived=5, read=3, reading=known)))).text
    assert "From arrival to reading (3 studies): median 20 min" in page
    assert "Never marked read: 2 studies left the list" in page
    assert "9 rows taken in" in page
    assert "Malformed: line 7 has no usable read_at" in page
    assert "Read state unknown" not in page
    silent = replace(known, read_lately=False)
    report = build_report(report_inputs(studies=old, read=0, reading=silent))
    assert "Read state unknown" in Page(render_html(report)).text
    assert report.turnaround is None
    assert build_report(report_inputs(studies=(), reading=silent)).read_known
