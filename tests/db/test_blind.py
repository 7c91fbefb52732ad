"""The times in which a root could not be seen, and how they add up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from db import blind, roots

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def root(films) -> int:
    return roots.ensure_root(films.tx, "/elsewhere", NOON).id


def test_a_span_that_is_open_goes_on(films, root: int):
    """However often somebody notices; it ends once."""
    blind.begin(films.tx, root, at(0), "gone")
    blind.begin(films.tx, root, at(3), "still gone")
    blind.end(films.tx, root, at(5))
    blind.end(films.tx, root, at(9))
    (span,) = blind.spans(films.tx, at(-60), at(60))
    assert (span.began_at, span.ended_at, span.cause) == (at(0), at(5), "gone")


def test_minutes_are_those_of_the_window_and_overlaps_count_once(films, root: int):
    """Also while it lasts; another root has its own."""
    blind.add(films.tx, root, at(-10), at(2), "the service did not run")
    blind.add(films.tx, root, at(1), at(4), "gone")
    blind.add(films.tx, root, at(1), at(3), "the store did not answer")
    blind.begin(films.tx, root, at(8), "gone")
    assert blind.minutes(films.tx, at(0), at(10)) == {root: 6.0}
    assert blind.minutes(films.tx, at(20), at(21)) == {root: 1.0}
    assert blind.minutes(films.tx, at(-30), at(-20)) == {}


def test_a_clock_that_was_stepped_back_gives_no_negative_span(films, root: int):
    """It is over when it began."""
    blind.begin(films.tx, root, at(5), "gone")
    blind.end(films.tx, root, at(0))
    blind.add(films.tx, root, at(3), at(2), "never")
    (span,) = blind.spans(films.tx, at(-60), at(60))
    assert span.ended_at == at(5)
    assert blind.minutes(films.tx, at(-60), at(60)) == {}
