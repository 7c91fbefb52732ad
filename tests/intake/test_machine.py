"""The table of states: complete, and with no way out of an end."""

import itertools

import pytest

from daemon.intake.machine import TABLE, Event, IllegalMoveError, after, moves
from db.states import PENDING, State


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_pair_is_in_the_table_or_refused(state: State, event: Event) -> None:
    """A state and an event lead to one state, or to an error that names both."""
    if (state, event) in TABLE:
        assert after(state, event) is TABLE[state, event]
        assert (state, after(state, event)) in moves()
    else:
        with pytest.raises(IllegalMoveError, match=f"{event.name}.*{state.value}"):
            after(state, event)


def test_every_state_but_the_first_can_be_reached() -> None:
    """Nothing stands in the table that no film can come to."""
    reached, new = {State.SEEN}, {State.SEEN}
    while new:
        new = {to for (here, _), to in TABLE.items() if here in reached} - reached
        reached |= new
    assert reached == set(State)


def test_from_every_pending_state_a_film_can_come_to_an_end() -> None:
    """No pending state is a trap, also for a file that is deleted or replaced there."""
    for state in PENDING:
        assert after(state, Event.LOSE) is State.VANISHED
    ends = set(State) - PENDING
    can_end = set(ends)
    for _ in State:
        can_end |= {here for (here, _), to in TABLE.items() if to in can_end}
    assert can_end == set(State)


@pytest.mark.parametrize("state", [State.VANISHED, State.SUPERSEDED])
def test_what_is_over_stays_over(state: State) -> None:
    """A vanished or superseded arrival never moves again; new content is a new arrival."""
    assert not [event for here, event in TABLE if here is state]


def test_a_result_needs_a_worker() -> None:
    """Only a RUNNING arrival is scored, refused, failed or called a duplicate."""
    for (here, _), to in TABLE.items():
        if to in (State.SCORED, State.REFUSED, State.FAILED, State.DUPLICATE):
            assert here is State.RUNNING


def test_no_event_is_useless() -> None:
    """Every event moves something."""
    assert {event for _, event in TABLE} == set(Event)
