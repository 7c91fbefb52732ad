"""The lot of a study: always the same, even, and nothing to those without the key."""

from __future__ import annotations

import statistics

from daemon.review.lots import lot
from db.identity import Identifiers, Identity

KEYS = [f"S-{number:06d}" for number in range(4000)]


def test_a_lot_is_the_same_for_ever_and_another_under_another_key() -> None:
    """It is written down here: with another one, studies would be drawn anew at an upgrade."""
    assert lot(b"k" * 32, "S-000001") == lot(b"k" * 32, "S-000001") == 0.5950535387387639
    assert lot(b"l" * 32, "S-000001") != lot(b"k" * 32, "S-000001")


def test_lots_are_even() -> None:
    """Of 4,000 studies a twentieth lies below 0.05, give or take four standard deviations; none reaches 1."""
    drawn = [lot(b"k" * 32, key) for key in KEYS]
    assert 145 <= sum(value < 0.05 for value in drawn) <= 255
    assert 0.48 < statistics.mean(drawn) < 0.52
    assert 0 <= min(drawn) <= max(drawn) < 1


def test_no_kept_hash_tells_a_lot() -> None:
    """An accession that is written like a study would be hashed otherwise."""
    key = b"k" * 32
    kept = Identity(Identifiers.NONE, key).hashed("\0blind case\0S-000001")
    assert int(kept[1:13], 16) / 2**48 != lot(key, "S-000001")
