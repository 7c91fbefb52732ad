"""Several roots, folders that are moved in and out, and roots that go away and come back."""

from __future__ import annotations

import os

import pytest
from builders.intake import House

from daemon.intake.hints import Hint
from db import arrivals, roots
from db.states import State


def test_a_folder_moved_into_the_root_brings_its_films(house: House) -> None:
    """And a folder that is moved out leaves their scores."""
    aside = house.folder / "study"
    (aside / "series").mkdir(parents=True)
    for number in range(3):
        (aside / "series" / f"{number}.dcm").write_bytes(b"film %d" % number)
    intake = house.intake()
    house.pass_(intake)
    aside.rename(house.incoming / "study")
    house.pass_(intake)
    assert house.states() == {State.SCORED: 3}
    (house.incoming / "study").rename(aside)
    house.pass_(intake)
    assert all(arrival.removed_at is not None for arrival in house.arrivals())
    assert len(house.queued()) == 3
    house.check()


def test_a_root_that_is_gone_takes_no_film_with_it(house: House) -> None:
    """Its films stay as they are, pending ones too; they are taken up again when it is back."""
    house.write("done", b"done")
    intake = house.intake()
    house.pass_(intake)
    house.write("ready", b"ready")
    house.rescan(intake)
    house.time.turn(3.0)
    house.incoming.rename(house.folder / "unplugged")
    house.settle(intake)
    assert (house.at("done").state, house.at("ready").state) == (State.SCORED, State.SETTLING)
    assert not intake.busy()
    assert len(intake.lost()) == 1
    (house.folder / "unplugged").rename(house.incoming)
    house.pass_(intake)
    assert intake.lost() == {}
    assert house.states() == {State.SCORED: 2}
    house.check()


def test_a_root_that_goes_before_the_read_takes_no_film_with_it(house: House) -> None:
    """A READY film whose whole root is missing stays READY, and is taken up when the root is back."""
    house.write("film")
    intake = house.intake()
    house.rescan(intake)
    intake.look(next(iter(intake.roots)), [Hint("film", closed=True)])
    house.incoming.rename(house.folder / "unplugged")
    assert not intake.step()
    assert not intake.busy()
    assert house.at("film").state is State.READY
    (house.folder / "unplugged").rename(house.incoming)
    house.pass_(intake)
    assert house.states() == {State.SCORED: 1}
    assert house.at("film").generation == 1
    house.check()


@pytest.mark.parametrize("state", [State.SETTLING, State.READY, State.SCORED])
def test_an_empty_folder_in_place_of_a_root_takes_no_film_with_it(house: House, state: State) -> None:
    """A share that is unmounted leaves its mount point: the folder is there, and it is another one."""
    film = house.write("film")
    intake = house.intake()
    house.rescan(intake)
    if state is State.READY:
        intake.look(next(iter(intake.roots)), [Hint("film", closed=True)])
    if state is State.SCORED:
        house.settle(intake)
        os.utime(film, (1, 1))
        house.rescan(intake)  # a doubt is open
    house.incoming.rename(house.folder / "unmounted")
    house.incoming.mkdir()
    for _ in range(5):
        house.time.turn(1.0)
        intake.step()
    assert (house.at("film").state, house.at("film").removed_at) == (state, None)
    house.incoming.rmdir()
    (house.folder / "unmounted").rename(house.incoming)
    house.pass_(intake)
    assert house.states() == {State.SCORED: 1}
    house.check()


def test_a_copy_of_a_film_below_an_absent_root_is_its_duplicate(house: House) -> None:
    """A root that is away has not lost its films: the copy must not take their place."""
    (house.folder / "other").mkdir()
    house.write("a", root="other")
    house.pass_(house.intake("incoming", "other"))
    (house.folder / "other").rename(house.folder / "unplugged")
    house.write("b")
    house.pass_(house.intake())
    assert house.at("b").state is State.DUPLICATE
    assert house.at("a", "other").removed_at is None


def test_pending_films_of_other_roots_do_not_hold_a_scan_up(house: House) -> None:
    """However many wait there, and they stay pending."""
    (house.folder / "other").mkdir()
    for number in range(12):
        house.write(f"{number}", b"other %d" % number, root="other")
    house.judge.holding = True
    stopped = house.intake("other")
    house.rescan(stopped)
    house.time.turn(3.0)
    stopped.step()
    stopped.release(grace=0.0)
    house.judge.let_go()
    house.write("mine", b"mine")
    house.pass_(house.intake())
    assert house.at("mine").state is State.SCORED
    assert house.states() == {State.SCORED: 1, State.READY: 12}
    house.pass_(house.intake("other"))
    assert house.states() == {State.SCORED: 13}
    house.check()


def test_every_root_is_told_apart(house: House) -> None:
    """The same relative path in two roots is two arrivals; an absent root does not disturb the other."""
    (house.folder / "other").mkdir()
    house.write("a", b"one")
    house.write("a", b"two", root="other")
    intake = house.intake("incoming", "other")
    house.pass_(intake)
    assert house.states() == {State.SCORED: 2}
    with house.store.read() as tx:
        assert [len(arrivals.current(tx, root.id)) for root in roots.roots(tx)] == [1, 1]
    house.check()
