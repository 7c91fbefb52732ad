"""Faults on the way: files that cannot be read, workers that die, a pool that breaks, a store that does not answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders.intake import House
from pebble import ProcessExpired

from daemon.errors import DaemonError
from daemon.intake import bench
from daemon.intake.bench import STUCK
from daemon.intake.hints import Hint
from daemon.intake.programs import Watch, scan
from daemon.intake.reading import Content, ReadProblem, Unread, read_file
from daemon.intake.worker import Outcome
from daemon.intake.workers import PoolBroke, WorkerDied, outcome_of
from db import blind
from db.errors import StoreError
from db.states import State


class Disk:
    """Reads real files, but for those that are told to fail."""

    def __init__(self) -> None:
        self.problems: dict[str, ReadProblem] = {}
        self.reads = 0

    def read(self, path: Path) -> Content | Unread:
        self.reads += 1
        problem = self.problems.get(path.name)
        return read_file(path) if problem is None else Unread(problem, "the disk says no")


@pytest.fixture
def disk(house: House) -> Disk:
    disk = Disk()
    house.read = disk.read
    return disk


def film(house: House, name: str) -> None:
    (house.incoming / name).write_bytes(name.encode())


@pytest.mark.parametrize(("problem", "attempts"), [(ReadProblem.UNREADABLE, 4), (ReadProblem.IO_ERROR, 8)])
def test_an_unreadable_file_is_tried_again_and_then_fails(
    house: House, disk: Disk, problem: ReadProblem, attempts: int
) -> None:
    """With a pause that doubles; a scan sees it through, and its neighbours do not wait for it."""
    disk.problems["a"] = problem
    film(house, "a")
    film(house, "b")
    intake = house.taken_up()
    intake.step()
    assert (house.at("a").state, house.at("b").state) == (State.READY, State.SCORED)
    house.settle(intake, limit=2000)
    assert disk.reads == attempts + 1
    assert (house.at("a").state, house.at("a").code, house.at("a").sha256) == (State.FAILED, problem.value, None)
    waits = [line for line in house.history(house.at("a")) if line.reason == "to be tried again later"]
    assert len(waits) == attempts - 1
    house.check()


def test_an_error_that_passes_costs_nothing(house: House, disk: Disk) -> None:
    """Once it can be read, the film is scored like any other."""
    disk.problems["a"] = ReadProblem.IO_ERROR
    film(house, "a")
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    for _ in range(4):
        intake.step()
        house.time.turn(1.0)
    disk.problems.clear()
    house.settle(intake)
    assert (house.at("a").state, house.at("a").code, house.at("a").message) == (State.SCORED, None, None)
    house.check()


def test_a_failed_read_that_is_mended_is_taken_up_by_the_next_rescan(house: House, disk: Disk) -> None:
    """A changed permission changes the stamp, and the content is new to us."""
    disk.problems["a"] = ReadProblem.UNREADABLE
    film(house, "a")
    intake = house.intake()
    house.pass_(intake)
    (house.incoming / "a").chmod(0o600)
    house.pass_(intake)
    assert len(house.arrivals()) == 1  # it cannot be read still
    disk.problems.clear()
    (house.incoming / "a").chmod(0o640)
    house.pass_(intake)
    assert house.at("a").state is State.SCORED
    house.check()


def test_a_scored_film_that_cannot_be_read_any_more_keeps_its_score(house: House, disk: Disk) -> None:
    """Nothing is known to have changed."""
    film(house, "a")
    intake = house.intake()
    house.pass_(intake)
    disk.problems["a"] = ReadProblem.UNREADABLE
    (house.incoming / "a").chmod(0o600)
    house.pass_(intake)
    assert house.states() == {State.SCORED: 1}


def expired() -> BaseException:
    return ProcessExpired("gone", code=-9)


def test_a_film_is_blamed_only_for_a_death_it_caused_alone(house: House) -> None:
    """It is tried twice with others and once with the pool to itself; then it fails, and it alone."""
    house.judge.answers[b"bomb"] = expired()
    for name in ("bomb", "a", "b", "c", "d", "e"):
        film(house, name)
    intake = house.intake()
    house.pass_(intake)
    assert house.judge.seen.count(b"bomb") == 3
    assert house.states() == {State.SCORED: 5, State.FAILED: 1}
    assert house.at("bomb").code == "worker-died"
    house.check()


def test_a_suspect_goes_alone_and_the_others_wait(house: House) -> None:
    """Its third attempt begins when every other film has landed, and no other begins before it has ended."""
    house.judge.answers[b"bomb"] = expired()
    film(house, "bomb")
    intake = house.taken_up()
    house.judge.holding = True
    for name in ("a", "b"):
        film(house, name)
        intake.look(next(iter(intake.roots)), [Hint(name, closed=True)])
    intake.step()
    running = {arrival.path for arrival in house.arrivals() if arrival.state is State.RUNNING}
    assert running == {"bomb", "a", "b"}  # the second attempt, in company
    house.judge.held[0][2].set_exception(expired())
    del house.judge.held[0]
    intake.step()
    assert house.at("bomb").state is State.READY  # the others are in the air
    house.judge.let_go()
    house.judge.holding = True
    film(house, "c")
    intake.look(next(iter(intake.roots)), [Hint("c", closed=True)])
    intake.step()
    assert (house.at("bomb").state, house.at("c").state) == (State.RUNNING, State.READY)
    intake.step()
    assert intake.in_flight == 1
    house.judge.let_go()
    house.settle(intake)
    assert house.states() == {State.SCORED: 3, State.FAILED: 1}
    house.check()


def test_an_innocent_film_survives_two_deaths(house: House) -> None:
    """Somebody killed its workers; it is scored, and says nothing of it."""
    house.judge.answers[b"a"] = expired()
    film(house, "a")
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    while house.at("a").attempts < 1:  # by then the second worker is dead too
        intake.step()
    house.judge.answers.clear()
    house.settle(intake)
    assert (house.at("a").state, house.at("a").code) == (State.SCORED, None)


def test_trouble_with_reading_is_not_counted_as_deaths(house: House, disk: Disk) -> None:
    """Two failed reads and one killed worker do not make a culprit."""
    disk.problems["a"] = ReadProblem.UNREADABLE
    house.judge.answers[b"a"] = expired()
    film(house, "a")
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    while house.at("a").attempts < 3:
        if not intake.step():
            house.time.turn(0.5)
    disk.problems.clear()
    while not house.judge.seen:
        if not intake.step():
            house.time.turn(0.5)
    intake.step()
    house.judge.answers.clear()
    house.settle(intake)
    assert house.states() == {State.SCORED: 1}


def test_a_pool_that_breaks_blames_nobody(house: House) -> None:
    """It is started afresh, and every film it had is taken up again."""
    house.judge.holding = True
    for name in ("a", "b"):
        film(house, name)
    intake = house.taken_up()
    house.judge.held[0][2].set_exception(BrokenProcessPool("all workers expired"))
    intake.step()
    assert house.judge.restarts == 1
    house.judge.let_go()
    house.settle(intake)
    assert house.states() == {State.SCORED: 2}
    assert all(arrival.attempts == 0 for arrival in house.arrivals())
    house.check()


def test_a_pool_that_hangs_is_started_afresh(house: House) -> None:
    """A worker that was killed at the wrong moment can hold a lock for ever."""
    house.judge.holding = True
    film(house, "a")
    intake = house.taken_up()
    house.time.turn(STUCK - 1)
    intake.step()
    assert house.judge.restarts == 0
    house.time.turn(2)
    intake.step()
    assert house.judge.restarts == 1
    house.judge.let_go()
    house.settle(intake)
    assert house.states() == {State.SCORED: 1}


def test_a_pool_that_never_works_ends_the_intake_and_fails_no_film(house: House) -> None:
    """An error that says so, and every film pending."""
    house.judge.answers = {b"a": BrokenProcessPool("no"), b"b": BrokenProcessPool("no")}
    for name in ("a", "b"):
        film(house, name)
    intake = house.intake()
    with pytest.raises(DaemonError, match="cannot start the workers"):
        house.pass_(intake)
    intake.release(grace=0.0)
    assert house.states() == {State.READY: 2}
    house.check()


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (TimeoutError("late"), WorkerDied),
        (ProcessExpired("gone", code=-11), WorkerDied),
        (BrokenProcessPool("broken"), PoolBroke),
        (CancelledError(), PoolBroke),
        (ValueError("/srv/incoming/name"), WorkerDied),
    ],
)
def test_whatever_a_future_raises_becomes_a_value_without_its_text(raised: Exception, kind: type) -> None:
    """No error of a worker can end the daemon, and no text of one reaches the history."""
    future: Future[Outcome] = Future()
    future.set_exception(raised)
    landed = outcome_of(future)
    assert isinstance(landed, kind)
    assert "/srv" not in repr(landed)


class Store:
    """The real store, but for the times when it does not answer."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self._write = house.store.write
        self.silent: bool | str = False
        monkeypatch.setattr(house.store, "write", self.write)

    @contextlib.contextmanager
    def write(self) -> Iterator[object]:
        if self.silent == "at the end":
            with self._write() as tx:
                yield tx
                raise StoreError("write to the database", None, "the disk is full", "make room")
        if self.silent:
            raise StoreError("write to the database", None, "the disk is full", "make room")
        with self._write() as tx:
            yield tx


@pytest.mark.parametrize("how", ["at the beginning", "at the end"])
@pytest.mark.parametrize("step", range(6))
def test_after_an_outage_of_the_store_recover_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch, how: str, step: int
) -> None:
    """At whatever step it comes: nothing is lost, nothing hangs, nothing happens twice."""
    store = Store(house, monkeypatch)
    for name in ("a", "b", "c"):
        film(house, name)
    intake = house.intake()
    for turn in range(6):
        store.silent = how if turn == step else False
        with contextlib.suppress(StoreError):
            house.rescan(intake)
        with contextlib.suppress(StoreError):
            intake.step()
        house.time.turn(1.5)
        if store.silent:
            store.silent = False
            intake.recover()
    house.pass_(intake)
    assert house.states() == {State.SCORED: 3}
    house.check()


def test_recover_forgets_what_the_workers_had(house: House) -> None:
    """The film is given to them once more; what the first of the two answers is not taken for the second's."""
    house.judge.holding = True
    film(house, "a")
    intake = house.taken_up()
    intake.recover()
    assert intake.in_flight == 0
    assert house.states() == {State.READY: 1}
    house.judge.let_go()
    house.settle(intake)
    assert house.states() == {State.SCORED: 1}
    house.check()


def test_the_daemon_waits_for_the_store_and_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line when it stops taking films in, one when it goes on, the service manager told all the time; no name."""
    store = Store(house, monkeypatch)
    intake = house.intake()
    turns, alive = 0, 0

    def stop() -> bool:
        nonlocal turns
        turns += 1
        house.time.turn(1.0)
        if turns == 3:
            store.silent = "at the beginning"
            film(house, "patient-name.dcm")
        if turns == 40:
            store.silent = False
        return house.states().get(State.SCORED) == 1 or turns > 2000

    def tell() -> None:
        nonlocal alive
        alive += 1

    monkeypatch.setattr(intake, "wait", lambda seconds: None)
    said: list[str] = []
    Watch(intake, lambda: None, tell, said.append).run(stop, lambda: None)
    assert house.states() == {State.SCORED: 1}
    assert [text.split(":")[0] for text in said] == ["intake waits", "watching"]
    with house.store.read() as tx:
        (span,) = blind.spans(tx, datetime.min.replace(tzinfo=UTC), house.time.clock.now())
    assert span.cause == "the store did not answer"
    messages = [record.getMessage() for record in caplog.records]
    assert messages.count("intake waits, the store does not answer") == 1
    assert alive > 3
    assert all("patient-name" not in str(vars(record)) for record in caplog.records)
    house.check()


def test_what_an_outage_swallowed_is_found_by_a_rescan(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hint is lost with the transaction it was for; the daemon does not wait for the next period."""
    intake = house.intake(rescan=1e9)
    look, swallowed, turns = intake.look, 0, 0

    def forgetful(root_id: int, hints: Iterable[Hint]) -> None:
        nonlocal swallowed
        swallowed += 1
        if swallowed == 1:
            raise StoreError("write to the database", None, "the disk is full", "make room")
        look(root_id, hints)

    def stop() -> bool:
        nonlocal turns
        turns += 1
        house.time.turn(1.0)
        return house.states().get(State.SCORED) == 1 or turns > 400

    monkeypatch.setattr(intake, "look", forgetful)
    Watch(intake, lambda: None).run(stop, lambda: film(house, "a"))
    assert swallowed >= 1
    assert house.states() == {State.SCORED: 1}


def test_a_scan_that_meets_a_missing_folder_does_the_others(house: House) -> None:
    """And says which one it was."""
    (house.folder / "other").mkdir()
    film(house, "a")
    intake = house.intake("other", "incoming")
    (house.folder / "other").rmdir()

    def progress() -> None:
        house.time.turn(0.5)

    failed = scan(intake, lambda: False, progress)
    assert [Path(error.path or "").name for error in failed] == ["other"]
    assert house.states() == {State.SCORED: 1}


def test_a_scan_whose_folder_goes_away_ends_and_says_so(house: House) -> None:
    """It does not wait for ever, and its films stay pending."""
    film(house, "a")
    intake = house.intake()
    steps = 0

    def progress() -> None:
        nonlocal steps
        steps += 1
        if steps == 1:
            house.incoming.rename(house.folder / "unplugged")
        house.time.turn(1.0)

    (error,) = scan(intake, lambda: False, progress)
    assert error.cause == "it went away"
    assert house.states() == {State.SETTLING: 1}


def test_a_scan_that_is_stopped_goes_on_later(house: House) -> None:
    """What was noted is there, and the next pass sees it through."""
    film(house, "a")
    intake = house.intake()
    assert scan(intake, lambda: True, lambda: None) == []
    intake.release(grace=0.0)
    assert house.states() == {State.SETTLING: 1}
    house.pass_(house.intake())
    assert house.states() == {State.SCORED: 1}
    house.check()


def test_a_shortage_of_this_machine_is_never_a_films_fault(house: House, disk: Disk) -> None:
    """However long it lasts: it is tried again and again, and keeps no code."""
    disk.problems["a"] = ReadProblem.SHORTAGE
    film(house, "a")
    intake = house.intake()
    house.rescan(intake)
    for _ in range(200):
        house.time.turn(5.0)
        intake.step()
    assert (house.at("a").state, house.at("a").code, house.at("a").attempts) == (State.READY, None, 0)
    disk.problems.clear()
    house.settle(intake)
    assert house.states() == {State.SCORED: 1}


def test_a_clock_that_is_stepped_back_keeps_no_film_waiting(house: House, disk: Disk) -> None:
    """A time that is further away than any pause was written before the step."""
    disk.problems["a"] = ReadProblem.UNREADABLE
    film(house, "a")
    intake = house.taken_up()
    intake.step()
    assert house.at("a").not_before is not None
    disk.problems.clear()
    house.time.step_back(3600.0)
    assert intake.step()
    house.settle(intake)
    assert house.states() == {State.SCORED: 1}


def test_large_films_go_to_the_workers_a_few_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory that they take in the main process is bounded; one over the bound goes alone."""
    monkeypatch.setattr(bench, "IN_FLIGHT", 25)
    house.judge.holding = True
    for name, size in {"a": 10, "b": 10, "c": 10, "d": 40, "e": 1}.items():
        (house.incoming / name).write_bytes(name.encode() * size)
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    groups = []
    while not groups or sum(map(len, groups)) < 5:
        while intake.step():
            pass
        groups.append([len(data) for data, _, _ in house.judge.held])
        house.judge.let_go()
        house.judge.holding = True
    assert groups == [[10, 10], [10], [40], [1]]
    house.settle(intake)
    assert house.states() == {State.SCORED: 5}


def test_a_film_that_breaks_a_working_pool_is_found_and_its_neighbours_are_not_blamed(house: House) -> None:
    """It would stop the daemon again and again: with a pool that works, each goes alone until the one is known."""
    house.judge.proven = True
    house.capacity = 8
    house.judge.answers[b"bad"] = BrokenProcessPool("rubbish came back")
    for name in ("a", "bad", "c", "d"):
        film(house, name)
    house.pass_(house.intake())
    assert (house.at("bad").state, house.at("bad").code) == (State.FAILED, "worker-failed")
    assert house.states() == {State.SCORED: 3, State.FAILED: 1}
