"""The table of states: complete, and with no way out of an end."""

import itertools

import pytest
from builders.intake import House

from daemon.intake.machine import TABLE, Effect, Event, IllegalMoveError, move_of, moves
from daemon.intake.recording import apply
from db import arrivals, roots
from db.records import FileStamp
from db.states import PENDING, State


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_pair_is_in_the_table_or_refused(state: State, event: Event) -> None:
    """A state and an event lead to one state, or to an error that names both."""
    if (state, event) in TABLE:
        assert move_of(state, event) is TABLE[state, event]
        assert (state, move_of(state, event).to) in moves()
    else:
        with pytest.raises(IllegalMoveError, match=f"{event.name}.*{state.value}"):
            move_of(state, event)


def test_every_state_but_the_first_can_be_reached() -> None:
    """Nothing stands in the table that no film can come to."""
    reached, new = {State.SEEN}, {State.SEEN}
    while new:
        new = {move.to for (here, _), move in TABLE.items() if here in reached} - reached
        reached |= new
    assert reached == set(State)


def test_from_every_pending_state_a_film_can_come_to_an_end() -> None:
    """No pending state is a trap, also for a file that is deleted or replaced there."""
    for state in PENDING:
        assert move_of(state, Event.LOSE).to is State.VANISHED
    ends = set(State) - PENDING
    can_end = set(ends)
    for _ in State:
        can_end |= {here for (here, _), move in TABLE.items() if move.to in can_end}
    assert can_end == set(State)


STANDS = [Event.SCORE_STANDS, Event.REFUSAL_STANDS, Event.FAILURE_STANDS]


@pytest.mark.parametrize(("state", "events"), [(State.VANISHED, []), (State.SUPERSEDED, STANDS)])
def test_what_is_over_stays_over(state: State, events: list[Event]) -> None:
    """New content is a new arrival; only an older version of an image comes back, when the newer one went."""
    assert [event for here, event in TABLE if here is state] == events


def test_a_result_needs_a_worker() -> None:
    """Only a RUNNING arrival is scored, refused, failed or called a duplicate; or what was so before stands again."""
    for (here, event), move in TABLE.items():
        if event not in STANDS and move.to in (State.SCORED, State.REFUSED, State.FAILED, State.DUPLICATE):
            assert here is State.RUNNING


def test_no_event_is_useless() -> None:
    """Every event moves something."""
    assert {event for _, event in TABLE} == set(Event)


@pytest.mark.parametrize(("state", "event"), sorted(TABLE))
def test_every_move_does_what_the_table_says(house: House, state: State, event: Event) -> None:
    """Walked on a real store, each from its state: the new state, one line of history with its reason, the effect."""
    now = house.time.clock.now()
    with house.store.write() as tx:
        root = roots.ensure_root(tx, str(house.incoming), now)
        other, copy, older, film = (
            arrivals.add(tx, root.id, name, 1, FileStamp(1, 1, 1, 1, 1), now, backlog=False, reason="seen")
            for name in ("other", "copy", "older", "film")
        )
        said = {"code": "corrupt", "message": "broken", "attempts": 3, "not_before": now, "duplicate_of": other.id}
        said |= {"superseded_by": other.id} if state is State.SUPERSEDED else {}
        film = arrivals.move(tx, film.id, state, now, "as the test wants it", **said)
        copy = arrivals.move(tx, copy.id, State.DUPLICATE, now, "as the test wants it", duplicate_of=film.id)
        older = arrivals.move(tx, older.id, State.REFUSED, now, "as the test wants it")
        older = arrivals.move(tx, older.id, State.SUPERSEDED, now, "as the test wants it", superseded_by=film.id)
        moved = apply(tx, film, event, now)
        line = arrivals.history(tx, film.id)[-1]
        copied, revived = arrivals.get(tx, copy.id), arrivals.get(tx, older.id)
    move = TABLE[state, event]
    assert (moved.state, line.from_state, line.to_state, line.reason) == (move.to, state, move.to, event.value)
    forgotten = (moved.code, moved.message, moved.attempts, moved.not_before) == (None, None, 0, None)
    assert forgotten is (move.effect is Effect.FORGET)
    assert (moved.duplicate_of is None) is (move.effect is Effect.STAND_ALONE)
    assert state is not State.SUPERSEDED or moved.superseded_by is None
    assert (copied.state is State.READY) is (move.effect in (Effect.FREE, Effect.FREE_ALL))
    assert (revived.state is State.REFUSED) is (move.effect is Effect.FREE_ALL)
    assert (revived.superseded_by is None) is (move.effect is Effect.FREE_ALL)
