"""First come, first served over the same moments of reading: what holds of every history."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from random import Random

import pytest
from builders.reads import minute, read
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.ledger.places import Read, first_come, placed

# Few minutes, so that many studies come, or are read, in one.
histories = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=40).map(
    lambda pairs: [read(f"S-{number}", came, came + waited) for number, (came, waited) in enumerate(pairs)]
)


def test_a_study_that_was_passed_over_lost_and_the_one_that_passed_it_gained() -> None:
    """Minutes 10, 20, 30 are read: the third to come is read first, and the two before it pay for that."""
    late, early, second = read("late", 5, 10), read("early", 0, 20), read("second", 1, 30)
    found = {each.read.study: (each.places, each.minutes) for each in placed([late, early, second])}
    assert found == {"late": (2, 20.0), "early": (-1, -10.0), "second": (-1, -10.0)}


def test_nobody_is_read_before_they_came() -> None:
    """The slot at 10 can only be of the one that was there, however early others came afterwards."""
    there, after = read("there", 9, 10), read("after", 11, 12)
    assert first_come([after, there]) == [minute(12), minute(10)]
    with pytest.raises(ValueError, match="before it came"):
        first_come([read("S-1", 2, 1)])


@given(histories)
@settings(max_examples=150)
def test_the_same_slots_are_dealt_out_and_nothing_is_gained_in_all(reads: list[Read]) -> None:
    """A permutation of the slots, none before an arrival; places, minutes and waits sum to the same."""
    dealt = first_come(reads)
    assert Counter(dealt) == Counter(each.read_at for each in reads)
    assert all(slot >= each.arrived_at for slot, each in zip(dealt, reads, strict=True))
    found = placed(reads)
    assert sum(each.places for each in found) == 0
    assert sum(each.minutes for each in found) == pytest.approx(0, abs=1e-6)
    assert all((each.places > 0) == (each.minutes > 0) for each in found)
    assert all((each.places < 0) == (each.minutes < 0) for each in found)


@given(histories)
@settings(max_examples=100)
def test_what_was_read_first_come_first_served_moves_nobody(reads: list[Read]) -> None:
    """Read anew in the slots that the rule deals out, nothing changes."""
    again = [
        Read(each.study, None, each.group, each.urgency, each.arrived_at, slot)
        for each, slot in zip(reads, first_come(reads), strict=True)
    ]
    assert all((each.places, each.minutes) == (0, 0.0) for each in placed(again))


@given(histories)
@settings(max_examples=100)
def test_each_slot_goes_to_the_earliest_that_is_there(reads: list[Read]) -> None:
    """Of two that had both come by a slot, the later to come does not have it while the other waits."""
    dealt = list(zip(first_come(reads), reads, strict=True))
    for slot, each in dealt:
        for other_slot, other in dealt:
            assert not (other.arrived_at < each.arrived_at and other.arrived_at <= slot < other_slot)


@given(histories, st.randoms())
@settings(max_examples=80)
def test_the_order_of_rows_does_not_matter(reads: list[Read], random: Random) -> None:
    """Also of those that came, or were read, at one moment."""
    mixed = random.sample(reads, len(reads))
    assert {each.read.study: each for each in placed(mixed)} == {each.read.study: each for each in placed(reads)}


def test_no_other_dealing_out_has_a_shorter_longest_wait() -> None:
    """What first come, first served is for; over every dealing out of small histories."""
    random = Random(5)
    for _ in range(60):
        reads = [read(str(n), came := random.randint(0, 9), came + random.randint(0, 5)) for n in range(5)]
        longest = max(slot - each.arrived_at for slot, each in zip(first_come(reads), reads, strict=True))
        for slots in permutations(each.read_at for each in reads):
            waits = [slot - each.arrived_at for slot, each in zip(slots, reads, strict=True)]
            assert min(waits) < minute(0) - minute(0) or max(waits) >= longest


def test_studies_of_one_read_time_share_a_place() -> None:
    """A table that knows minutes only: whichever of them was read first, nobody gained."""
    reads = [read("S-1", 0, 10), read("S-2", 1, 10), read("S-3", 2, 10), read("S-4", 3, 20)]
    assert [(each.place, each.places, each.minutes) for each in placed(reads)] == [
        (1, 0, 0),
        (1, 0, 0),
        (1, 0, 0),
        (4, 0, 0),
    ]


def test_a_twin_that_was_read_earlier_gained_nothing() -> None:
    """Two came at one moment: neither came first."""
    assert [each.places for each in placed([read("S-1", 0, 20), read("S-2", 0, 10)])] == [0, 0]
