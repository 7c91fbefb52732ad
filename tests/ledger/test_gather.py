"""The ledger as the store has it: which studies count, by what, and which do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from builders.intake import House
from builders.ward import FIRST, MARKER, NOW, Ward
from sqlalchemy import Connection, update

from daemon.ledger.gather import ledger_of
from daemon.ledger.summary import BLIND, OBSERVED, Ledger, LeftOut
from daemon.triage.order import Urgency
from daemon.triage.site import Department
from db import blind_cases, schema, studies
from db.records import Arrival
from db.states import ReadSource, UrgencySource, Verdict

LOW = -3.0
HOUR = timedelta(hours=1)
START, END = NOW - 24 * HOUR, NOW + 24 * HOUR


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def ward(house: House) -> Iterator[Ward]:
    with house.store.write() as tx:
        yield Ward(tx, NOW)


def asked(tx: Connection, department: Department | None = None, end: datetime = END) -> Ledger:
    return ledger_of(tx, department or Department(), START, end)


def groups(ledger: Ledger) -> dict[str, tuple[str, float]]:
    return {each.read.study: (each.read.group, each.minutes) for each in ledger.studies}


def key(tx: Connection, film: Arrival) -> str:
    assert film.study_id is not None
    return blind_cases.study_key(tx, film.study_id)


def test_a_first_study_gains_what_one_in_turn_pays(ward: Ward) -> None:
    """The one that came later is read first."""
    low, high = ward.film(1, LOW, at=after(0)), ward.film(2, FIRST, at=after(5))
    ward.read(high, after(10))
    ward.read(low, after(30))
    ledger = asked(ward.tx)
    assert groups(ledger) == {key(ward.tx, high): ("first", 20.0), key(ward.tx, low): ("in_turn", -20.0)}
    assert [each.read.study for each in ledger.paid_most] == [key(ward.tx, low)]


def test_a_study_belongs_to_the_window_in_which_it_was_first_read(ward: Ward) -> None:
    """A second read, or an expiry, makes no second slot; the end does not belong to the window."""
    film, other = ward.film(1, at=after(0)), ward.film(2, at=after(0))
    ward.read(film, after(10))
    ward.read(film, after(50))
    ward.read(other, after(20))
    assert len(asked(ward.tx, end=after(20)).studies) == 1
    assert len(asked(ward.tx, end=after(21)).studies) == 2
    assert ledger_of(ward.tx, Department(), after(30), END).studies == ()


def test_what_nobody_can_compare_is_counted_apart(ward: Ward) -> None:
    """Backlog, a read before the film came, a withdrawn study; they have no slot either."""
    came = [ward.film(n, at=after(n), backlog=n == 1) for n in (1, 2, 3, 4)]
    ward.read(came[0], after(20))
    ward.read(came[1], after(1))
    ward.tx.execute(update(schema.arrival).where(schema.arrival.c.id == came[2].id).values(withdrawn_at=after(4)))
    ward.read(came[2], after(21))
    ward.read(came[3], after(22))
    ledger = asked(ward.tx)
    assert ledger.left_out == LeftOut(backlog=1, early=1, withdrawn=1)
    assert [(each.read.study, each.place) for each in ledger.studies] == [(key(ward.tx, came[3]), 1)]


def test_what_was_taken_back_or_came_after_the_read_changes_nothing(ward: Ward) -> None:
    """A study is what it was when it was read."""
    film = ward.film(1, LOW, at=after(0))
    ward.read(film, after(10))
    late = ward.film(2, FIRST, at=after(40))
    values = {"withdrawn_at": after(30)}
    ward.tx.execute(update(schema.arrival).where(schema.arrival.c.id == film.id).values(values))
    ward.tx.execute(update(schema.arrival).where(schema.arrival.c.id == late.id).values(study_id=film.study_id))
    assert groups(asked(ward.tx)) == {key(ward.tx, film): ("in_turn", 0.0)}


def test_who_never_was_read_is_counted_and_has_no_slot(ward: Ward) -> None:
    """One that waits though a later one was read; one that expired, and was read too late; one that came last."""
    waits, gone, read, later = (ward.film(n, at=after(n)) for n in (1, 2, 3, 4))
    assert waits.study_id is not None
    assert gone.study_id is not None
    studies.add_read(ward.tx, gone.study_id, read_at=after(8), now=after(8), source=ReadSource.EXPIRED)
    ward.read(read, after(9))
    ward.read(later, END + HOUR)
    ward.read(gone, END + HOUR)
    ledger = asked(ward.tx)
    assert (ledger.passed_over, ledger.expired, len(ledger.studies)) == (1, 1, 1)


def test_a_blind_study_has_no_band_until_there_is_a_verdict(ward: Ward) -> None:
    """Whatever it scored, the ledger is the same, and it stands in no band; then it shows."""
    found = []
    for number, logit in ((1, FIRST), (2, LOW)):
        film = ward.film(number, logit, at=after(0))
        assert film.study_id is not None
        args = {"band": "first", "share": 0.1, "every_band": True, "now": after(0)}
        blind_cases.add(ward.tx, film.study_id, film.id, **args)
        ward.read(film, after(10))
        found.append(film)
    ledger = asked(ward.tx)
    assert set(ledger.by_group) == {BLIND}
    for film in found:
        studies.add_review(ward.tx, film.study_id or 0, Verdict.NOT, after(11))
    assert set(asked(ward.tx).by_group) == {"first", "in_turn"}


def test_observed_folders_and_urgencies_are_told_apart(ward: Ward) -> None:
    """A folder's urgency counts as in the queue; what is only observed is in no band and no urgency."""
    film = ward.film(1, FIRST, at=after(0))
    studies.set_urgency(ward.tx, film.study_id or 0, "stat", after(0), source=UrgencySource.COMMAND)
    ward.read(film, after(10))
    root = f"/srv/{MARKER}-root"
    assert set(asked(ward.tx).by_urgency) == {"stat"}
    observed = asked(ward.tx, Department(observed=frozenset({root})))
    assert (set(observed.by_group), set(observed.by_urgency)) == ({OBSERVED}, set())
    other = ward.film(2, at=after(0))
    ward.read(other, after(10))
    raised = asked(ward.tx, Department(urgencies={root: Urgency.URGENT}))
    assert {name: found.studies for name, found in raised.by_urgency.items()} == {"stat": 1, "urgent": 1}


def test_the_store_is_asked_a_fixed_number_of_times(ward: Ward) -> None:
    """However many studies were read."""
    from sqlalchemy import event

    asked_of = []
    for number in range(1, 13):
        ward.read(ward.film(number, at=after(number)), after(60))
        if number in (2, 12):
            statements: list[object] = []

            def note(*args: object, kept: list[object] = statements) -> None:
                kept.append(args[2])

            event.listen(ward.tx, "before_cursor_execute", note)
            asked(ward.tx)
            event.remove(ward.tx, "before_cursor_execute", note)
            asked_of.append(len(statements))
    assert asked_of[0] == asked_of[1] < 10


def test_moments_of_another_zone_are_the_same(ward: Ward) -> None:
    """The store keeps UTC."""
    ward.read(ward.film(1, at=after(0)), after(10))
    [each] = asked(ward.tx).studies
    assert each.read.read_at == after(10).astimezone(UTC)
