"""Studies that leave the queue without a reader: files taken away, and what nobody is expected to read any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from builders.intake import House, refused, scored

from daemon.followup.closing import GRACE, close_studies
from db import closing, studies
from db.records import FilmFacts
from db.roots import roots
from db.states import REJECTION_NOTE, ReadSource

MONTH = timedelta(days=30)
UIDS: Final = FilmFacts(format="dicom", study_uid="1.2", instance_uid="1.2.3")


def closed(house: House, *names: str, expire: timedelta = MONTH) -> dict[ReadSource, int]:
    """One look, with the roots of these names emptied by whoever reads."""
    with house.store.write() as tx:
        emptied = {root.id for root in roots(tx) if root.path in {str(house.folder / name) for name in names}}
        return close_studies(tx, emptied, expire, house.time.clock.now())


def test_a_study_whose_files_were_taken_away_counts_as_read(house: House) -> None:
    """After a while, and only in a folder whose owner says so."""
    film = house.write("a.jpg")
    intake = house.intake()
    house.pass_(intake)
    film.unlink()
    house.pass_(intake)
    assert closed(house, "incoming")[ReadSource.REMOVED] == 0  # it may be on its way to another name
    house.time.turn(GRACE.total_seconds() + 1)
    assert closed(house)[ReadSource.REMOVED] == 0
    assert house.queued() == {"a.jpg"}
    assert closed(house, "incoming")[ReadSource.REMOVED] == 1
    assert house.queued() == set()
    assert closed(house, "incoming")[ReadSource.REMOVED] == 0


def test_a_film_that_was_renamed_was_not_read(house: House) -> None:
    """However long ago: its content is there."""
    film = house.write("a.jpg")
    intake = house.intake()
    house.pass_(intake)
    film.rename(film.with_name("b.jpg"))
    house.pass_(intake)
    house.time.turn(10 * GRACE.total_seconds())
    assert closed(house, "incoming")[ReadSource.REMOVED] == 0
    assert house.queued() == {"b.jpg"}


def test_what_nobody_read_leaves_the_queue_and_is_counted(house: House) -> None:
    """So that the list empties; a new image of the study would bring it back."""
    house.write("a.jpg")
    intake = house.intake()
    house.pass_(intake)
    house.time.turn(29 * 86400)
    assert closed(house)[ReadSource.EXPIRED] == 0
    house.time.turn(2 * 86400)
    house.write("b.jpg", b"other")
    house.pass_(intake)
    assert closed(house)[ReadSource.EXPIRED] == 1
    assert house.queued() == {"b.jpg"}
    now = house.time.clock.now()
    with house.store.read() as tx:
        assert closing.expired(tx, now - MONTH, now + MONTH) == 1


def test_a_note_that_takes_an_image_back_brings_no_study_back_to_be_closed(house: House) -> None:
    """A study that was read, and of which a note came later, does not wait: nor is it counted as never marked read."""
    house.write("film", b"film")
    house.judge.answers = {
        b"note": replace(refused(REJECTION_NOTE), facts=UIDS),
        b"film": replace(scored(), facts=UIDS),
    }
    intake = house.intake()
    house.pass_(intake)
    study = house.at("film").study_id
    assert study is not None
    with house.store.write() as tx:
        now = house.time.clock.now()
        studies.add_read(tx, study, read_at=now, now=now, source=ReadSource.COMMAND)
    house.time.turn(60)
    house.write("note", b"note")
    house.pass_(intake)
    assert house.at("note").study_id == study
    house.time.turn(40 * 86400)
    assert closed(house, "incoming") == {ReadSource.REMOVED: 0, ReadSource.EXPIRED: 0}
