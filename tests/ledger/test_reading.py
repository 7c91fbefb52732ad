"""What the ledger takes out of the store: studies that somebody read, each once, blind ones without their band."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from builders.bundles import tiny_document
from builders.intake import House
from builders.schemas import faults

from daemon.ledger.document import ledger_document, ledger_of
from daemon.ledger.moves import Reading
from daemon.ledger.reading import readings_of
from daemon.triage.site import Department
from db import blind_cases, studies
from db.states import ReadSource, Verdict

LONG = timedelta(days=400)


def ward(house: House, *names: str) -> None:
    """Films that came one minute after the other."""
    intake = house.intake()
    house.pass_(intake)  # what lies there at the first look is backlog
    with house.store.write() as tx:
        tx.exec_driver_sql("UPDATE bundle SET document = ?", (json.dumps(tiny_document()),))
    for name in names:
        house.time.turn(60)
        house.write(name, name.encode())
        house.pass_(intake)


def read(house: House, name: str, source: ReadSource = ReadSource.COMMAND) -> datetime:
    """Somebody read it, a minute later."""
    house.time.turn(60)
    now = house.time.clock.now()
    study_id = house.at(name).study_id
    assert study_id is not None
    with house.store.write() as tx:
        studies.add_read(tx, study_id, read_at=now, now=now, source=source)
    return now


def found(house: House, start: datetime | None = None) -> dict[str, Reading]:
    """By the last letter of the study's key."""
    now = house.time.clock.now()
    with house.store.read() as tx:
        readings = readings_of(tx, Department(), start or now - LONG, now + timedelta(seconds=1))
    return {reading.study[-1]: reading for reading in readings}


def test_what_was_read_is_there_once_and_what_expired_is_not(house: House) -> None:
    """By its first reading; a study that nobody read, or that left the list without a reader, is in no ledger."""
    ward(house, "a", "b", "c", "d")
    first = read(house, "b")
    read(house, "b")
    read(house, "a")
    read(house, "c", ReadSource.EXPIRED)
    readings = found(house)
    assert {reading.study for reading in readings.values()} == {"S-000001", "S-000002"}
    assert readings["2"].read_at == first
    ledger = ledger_of(readings.values(), first, first + LONG)
    assert [(move.reading.study[-1], move.places) for move in ledger.moves] == [("2", 1), ("1", -1)]
    assert faults("ledger-1", {"schema": 1, **ledger_document(ledger)}) == []


def test_a_reading_belongs_to_the_night_in_which_it_was(house: House) -> None:
    ward(house, "a", "b")
    read(house, "a")
    house.time.turn(3600)
    night = house.time.clock.now()
    read(house, "b")
    assert set(found(house, night)) == {"2"}


def test_backlog_is_no_bodys_gain(house: House) -> None:
    """It waited before anybody ordered anything."""
    house.write("a", b"a")
    house.pass_(house.intake())
    with house.store.write() as tx:
        tx.exec_driver_sql("UPDATE bundle SET document = ?", (json.dumps(tiny_document()),))
    read(house, "a")
    assert found(house) == {}


def test_a_blind_case_has_no_band_before_and_after_its_verdict(house: House) -> None:
    """No score gave it its place, and none may be told before."""
    ward(house, "a", "b")
    film = house.at("a")
    assert film.study_id is not None
    now = house.time.clock.now()
    with house.store.write() as tx:
        blind_cases.add(tx, film.study_id, film.id, band="first", share=0.5, every_band=True, now=now)
    read(house, "a")
    read(house, "b")
    assert found(house)["1"].band is None
    with house.store.write() as tx:
        studies.add_review(tx, film.study_id, Verdict.NOT, by=None, note=None, now=house.time.clock.now())
    assert found(house)["1"].band is None
    assert found(house)["2"].band is not None
