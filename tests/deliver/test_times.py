"""Pauses, giving up, and what a stepped clock does to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from daemon.deliver.times import GIVE_UP_AFTER, LONGEST, MOST_TRIES, is_due, is_hopeless, is_over, pause_after

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CHANCE = st.floats(0, 1)


@given(tries=st.integers(1, 10**6), chance=CHANCE)
def test_pauses_grow_and_have_a_bound(tries: int, chance: float) -> None:
    assert timedelta(seconds=24) <= pause_after(tries, chance) <= LONGEST * 1.2
    assert pause_after(tries, chance) <= pause_after(tries + 1, chance)


@given(chance=CHANCE)
def test_a_day_of_trying_is_between_25_and_40_tries(chance: float) -> None:
    """Then it is given up, and not before."""
    now, tries = NOW, 0
    while not is_hopeless(NOW, tries, now):
        tries += 1
        now += pause_after(tries, chance)
    assert 25 <= tries <= 40
    assert GIVE_UP_AFTER <= now - NOW <= GIVE_UP_AFTER + LONGEST * 1.2


def test_a_clock_that_is_put_on_by_a_year_does_not_give_up_at_once() -> None:
    assert not is_hopeless(NOW, 1, NOW + timedelta(days=365))


def test_a_clock_that_is_put_back_by_a_year_neither_blocks_nor_tries_for_ever() -> None:
    back = NOW - timedelta(days=365)
    assert is_due(NOW + LONGEST, back)
    assert is_over(NOW, timedelta(minutes=30), back)
    assert is_hopeless(NOW, MOST_TRIES, back)


def test_what_waits_for_its_time_is_due_then_and_not_before() -> None:
    assert not is_due(NOW, NOW - timedelta(seconds=1))
    assert is_due(NOW, NOW)
    assert not is_over(NOW, timedelta(minutes=30), NOW + timedelta(minutes=29))
    assert is_over(NOW, timedelta(minutes=30), NOW + timedelta(minutes=30))
