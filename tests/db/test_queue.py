"""Which images wait, and what the account says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from db import arrivals, queue, studies
from db.records import Arrival, WaitingImage
from db.states import ReadSource, State, Verdict

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def waiting(films):
    def paths() -> list[str]:
        return [image.path for image in queue.waiting(films.tx)]

    return paths


@pytest.fixture
def read(films):
    def mark(arrival: Arrival, now: datetime, read_at: datetime | None = None) -> None:
        assert arrival.study_id is not None
        studies.add_read(
            films.tx, arrival.study_id, read_at=read_at or now, now=now, source=ReadSource.COMMAND, by="reader"
        )

    return mark


def test_an_image_comes_with_everything_that_orders_and_shows_it(films):
    """Study, place, score and what the film says of itself."""
    films.study("g")
    arrival = films.scored("a\udcff.dcm", "content", group="group", logit=1.25, accession="A7", now=NOON + MINUTE)
    assert queue.waiting(films.tx) == [
        WaitingImage(
            study_id=2,
            study_key="S-000002",
            accession="A7",
            urgency="routine",
            root_path="/in",
            path="a\udcff.dcm",
            arrival_id=arrival.id,
            sha256="content",
            state=State.SCORED,
            code=None,
            message=None,
            logit=1.25,
            bundle_id=films.bundle_id,
            population="adults",
            tier="tagged",
            age_years=40.5,
            view="PA",
            arrived_at=NOON + MINUTE,
            acquired_at=None,
            backlog=False,
            removed_at=None,
            attempts=0,
            marks=None,
            withdrawn_at=None,
            duplicates=(),
        )
    ]
    assert queue.waiting(films.tx)[0].absolute_path == "/in/a\udcff.dcm"


def test_refused_and_failed_images_wait_too(films, waiting):
    """They are never lost from the list; what is on its way, a duplicate, replaced or gone is no image of its own."""
    scored = films.scored("scored", group="g")
    films.ended("refused", State.REFUSED, group="g")
    films.ended("failed", State.FAILED)
    films.seen("seen")
    films.duplicate("duplicate", scored)
    arrivals.move(films.tx, films.scored("old", group="g").id, State.SUPERSEDED, NOON, "replaced")
    arrivals.move(films.tx, films.seen("gone").id, State.VANISHED, NOON, "gone")
    assert sorted(waiting()) == ["failed", "refused", "scored"]
    not_scored = queue.not_scored(films.tx)
    assert [(image.path, image.state, image.code, image.logit) for image in not_scored] == [
        ("refused", State.REFUSED, "view", None),
        ("failed", State.FAILED, "view", None),
    ]


def test_a_study_leaves_with_a_read_and_all_its_images(films, waiting, read):
    """Others stay."""
    first = films.scored("a1", group="a")
    films.ended("a2", State.REFUSED, group="a")
    films.scored("b", group="b")
    read(first, NOON)
    assert waiting() == ["b"]
    assert queue.not_scored(films.tx) == []


def test_an_image_that_comes_after_the_read_brings_its_study_back(films, waiting, read):
    """With all its images; a read recorded at the moment of its arrival, or later, holds."""
    first = films.scored("a1", group="a", now=NOON)
    read(first, NOON + MINUTE)
    films.scored("a2", group="a", now=NOON + 2 * MINUTE)
    assert waiting() == ["a1", "a2"]
    read(first, NOON + MINUTE)
    assert waiting() == ["a1", "a2"]
    read(first, NOON + 2 * MINUTE)
    assert waiting() == []


def test_a_read_counts_from_when_it_was_recorded(films, waiting, read):
    """The RIS may say a time before the file came here."""
    read(films.scored("a", now=NOON), NOON + MINUTE, read_at=NOON - MINUTE)
    assert waiting() == []


def test_a_verdict_is_a_read(films, waiting):
    """Whatever it says."""
    arrival = films.scored("a")
    studies.add_review(films.tx, arrival.study_id, Verdict.UNSURE, NOON)
    assert waiting() == []


def test_what_comes_after_a_read_and_is_no_image_does_not_bring_it_back(films, waiting, read):
    """A repeated drop of the same file is no new film."""
    first = films.scored("a1", group="a")
    read(first, NOON)
    films.duplicate("a2", first, now=NOON + MINUTE)
    assert waiting() == []


def test_the_other_places_of_an_image_are_named(films):
    """Those that are still there, in the order they came."""
    first = films.scored("a")
    films.duplicate("sub/b\udcff", first)
    films.duplicate("c", first)
    gone = films.duplicate("gone", first)
    arrivals.mark_removed(films.tx, gone.id, NOON)
    films.scored("other")
    found = {image.path: image.duplicates for image in queue.waiting(films.tx)}
    assert found == {"a": ("/in/sub/b\udcff", "/in/c"), "other": ()}


def test_a_removed_file_still_waits_unless_its_study_has_the_content_elsewhere(films, waiting):
    """A study leaves by a read, not because somebody tidied up."""
    alone = films.scored("alone", group="one")
    moved = films.scored("moved", "same", group="two")
    films.scored("here", "same", group="two")
    same_elsewhere = films.scored("kept", "same", group="three")
    for arrival in (alone, moved, same_elsewhere):
        arrivals.mark_removed(films.tx, arrival.id, NOON)
    assert waiting() == ["alone", "here", "kept"]


def test_the_account_names_every_state_and_sums_up(films):
    """Also those that nothing stands in."""
    assert queue.account(films.tx) == dict.fromkeys(State, 0)
    films.scored("a")
    films.seen("b")
    films.seen("c")
    account = queue.account(films.tx)
    assert {state: count for state, count in account.items() if count} == {State.SCORED: 1, State.SEEN: 2}
    assert list(account) == list(State)
