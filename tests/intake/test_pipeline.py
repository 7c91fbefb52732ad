"""Films on their way through a real store and real folders, with workers and clock turned by hand."""

from __future__ import annotations

import os

import pytest
from builders.intake import House, failed, refused, scored

from daemon.intake.hints import Hint
from db.states import State


def test_a_film_goes_its_way(house: House) -> None:
    """Seen, settling, ready, running, scored: each step stands in its history, with a time and a reason."""
    house.write("a.jpg")
    house.pass_(house.intake())
    film = house.at("a.jpg")
    assert film.state is State.SCORED
    assert film.result_id is not None
    assert film.backlog
    history = house.history(film)
    assert [line.to_state for line in history] == [
        State.SEEN,
        State.SETTLING,
        State.READY,
        State.RUNNING,
        State.SCORED,
    ]
    assert all(line.reason and "a.jpg" not in line.reason for line in history)
    house.check()


def test_refused_and_failed_films_keep_their_reason_and_their_place(house: House) -> None:
    """What is not scored is shown beside the queue, and its neighbours are scored."""
    house.judge.answers = {b"lateral": refused(), b"broken": failed()}
    for name in ("lateral", "broken", "good"):
        house.write(name, name.encode())
    house.pass_(house.intake())
    assert house.states() == {State.SCORED: 1, State.REFUSED: 1, State.FAILED: 1}
    assert (house.at("lateral").code, house.at("broken").code) == ("view", "corrupt")
    assert house.queued() == {"lateral", "broken", "good"}
    house.check()


def test_a_second_pass_scores_nothing_again(house: House) -> None:
    """Nor does a new process, nor a touched, chmodded or hard-linked file: the same content is the same arrival."""
    film = house.write("a.jpg")
    house.pass_(house.intake())
    intake = house.intake()
    os.utime(film, (0, 0))
    film.chmod(0o600)
    house.pass_(intake)
    house.pass_(intake)
    assert len(house.judge.seen) == 1
    assert len(house.arrivals()) == 1
    assert house.at("a.jpg").stamp.mtime_ns == 0
    house.check()


def test_what_came_before_the_first_scan_is_backlog_and_nothing_else(house: House) -> None:
    """A film that comes later waits by the clock."""
    intake = house.intake()
    house.write("old", b"old")
    house.pass_(intake)
    house.write("new", b"new")
    house.pass_(intake)
    assert (house.at("old").backlog, house.at("new").backlog) == (True, False)


def test_hints_about_folders_and_temporary_names_are_passed_over(house: House) -> None:
    """Nothing arrives."""
    house.write("sub/.film.jpg.X1")
    intake = house.intake()
    intake.look(next(iter(intake.roots)), [Hint("sub", closed=True), Hint("sub/.film.jpg.X1", closed=True)])
    assert house.arrivals() == []


def test_special_files_and_files_over_the_limit_fail_with_a_reason(house: House) -> None:
    """They are named, they hold nothing up, and they are not judged again when they are touched."""
    house.write("film")
    (house.incoming / "link").symlink_to(house.incoming / "film")
    os.mkfifo(house.incoming / "pipe")
    with (house.incoming / "huge").open("wb") as stream:
        stream.truncate(5 << 30)
    intake = house.intake()
    house.pass_(intake)
    codes = {name: house.at(name).code for name in ("link", "pipe", "huge")}
    assert codes == {"link": "not-a-regular-file", "pipe": "not-a-regular-file", "huge": "too-large"}
    assert house.at("film").state is State.SCORED
    os.utime(house.incoming / "pipe", (5, 5))
    house.pass_(intake)
    assert len(house.arrivals()) == 4
    house.check()


def test_names_that_are_not_utf8_are_kept_byte_for_byte(house: House) -> None:
    """Such a film is scored and found again."""
    name = os.fsdecode(b"caf\xe9\n\xff.dcm")
    house.write(name)
    intake = house.intake()
    house.pass_(intake)
    assert house.at(name).state is State.SCORED
    house.pass_(intake)
    assert len(house.arrivals()) == 1
    house.check()


def test_an_interrupted_process_loses_and_repeats_nothing(house: House) -> None:
    """A new process takes up what the killed one had in each state."""
    house.judge.holding = True
    house.capacity = 1
    for number in range(3):
        house.write(f"{number}", b"film %d" % number)
    killed = house.intake()
    house.rescan(killed)
    house.time.turn(3.0)
    killed.step()
    house.write("late", b"late")
    house.rescan(killed)
    assert house.states() == {State.RUNNING: 1, State.READY: 2, State.SETTLING: 1}
    house.judge.let_go()
    fresh = house.intake()
    assert house.states() == {State.READY: 3, State.SETTLING: 1}
    house.settle(fresh)
    assert house.states() == {State.SCORED: 4}
    assert len(house.judge.seen) == 5  # the one that was with a worker, once more
    house.check()


def test_release_gives_back_what_is_running(house: House) -> None:
    """A clean end leaves nothing RUNNING; what came out in time is kept."""
    house.judge.holding = True
    for name in ("a", "b"):
        house.write(name, name.encode())
    intake = house.taken_up()
    house.judge.held[0][2].set_result(scored())
    intake.release(grace=0.0)
    assert house.states() == {State.SCORED: 1, State.READY: 1}
    house.check()


@pytest.mark.parametrize("pending", [True, False])
def test_a_step_with_nothing_to_do_writes_nothing(house: House, pending: bool) -> None:
    """An idle daemon takes no write lock, also while a file settles."""
    house.write("a")
    intake = house.intake()
    house.rescan(intake)
    if not pending:
        house.settle(intake)
    with house.store.write():  # a second writer would wait for half a minute and then fail
        assert not intake.step()
        assert intake.busy() is pending


def test_one_film_costs_few_transactions(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Complete, taken up, recorded: three writes for a whole batch, whatever its size."""
    for number in range(4):
        house.write(f"{number}", b"%d" % number)
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    writes = 0
    begin = house.store.write

    def counted() -> object:
        nonlocal writes
        writes += 1
        return begin()

    monkeypatch.setattr(house.store, "write", counted)
    while intake.busy():
        intake.step()
    assert house.states() == {State.SCORED: 4}
    assert writes == 3
