"""Files that grow, change, are replaced or removed at every point of their way."""

from __future__ import annotations

from builders.intake import House, failed

from daemon.intake.hints import Hint
from db.states import State


def test_a_growing_file_is_not_read(house: House) -> None:
    """Its window begins anew with each change; it is read once, whole."""
    film = house.write("a.jpg", b"f")
    intake = house.intake()
    house.rescan(intake)
    for _ in range(5):
        house.time.turn(1.5)
        intake.step()
        with film.open("ab") as stream:
            stream.write(b"f")
        house.rescan(intake)
    assert house.judge.seen == []
    house.settle(intake)
    assert house.judge.seen == [b"ffffff"]


def test_a_file_that_changes_between_window_and_look_waits_on(house: House) -> None:
    """The last look before it is called complete finds the change that no rescan saw."""
    film = house.write("a.jpg", b"f")
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(2.0)
    film.write_bytes(b"film")
    intake.step()
    assert house.at("a.jpg").state is State.SETTLING
    assert house.judge.seen == []
    house.settle(intake)
    assert house.judge.seen == [b"film"]


def test_a_ready_file_that_changes_settles_again(house: House) -> None:
    """It is not read in the middle of a second copy."""
    house.judge.holding = True
    house.capacity = 1
    house.write("a", b"first")
    film = house.write("b", b"x")
    intake = house.taken_up()
    assert house.at("b").state is State.READY
    film.write_bytes(b"second")
    house.rescan(intake)
    assert house.at("b").state is State.SETTLING
    house.judge.let_go()
    house.settle(intake)
    assert house.judge.seen == [b"first", b"second"]
    house.check()


def test_a_truncated_file_that_grew_meanwhile_settles_again(house: House) -> None:
    """A copy that paused is no broken film."""
    house.judge.answers[b"half"] = failed("truncated")
    house.judge.holding = True
    film = house.write("a.jpg", b"half")
    intake = house.taken_up()
    film.write_bytes(b"half and half")
    house.judge.let_go()
    house.settle(intake)
    assert house.states() == {State.SCORED: 1}
    assert house.at("a.jpg").generation == 1
    house.check()


def test_a_truncated_file_that_stays_so_fails(house: House) -> None:
    """It is named, not waited for."""
    house.judge.answers[b"half"] = failed("truncated")
    house.write("a.jpg", b"half")
    house.pass_(house.intake())
    assert house.at("a.jpg").code == "truncated"


def test_a_file_that_never_keeps_still_does_not_hold_a_scan_up(house: House) -> None:
    """After a quarter of an hour it is read as it is."""
    log = house.write("growing.log", b"x")
    house.write("film")
    intake = house.intake()
    house.rescan(intake)
    for _ in range(2000):
        with log.open("ab") as stream:
            stream.write(b"x")
        if not intake.step():
            house.time.turn(20.0)
        if not intake.busy():
            break
    assert not intake.busy()
    assert house.states() == {State.SCORED: 2}
    house.check()


def test_a_closed_file_is_taken_at_once(house: House) -> None:
    """An event that says so spares the window; an empty file is one that a copy begins with, and waits."""
    intake = house.intake()
    house.rescan(intake)
    house.write("whole", b"film")
    house.write("empty", b"")
    root_id = next(iter(intake.roots))
    intake.look(root_id, [Hint("whole", closed=True), Hint("empty", closed=True), Hint("gone", closed=True)])
    assert house.at("whole").state is State.READY
    assert house.at("empty").state is State.SETTLING
    assert not house.at("whole").backlog
    house.settle(intake)
    house.check()


def test_other_content_under_the_same_name_supersedes(house: House) -> None:
    """A new generation arrives and is scored; the old one is kept, and leaves the queue."""
    film = house.write("a.jpg", b"first")
    intake = house.intake()
    house.pass_(intake)
    film.write_bytes(b"second")
    house.pass_(intake)
    old, new = house.arrivals()
    assert (old.state, new.state, new.generation) == (State.SUPERSEDED, State.SCORED, 2)
    assert old.superseded_by == new.id
    assert house.judge.seen == [b"first", b"second"]
    house.check()


def test_a_replacement_that_is_still_being_written_settles_first(house: House) -> None:
    """It changed after it was noticed: the new arrival waits for its own window."""
    film = house.write("a.jpg", b"first")
    intake = house.intake()
    house.pass_(intake)
    film.write_bytes(b"sec")
    house.rescan(intake)
    house.time.turn(3.0)
    film.write_bytes(b"second")
    intake.step()
    assert house.at("a.jpg").generation == 2
    assert house.at("a.jpg").state is State.SETTLING
    house.settle(intake)
    assert house.judge.seen == [b"first", b"second"]
    house.check()


def test_a_film_replaced_while_a_worker_has_it_is_seen_afterwards(house: House) -> None:
    """The rescan in between must not take the new file's looks for those of the bytes that were read."""
    house.judge.holding = True
    film = house.write("a.jpg", b"first")
    intake = house.taken_up()
    film.write_bytes(b"second")
    house.rescan(intake)
    house.judge.let_go()
    house.settle(intake)
    house.pass_(intake)
    assert house.judge.seen == [b"first", b"second"]
    assert house.states() == {State.SCORED: 1, State.SUPERSEDED: 1}
    house.check()


def test_a_film_removed_while_a_worker_has_it_keeps_its_score(house: House) -> None:
    """It is scored, and the next rescan notes that the file is gone."""
    house.judge.holding = True
    film = house.write("a.jpg")
    intake = house.taken_up()
    film.unlink()
    house.rescan(intake)
    house.judge.let_go()
    house.settle(intake)
    house.pass_(intake)
    assert house.at("a.jpg").state is State.SCORED
    assert house.at("a.jpg").removed_at is not None
    assert house.queued() == {"a.jpg"}
    house.check()


def test_a_film_removed_before_it_was_read_has_vanished_and_may_come_again(house: House) -> None:
    """Found by the rescan, by the last look, or by the read; back again, it is a new arrival."""
    for name in ("rescan", "look"):
        house.write(name, name.encode())
    intake = house.intake()
    house.rescan(intake)
    (house.incoming / "rescan").unlink()
    house.rescan(intake)
    (house.incoming / "look").unlink()
    house.settle(intake)
    read = house.write("read", b"read")
    house.rescan(intake)
    intake.look(next(iter(intake.roots)), [Hint("read", closed=True)])
    read.unlink()
    house.settle(intake)
    assert house.states() == {State.VANISHED: 3}
    assert house.judge.seen == []
    house.write("look", b"look")
    house.pass_(intake)
    assert (house.at("look").state, house.at("look").generation) == (State.SCORED, 2)
    house.check()


def test_a_removed_film_that_comes_back_is_the_same_arrival(house: House) -> None:
    """Also with another inode, as after a restore."""
    film = house.write("a.jpg")
    intake = house.intake()
    house.pass_(intake)
    film.unlink()
    house.pass_(intake)
    assert house.at("a.jpg").removed_at is not None
    film.write_bytes(b"film")
    house.pass_(intake)
    assert house.at("a.jpg").removed_at is None
    assert len(house.arrivals()) == len(house.judge.seen) == 1
    house.check()
