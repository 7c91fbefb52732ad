"""Rejection notes at work: what they take back, in whichever order note and images come, and what stays listed."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from builders.intake import House, refused, scored
from builders.studies import RULES
from sqlalchemy import Connection

from daemon.intake.worker import Outcome, Verdict
from daemon.triage.order import order
from daemon.triage.studies import gather, parted
from db import instances, queue, studies
from db.records import FilmFacts
from db.states import REJECTION_NOTE, ReadSource, State
from models.key_object import REASONS, RejectionNote

REASON = REASONS["113001"]


def image(uid: str, study: str = "1.2", outcome: Outcome | None = None) -> Outcome:
    told = outcome or scored()
    return replace(told, facts=replace(told.facts, study_uid=study, instance_uid=uid))


def note(*uids: str, study: str = "1.2", uid: str = "1.2.99") -> Outcome:
    facts = FilmFacts(format="dicom", study_uid=study, instance_uid=uid)
    return Outcome(
        Verdict.REFUSED, facts, 1.0, code=REJECTION_NOTE, message="a note; none", note=RejectionNote(REASON, uids)
    )


def arrive(house: House, **films: Outcome) -> None:
    """One after the other."""
    for name, outcome in films.items():
        house.judge.answers[name.encode()] = outcome
        house.write(name, name.encode())
        house.pass_(house.intake())


def live(house: House) -> set[str]:
    """What is in the queue and was not taken back."""
    with house.store.read() as tx:
        return {row.path for row in queue.waiting(tx) if row.withdrawn_at is None}


def listed(tx: Connection) -> tuple[list[str], list[str]]:
    """The studies in the order, and those that were taken back whole."""
    ranked, withdrawn = parted(gather(queue.waiting(tx), lambda _: RULES))
    return [study.study for study in order(ranked)], [study.study for study in withdrawn]


@pytest.mark.parametrize("sequence", list(permutations(["bad", "good", "note"])))
def test_an_image_is_taken_back_whichever_comes_first(house: House, sequence: tuple[str, ...]) -> None:
    """Its state stays; the note is refused with its own code, and is no image of the study."""
    films = {"bad": image("1.2.3"), "good": image("1.2.4"), "note": note("1.2.3")}
    arrive(house, **{name: films[name] for name in sequence})
    bad, told = house.at("bad"), house.at("note")
    assert (bad.state, bad.withdrawn_by, bad.withdrawn_at is not None) == (State.SCORED, told.id, True)
    assert (told.state, told.code) == (State.REFUSED, "rejection-note")
    assert (live(house), house.queued()) == ({"good"}, {"good", "bad"})
    assert house.at("good").withdrawn_at is None
    with house.store.read() as tx:
        assert instances.withdrawn_by(tx, told.id) == instances.Withdrawn(told.id, REASON, told.changed_at)
    house.check()


def test_a_note_takes_back_nothing_of_another_study(house: House) -> None:
    """Whatever SOPInstanceUIDs it names."""
    arrive(house, film=image("1.2.3", study="1.9"), note=note("1.2.3"), later=image("1.2.3", study="1.8"))
    assert live(house) == {"film", "later"}


def test_what_a_note_says_holds_when_its_file_goes_and_when_another_takes_its_place(house: House) -> None:
    """A sender takes nothing back by deleting: who did it would not be seen."""
    arrive(house, bad=image("1.2.3"), note=note("1.2.3", "1.2.5"))
    (house.incoming / "note").unlink()
    house.pass_(house.intake())
    arrive(house, late=image("1.2.5"))
    house.judge.answers[b"newer note"] = note("1.2.4")
    house.write("note", b"newer note")
    arrive(house, later=image("1.2.4"))
    assert live(house) == set()
    house.check()


def test_a_newer_version_and_a_copy_of_what_was_taken_back_are_taken_back_too(house: House) -> None:
    arrive(house, bad=image("1.2.3"), note=note("1.2.3"), again=image("1.2.3"))
    house.write("copy", b"again")
    house.pass_(house.intake())
    (house.incoming / "again").unlink()
    house.pass_(house.intake())
    assert house.at("copy").state is State.SCORED
    assert house.at("copy").withdrawn_at is not None
    assert live(house) == set()
    house.check()


def test_a_note_never_takes_the_place_of_an_image_nor_an_image_that_of_a_note(house: House) -> None:
    """A hostile one might carry an image's UID."""
    arrive(house, film=image("1.2.3"), note=note("1.2.4", uid="1.2.3"), again=image("1.2.4", outcome=refused()))
    assert house.at("film").state is State.SCORED
    assert house.at("note").state is State.REFUSED
    house.check()


def test_a_study_that_was_taken_back_whole_leaves_the_order_and_stays_listed_until_it_is_read(house: House) -> None:
    arrive(house, bad=image("1.2.3"), other=image("1.9.1", study="1.9"), note=note("1.2.3"))
    with house.store.write() as tx:
        assert listed(tx) == (["S-000002"], ["S-000001"])
        now = house.time.clock.now()
        studies.add_read(tx, 1, read_at=now, now=now, source=ReadSource.COMMAND)
        assert listed(tx) == (["S-000002"], [])


def test_a_note_and_what_it_takes_back_late_reopen_no_study_that_was_read(house: House) -> None:
    """There is nothing to read; a late image that stands does reopen it."""
    arrive(house, film=image("1.2.3"))
    now = house.time.clock.now()
    with house.store.write() as tx:
        studies.add_read(tx, 1, read_at=now, now=now, source=ReadSource.COMMAND)
    arrive(house, note=note("1.2.4"), bad=image("1.2.4"))
    assert house.queued() == set()
    arrive(house, late=image("1.2.5"))
    assert live(house) == {"film", "late"}


def test_a_note_that_is_judged_again_says_nothing_twice(house: House) -> None:
    arrive(house, bad=image("1.2.3"), note=note("1.2.3"))
    with house.store.write() as tx:
        note_id = house.at("note").id
        instances.add_withdrawals(tx, note_id, [house.identity.hashed("1.2.3")], REASON, house.time.clock.now())
        rows = tx.exec_driver_sql("SELECT note_id, instance_uid FROM withdrawal").fetchall()
    assert [tuple(row) for row in rows] == [(note_id, house.identity.hashed("1.2.3"))]
