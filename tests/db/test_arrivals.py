"""Arrivals and their history: what is put in comes out, and every transition leaves a line."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from db import arrivals, roots, schema, studies, verify
from db.errors import StoreError
from db.records import Arrival, FileStamp, FilmFacts, Root, signed64
from db.states import ENDED, PENDING, RootState, State
from db.store import Store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STAMP = FileStamp(size=100, mtime_ns=1, ctime_ns=2, inode=3, device=4)

FACTS = FilmFacts(
    format="dicom",
    population="children",
    tier="tagged",
    age_years=3.25,
    view="PA",
    body_part="CHEST",
    modality="CR",
    accession="A1",
    study_uid="1.2.3",
    instance_uid="1.2.3.4",
    acquired_at="2026-11-22T08:15:00",
)


@pytest.fixture
def root(tx: Connection) -> Root:
    return roots.ensure_root(tx, "/in", NOON)


def add(tx: Connection, root: Root, path: str, now: datetime = NOON, generation: int = 1) -> Arrival:
    return arrivals.add(tx, root.id, path, generation, STAMP, now, backlog=False, reason="found")


def test_a_new_arrival_is_seen_and_has_one_line(tx: Connection, root: Root):
    """Everything given is kept, all else is empty."""
    path = "sub/\udcff.jpg"
    arrival = arrivals.add(tx, root.id, path, 1, STAMP, NOON, backlog=True, reason="found by the rescan")
    assert arrival == arrivals.get(tx, arrival.id) == arrivals.current_at(tx, root.id, path)
    assert (arrival.root_id, arrival.path, arrival.generation) == (root.id, path, 1)
    assert (arrival.state, arrival.backlog, arrival.steps, arrival.attempts) == (State.SEEN, True, 1, 0)
    assert (arrival.stamp, arrival.facts) == (STAMP, FilmFacts())
    assert arrival.arrived_at == arrival.changed_at == NOON
    (line,) = arrivals.history(tx, arrival.id)
    assert (line.sequence, line.from_state, line.to_state) == (1, None, State.SEEN)
    assert (line.at, line.reason) == (NOON, "found by the rescan")


def test_a_transition_sets_what_is_given_and_keeps_the_rest(tx: Connection, root: Root, films):
    """Stamp and facts are given whole."""
    arrival = add(tx, root, "a.dcm")
    later = NOON + MINUTE
    study, result = films.study("g"), films.result("c")
    stamp = FileStamp(200, 11, 12, 13, 14)
    moved = arrivals.move(
        tx,
        arrival.id,
        State.SCORED,
        later,
        "scored",
        code="c",
        message="m",
        sha256="s",
        study_id=study.id,
        result_id=result.id,
        attempts=2,
        not_before=later + MINUTE,
        stamp=stamp,
        facts=FACTS,
    )
    assert moved == arrivals.get(tx, arrival.id)
    assert moved == replace(
        arrival,
        state=State.SCORED,
        changed_at=later,
        steps=2,
        code="c",
        message="m",
        sha256="s",
        study_id=study.id,
        result_id=result.id,
        attempts=2,
        not_before=later + MINUTE,
        stamp=stamp,
        facts=FACTS,
    )
    again = arrivals.move(tx, arrival.id, State.READY, later + MINUTE, "again", code=None, not_before=None)
    assert (again.code, again.message, again.not_before, again.facts) == (None, "m", None, FACTS)
    assert [(line.sequence, line.from_state, line.to_state) for line in arrivals.history(tx, arrival.id)] == [
        (1, None, State.SEEN),
        (2, State.SEEN, State.SCORED),
        (3, State.SCORED, State.READY),
    ]


def test_records_and_table_share_one_order():
    """Rows become records by position."""
    columns = [column.name for column in schema.arrival.c]
    flat = []
    for item in fields(Arrival):
        inner = {"stamp": FileStamp, "facts": FilmFacts}.get(item.name)
        flat += [field.name for field in fields(inner)] if inner else [item.name]
    assert flat == columns


def test_an_arrival_that_is_not_there_is_one_error(tx: Connection):
    """It says which."""
    for attempt in (lambda: arrivals.get(tx, 7), lambda: arrivals.move(tx, 7, State.READY, NOON, "")):
        with pytest.raises(StoreError, match="the store has no arrival 7"):
            attempt()


def test_many_are_added_and_moved_as_one_would_be(tx: Connection, root: Root):
    """The ids come in the order given."""
    one = add(tx, root, "one")
    entries = [(f"{number}", 1, replace(STAMP, size=number), number % 2 == 0) for number in range(2500)]
    ids = arrivals.add_many(tx, root.id, entries, NOON, "found")
    assert [arrivals.get(tx, i).path for i in ids[::500]] == ["0", "500", "1000", "1500", "2000"]
    assert arrivals.move_many(tx, [*ids, 10**6], State.SETTLING, NOON + MINUTE, "waits") == 2500
    arrival = arrivals.get(tx, ids[-1])
    assert (arrival.state, arrival.stamp.size, arrival.backlog) == (State.SETTLING, 2499, False)
    assert (arrival.changed_at, arrival.steps) == (NOON + MINUTE, 2)
    assert arrivals.get(tx, one.id) == one
    assert [(line.from_state, line.to_state) for line in arrivals.history(tx, ids[0])] == [
        (None, State.SEEN),
        (State.SEEN, State.SETTLING),
    ]
    assert verify.consistency(tx) == []


def test_none_at_all_is_nothing(tx: Connection, root: Root):
    """Empty lists are no error."""
    assert arrivals.add_many(tx, root.id, [], NOON, "") == []
    assert arrivals.move_many(tx, [], State.READY, NOON, "") == 0
    assert arrivals.current(tx, root.id) == {}


def test_a_deletion_that_adding_many_finds_is_not_healed(tx: Connection, root: Root):
    """Only the new arrivals get a first line: what was lost before stays named."""
    lost = add(tx, root, "lost")
    tx.exec_driver_sql("DELETE FROM history")
    arrivals.add_many(tx, root.id, [("a", 1, STAMP, False)], NOON, "found")
    assert arrivals.history(tx, lost.id) == []


def test_the_newest_generation_of_a_path_is_current(tx: Connection, root: Root):
    """In its own root, and by the very bytes of the name."""
    elsewhere = roots.ensure_root(tx, "/other", NOON)
    add(tx, elsewhere, "a", generation=1)
    old = add(tx, root, "a", generation=1)
    new = add(tx, root, "a", generation=2)
    other = add(tx, root, "b\udce9")
    assert arrivals.current(tx, root.id) == {"a": new, "b\udce9": other}
    assert arrivals.current_at(tx, root.id, "a") == new
    assert arrivals.current_at(tx, root.id, "c") is None
    assert arrivals.get(tx, old.id).generation == 1


def test_a_path_has_each_generation_once(store: Store):
    """The database itself refuses a second one."""
    with store.write() as tx:
        root = roots.ensure_root(tx, "/in", NOON)
        add(tx, root, "a")

    def again() -> None:
        with store.write() as tx:
            add(tx, root, "a")

    with pytest.raises(StoreError, match="UNIQUE"):
        again()


def test_a_touched_file_gets_a_new_stamp_and_no_history(tx: Connection, root: Root):
    """The same content is the same arrival."""
    arrival = add(tx, root, "a")
    stamp = FileStamp(100, 9, 9, 9, 9)
    arrivals.restamp(tx, arrival.id, stamp)
    assert arrivals.get(tx, arrival.id) == replace(arrival, stamp=stamp)
    assert len(arrivals.history(tx, arrival.id)) == 1


def test_a_removed_file_keeps_its_state_and_the_first_time(tx: Connection, root: Root):
    """Until it is there again."""
    arrival = add(tx, root, "a")
    arrivals.mark_removed(tx, arrival.id, NOON + MINUTE)
    arrivals.mark_removed(tx, arrival.id, NOON + 2 * MINUTE)
    assert arrivals.get(tx, arrival.id) == replace(arrival, removed_at=NOON + MINUTE)
    arrivals.clear_removed(tx, arrival.id)
    assert arrivals.get(tx, arrival.id) == arrival


def test_the_oldest_ready_arrivals_are_taken_first(tx: Connection, root: Root):
    """Those that have to wait are not, until their time has come."""
    new = add(tx, root, "new", NOON + 2 * MINUTE)
    old = add(tx, root, "old", NOON)
    waits = add(tx, root, "waits", NOON - MINUTE)
    seen = add(tx, root, "seen", NOON - 2 * MINUTE)
    for arrival in (new, old):
        arrivals.move(tx, arrival.id, State.READY, NOON, "settled")
    arrivals.move(tx, waits.id, State.READY, NOON, "again", not_before=NOON + MINUTE)

    def paths(now: datetime, limit: int = 10) -> list[str]:
        return [arrival.path for arrival in arrivals.ready(tx, now, limit)]

    assert paths(NOON) == ["old", "new"]
    assert paths(NOON, limit=1) == ["old"]
    assert paths(NOON + MINUTE) == ["waits", "old", "new"]
    assert arrivals.next_not_before(tx) == NOON + MINUTE
    arrivals.move(tx, waits.id, State.FAILED, NOON, "gave up")
    assert arrivals.next_not_before(tx) is None
    arrivals.move(tx, seen.id, State.SETTLING, NOON, "waits")
    assert [arrival.path for arrival in arrivals.in_states(tx, [State.SETTLING])] == ["seen"]
    assert [arrival.path for arrival in arrivals.in_states(tx, PENDING)] == ["seen", "old", "new"]
    assert [arrival.path for arrival in arrivals.in_states(tx, PENDING, 1)] == ["seen"]
    assert arrivals.pending_count(tx) == 3


def test_one_root_can_be_asked_about_alone(tx: Connection, root: Root):
    """A scan of one folder does not wait for another."""
    other = roots.ensure_root(tx, "/other", NOON)
    here, there = add(tx, root, "a"), add(tx, other, "b")
    for arrival in (here, there):
        arrivals.move(tx, arrival.id, State.READY, NOON, "settled")
    assert [found.path for found in arrivals.ready(tx, NOON, 10, [other.id])] == ["b"]
    assert len(arrivals.ready(tx, NOON, 10)) == 2
    arrivals.move(tx, there.id, State.VANISHED, NOON, "gone")
    assert arrivals.has_pending(tx)
    assert arrivals.has_pending(tx, [root.id, other.id])
    assert not arrivals.has_pending(tx, [other.id])


def test_the_same_content_is_found_where_it_came_to_an_end(films):
    """Oldest first, and never the one that asks."""
    second = films.scored("b", "same", now=NOON + MINUTE)
    first = films.scored("a", "same")
    films.scored("c", "other")
    films.duplicate("d", first)
    asks = films.seen("e")
    assert [found.id for found in arrivals.same_content(films.tx, "same", asks.id)] == [first.id, second.id]
    assert [found.id for found in arrivals.same_content(films.tx, "same", first.id)] == [second.id]
    assert arrivals.same_content(films.tx, "none", asks.id) == []


def test_what_repeats_a_content_or_has_a_result_is_found(films):
    """From the original to its duplicates, from a result to its arrivals."""
    first = films.scored("a", "same")
    again = films.duplicate("b", first)
    assert [found.id for found in arrivals.duplicates_of(films.tx, first.id)] == [again.id]
    assert first.result_id is not None
    assert [found.id for found in arrivals.with_result(films.tx, first.result_id)] == [first.id]


def test_a_root_is_added_once_and_keeps_what_happens_to_it(tx: Connection):
    """The end of its first complete rescan stays."""
    root = roots.ensure_root(tx, "/in/\udcff", NOON)
    assert (root.path, root.state, root.first_scanned_at) == ("/in/\udcff", RootState.WATCHED, None)
    roots.mark_rescan_started(tx, root.id, NOON + MINUTE)
    for times in (2, 3):
        roots.mark_rescan_ended(tx, root.id, NOON + times * MINUTE)
    roots.set_root_state(tx, root.id, RootState.AWAY, "not mounted")
    kept = replace(
        root,
        rescan_started_at=NOON + MINUTE,
        rescan_ended_at=NOON + 3 * MINUTE,
        first_scanned_at=NOON + 2 * MINUTE,
        state=RootState.AWAY,
        message="not mounted",
    )
    assert roots.ensure_root(tx, "/in/\udcff", NOON + 9 * MINUTE) == kept == roots.get(tx, root.id)
    roots.set_root_state(tx, root.id, RootState.WATCHED)
    assert roots.roots(tx) == [replace(kept, state=RootState.WATCHED, message=None)]


@given(number=st.integers(-(2**70), 2**70))
def test_a_stamp_is_the_same_before_and_after_the_store(number: int):
    """So that a file with an odd inode or time is not read again at every rescan."""
    assert signed64(signed64(number)) == signed64(number)
    assert -(2**63) <= signed64(number) < 2**63


ways = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(sorted(set(State) - {State.SEEN}))), max_size=25)


@settings(max_examples=25)
@given(way=ways)
def test_any_way_through_the_states_leaves_an_unbroken_history(shared_store: Store, way: list[tuple[int, State]]):
    """Lines count from 1, each leaves the state that the one before reached, and the last is the present one."""
    with shared_store.read() as tx:  # a transaction that is never committed
        root = roots.ensure_root(tx, "/in", NOON)
        ids = arrivals.add_many(tx, root.id, [(f"{n}", 1, STAMP, False) for n in range(4)], NOON, "found")
        study = studies.ensure(tx, "g", NOON, accession=None)
        for which, to in way:
            arrivals.move(tx, ids[which], to, NOON, "next", study_id=study.id)
        for arrival_id in ids:
            lines = arrivals.history(tx, arrival_id)
            arrival = arrivals.get(tx, arrival_id)
            assert [line.sequence for line in lines] == list(range(1, arrival.steps + 1))
            assert [line.from_state for line in lines] == [None, *(line.to_state for line in lines[:-1])]
            assert lines[-1].to_state is arrival.state
        named = {found.kind for found in verify.consistency(tx)}
        assert named <= {"result-missing", "duplicate-of-nothing", "superseded-by-nothing"}


def test_every_state_is_pending_or_an_end():
    """And the ends that stand in the queue are no pending ones."""
    assert PENDING.isdisjoint(ENDED)
    assert set(State) - PENDING - ENDED == {State.DUPLICATE, State.SUPERSEDED, State.VANISHED}
