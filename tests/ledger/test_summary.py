"""A window's ledger in figures: by band, by urgency, and who paid most."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest
from builders.reads import minute, read
from builders.schemas import faults

from daemon.ledger.document import ledger_document, ledger_lines, ledger_rows
from daemon.ledger.places import placed
from daemon.ledger.summary import BLIND, OBSERVED, PAID, Ledger, LeftOut
from daemon.triage.order import Urgency


def _ledger() -> Ledger:
    """Five studies in slots 10, 20, 30, 40, 50; first come: S-1, S-2, S-3, S-4, S-5."""
    reads = [
        read("S-5", 5, 10, "first"),
        read("S-1", 1, 20, "in_turn"),
        read("S-2", 2, 30, "in_turn", Urgency.URGENT),
        read("S-3", 3, 40, BLIND),
        read("S-4", 4, 50, OBSERVED),
    ]
    return Ledger(minute(0), minute(60), placed(reads), LeftOut(1, 2, 3), passed_over=4, expired=5)


def test_who_gained_and_who_lost_stands_by_band_and_by_urgency() -> None:
    """One gained 40 minutes and four places; four lost ten minutes and a place each."""
    ledger = _ledger()
    gained, lost = ledger.whole.gained, ledger.whole.lost
    assert gained is not None
    assert lost is not None
    assert (gained.studies, gained.mean, gained.largest, gained.places) == (1, 40, 40, 4)
    assert (lost.studies, lost.mean, lost.median, lost.p95, lost.largest, lost.most_places) == (4, 10, 10, 10, 10, 1)
    assert ledger.whole.minutes == 0
    assert {name: found.minutes for name, found in ledger.by_group.items()} == {
        "first": 40,
        "in_turn": -10,
        BLIND: -10,
        OBSERVED: -10,
    }
    assert {name: found.studies for name, found in ledger.by_urgency.items()} == {"urgent": 1, "routine": 3}


def test_p95_is_by_nearest_rank() -> None:
    """Of twenty that lost 1 to 20 minutes it is 19."""
    reads = [read(f"S-{n:02d}", n, 100 + n * n) for n in range(2, 22)]
    first = read("S-99", 90, 100)
    lost = Ledger(minute(0), minute(999), placed([first, *reads])).whole.lost
    assert lost is not None
    steps = sorted((n * n - (n - 1) ** 2) if n > 2 else 4 for n in range(2, 22))
    assert (lost.studies, lost.p95, lost.largest) == (20, steps[18], steps[19])


def test_those_who_paid_most_come_first_and_are_few() -> None:
    """Most minutes first; nobody who did not lose."""
    assert [each.read.study for each in _ledger().paid_most] == ["S-1", "S-2", "S-3", "S-4"]
    many = [read(f"S-{n}", n, 200 + n) for n in range(30)]
    assert len(Ledger(minute(0), minute(999), placed([read("S-99", 100, 199), *many])).paid_most) == PAID


@pytest.mark.parametrize("ledger", [_ledger(), Ledger(minute(0), minute(1))], ids=["full", "empty"])
def test_the_document_is_as_published(ledger: Ledger) -> None:
    """And of a blind or an observed study it tells no band."""
    document = ledger_document(ledger, minute(60))
    assert faults("ledger-1", json.loads(json.dumps(document))) == []
    bands = {entry["study"]: (entry["band"], entry["blind"], entry["observed"]) for entry in document["studies"]}
    if bands:
        assert (bands["S-3"], bands["S-4"]) == ((None, True, False), ("unscored", False, True))
    assert [row["study"] for row in ledger_rows(document)] == list(bands)


def test_the_text_says_all_of_it_and_what_is_not_compared() -> None:
    """A line for each group, the ones who paid, and a sentence for each sort that is left out."""
    text = "\n".join(ledger_lines(_ledger(), ZoneInfo("Europe/Vienna")))
    for word in ("2026-11-22 07:00 CET", "first", "in turn", "blind", "observed", "urgent", "Who paid most", "S-1"):
        assert word in text
    for number in (1, 2, 3, 4):
        assert f"Not compared: {number} x" in text
    assert "Never marked read: 5" in text
    assert "nothing to compare" in "\n".join(ledger_lines(Ledger(minute(0), minute(1)), ZoneInfo("UTC")))
