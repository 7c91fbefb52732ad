"""The ledger: readings stay at their instants and only change hands, so what some gain others lose."""

from __future__ import annotations

from datetime import timedelta

from builders.studies import NOW
from hypothesis import given
from hypothesis import strategies as st

from daemon.ledger.document import ROW, ledger_document, ledger_lines, ledger_of, ledger_rows
from daemon.ledger.moves import Reading, moves, paid_most, sum_of
from daemon.triage.order import Band, Urgency

MINUTE = timedelta(minutes=1)


def reading(number: int, came: int, read: int, band: Band | None = Band.NEXT) -> Reading:
    """A study that came and was read so many minutes after now."""
    return Reading(f"S-{number:06d}", None, band, Urgency.ROUTINE, NOW + came * MINUTE, NOW + read * MINUTE)


readings = st.lists(
    st.builds(
        lambda number, came, waited, band: reading(number, came, came + waited, band),
        st.integers(1, 10**6),
        st.integers(0, 300),
        st.integers(0, 300),
        st.sampled_from([*Band, None]),
    ),
    max_size=40,
    unique_by=lambda each: each.study,
)


def test_who_overtakes_gains_what_the_overtaken_lose() -> None:
    """The third to come is read first: two places and ten minutes, which the others pay."""
    found = moves([reading(1, 0, 20), reading(2, 1, 30), reading(3, 2, 10)])
    assert [(move.reading.study[-1], move.places, move.gained / MINUTE) for move in found] == [
        ("3", 2, 20.0),
        ("1", -1, -10.0),
        ("2", -1, -10.0),
    ]
    assert [move.reading.study[-1] for move in paid_most(found, 1)] == ["1"]


def test_of_those_that_came_together_nobody_gained() -> None:
    """Whatever their keys; the one that was read later did not lose."""
    assert [(move.places, move.gained) for move in moves([reading(1, 0, 20), reading(2, 0, 10)])] == [
        (0, timedelta()),
        (0, timedelta()),
    ]


def test_nobody_is_read_before_he_comes() -> None:
    """A late comer that is read at once overtakes nobody who could have been read there instead."""
    found = moves([reading(1, 0, 5), reading(2, 60, 61), reading(3, 70, 71)])
    assert [move.gained for move in found] == [timedelta()] * 3


@given(readings)
def test_readings_only_change_hands(given_: list[Reading]) -> None:
    """By arrival there are the same instants, none before an arrival; places and minutes sum to nothing."""
    found = moves(given_)
    assert sorted(move.reading.read_at + move.gained for move in found) == sorted(each.read_at for each in given_)
    assert sorted(move.by_arrival for move in found) == list(range(1, len(given_) + 1))
    assert all(move.reading.read_at + move.gained >= move.reading.arrived_at for move in found)
    assert sum(move.places for move in found) == 0
    assert sum((move.gained for move in found), timedelta()) == timedelta()


@given(readings, st.randoms())
def test_the_order_of_rows_is_nothing(given_: list[Reading], chance: object) -> None:
    mixed = list(given_)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert moves(mixed) == moves(given_)


@given(readings)
def test_read_by_arrival_nobody_gains(given_: list[Reading]) -> None:
    """Where the first to come was always read, the ledger is empty."""
    slots = sorted(each.read_at for each in given_)
    by_arrival = sorted(given_, key=lambda each: (each.arrived_at, each.study))
    turned = [
        Reading(each.study, None, each.band, each.urgency, each.arrived_at, max(slot, each.arrived_at))
        for each, slot in zip(by_arrival, slots, strict=True)
    ]
    assert all(move.gained == timedelta() for move in moves(turned))


@given(readings)
def test_every_study_is_in_one_band_and_one_urgency(given_: list[Reading]) -> None:
    """Those that were read blind are a group of their own; the document is plain data, whatever was read."""
    ledger = ledger_of(given_, NOW, NOW + timedelta(days=1))
    assert sum(each.studies for _, each in ledger.bands) == len(given_)
    assert sum(each.studies for _, each in ledger.urgencies) == len(given_)
    blind = dict(ledger.bands).get("blind")
    assert (blind.studies if blind else 0) == sum(each.band is None for each in given_)
    document = ledger_document(ledger)
    assert len(document["paid_most"]) <= 10
    assert all(set(row) == set(ROW) for row in ledger_rows(ledger))
    assert list(ledger_lines(ledger))


def test_sums_say_how_much() -> None:
    """Mean, median, most; none where nothing was read."""
    found = sum_of(moves([reading(1, 0, 20), reading(2, 1, 30), reading(3, 2, 10)]))
    assert found is not None
    assert (found.studies, found.earlier, found.later) == (3, 1, 2)
    assert (found.mean, found.median) == (timedelta(), -10 * MINUTE)
    assert (found.most_gained, found.most_lost) == (20 * MINUTE, 10 * MINUTE)
    assert sum_of([]) is None
