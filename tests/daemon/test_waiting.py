"""Which urgencies an overdue study was read of last: by the urgency that a folder raises its films to."""

from __future__ import annotations

from builders.intake import House

from daemon.triage.order import Urgency
from daemon.triage.site import Department
from daemon.waiting import served_of
from db import studies
from db.states import ReadSource


def arrived(house: House, name: str, root: str) -> None:
    """A film that came after its root was looked at first, and waits since then."""
    (house.folder / root).mkdir(exist_ok=True)
    intake = house.intake(root)
    house.pass_(intake)
    house.write(name, name.encode(), root)
    house.pass_(intake)


def read(house: House, name: str, root: str) -> None:
    study_id, now = house.at(name, root).study_id, house.time.clock.now()
    assert study_id is not None
    with house.store.write() as tx:
        studies.add_read(tx, study_id, read_at=now, now=now, source=ReadSource.COMMAND)


def served(house: House, department: Department) -> set[Urgency]:
    with house.store.read() as tx:
        return set(served_of(tx, department))


def test_a_study_of_a_folder_that_raises_counts_as_what_it_was_raised_to(house: House) -> None:
    """After three hours an urgent film is overdue, and a routine one is not; the newest read of each urgency counts."""
    raising = Department(urgencies={str(house.folder / "emergency"): Urgency.URGENT})
    arrived(house, "a", "emergency")
    arrived(house, "b", "incoming")
    assert served(house, raising) == set()
    house.time.turn(3 * 3600)
    read(house, "a", "emergency")
    assert served(house, raising) == {Urgency.URGENT}
    assert served(house, Department()) == set()
    read(house, "b", "incoming")  # of another urgency: it changes nothing for the urgent ones
    assert served(house, raising) == {Urgency.URGENT}
    arrived(house, "c", "emergency")
    read(house, "c", "emergency")  # at once: an overdue one is no longer the last
    assert served(house, raising) == set()


def test_an_overdue_routine_study_counts_where_no_folder_raises(house: House) -> None:
    arrived(house, "a", "incoming")
    house.time.turn(9 * 3600)
    read(house, "a", "incoming")
    assert served(house, Department()) == {Urgency.ROUTINE}
