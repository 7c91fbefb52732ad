"""The real pool with a real, tiny model: outcomes, bombs, deaths, deadlines."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from builders.bundles import of_format_1, policies, tiny_bundle
from builders.dicom import dicom
from builders.films import grey_film, jpeg, png_header
from builders.intake import House, RealTime

from daemon.intake.worker import Outcome, Verdict
from daemon.intake.workers import PoolBroke, WorkerDied, WorkerPool, outcome_of
from db.states import State
from models.bundle import Bundle, read_bundle
from models.population import Population

FILM = jpeg(grey_film())


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return read_bundle(tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny"))


@pytest.fixture(scope="module")
def pool(bundle: Bundle) -> Iterator[WorkerPool]:
    with WorkerPool(bundle, 1) as pool:
        yield pool


def landed(future: Future[Outcome]) -> Outcome:
    outcome = outcome_of(future)
    assert isinstance(outcome, Outcome), outcome
    return outcome


def worker_of(pool: WorkerPool) -> int:
    """The process that serves this pool of one."""
    (pid,) = pool._pool._pool_manager.worker_manager.workers
    return int(pid)


def test_films_are_scored_refused_and_failed(pool: WorkerPool) -> None:
    """With what the file says of itself; an age wins over what the folder's owner declared."""
    plain = landed(pool.submit(FILM, Population.CHILDREN))
    assert plain.verdict is Verdict.SCORED
    assert plain.map is not None
    assert plain.logit == pytest.approx(float(plain.map.mean()))
    assert (plain.facts.format, plain.facts.population, plain.facts.tier) == ("jpeg", "children", "untagged")
    tagged = landed(pool.submit(dicom(age="045Y"), Population.CHILDREN))
    assert (tagged.facts.population, tagged.facts.accession) == ("adults", "A0001")
    lateral = landed(pool.submit(dicom(view="LATERAL"), None))
    assert (lateral.verdict, lateral.code, lateral.logit) == (Verdict.REFUSED, "view", None)
    for data, code in ((b"", "empty"), (b"hello", "unknown-format"), (FILM[: len(FILM) // 2], "truncated")):
        broken = landed(pool.submit(data, None))
        assert (broken.verdict, broken.code) == (Verdict.FAILED, code)
        assert broken.message


OUTSIDE = policies(children="banded", between="ordered")
POINT = {"threshold": 0.0, "first_threshold": 1.0, "calibration": {"slope": 1.0, "intercept": 0.0, "prevalence": 0.5}}


def test_a_film_of_a_population_that_is_outside_is_refused_by_its_header(tmp_path: Path) -> None:
    """Whatever its picture holds, for it is not decoded; by the age, else by what the folder's owner declared."""
    bundle = read_bundle(tiny_bundle(tmp_path / "b", populations={"children": POINT}, policies=OUTSIDE))
    broken = dicom(age="045Y")[:-1000]
    films = {
        (broken, None): "population",
        (dicom(age="045Y"), Population.CHILDREN): "population",
        (dicom(age="005M"), None): "population",
        (dicom(age="045Y", view="LATERAL"), None): "view",
        (FILM, Population.ADULTS): "population",
        (FILM, None): None,
        (FILM, Population.CHILDREN): None,
        (dicom(age="003Y"), Population.ADULTS): None,
        (dicom(age="010Y"), None): None,
    }
    with WorkerPool(bundle, 1) as pool:
        for (data, declared), code in films.items():
            outcome = landed(pool.submit(data, declared))
            assert (outcome.verdict, outcome.code) == (Verdict.REFUSED if code else Verdict.SCORED, code)
            if code == "population":
                assert outcome.message is not None
                assert "the test says outside of" in outcome.message
                assert outcome.message.endswith("; read it normally")


def test_a_bundle_of_format_1_refuses_nobody_by_age(tmp_path: Path) -> None:
    """It never stated whom it is for."""
    bundle = read_bundle(of_format_1(tiny_bundle(tmp_path / "b", populations={"children": POINT})))
    with WorkerPool(bundle, 1) as pool:
        for age in ("045Y", "010Y", "005M"):
            assert landed(pool.submit(dicom(age=age), None)).verdict is Verdict.SCORED


def test_the_same_film_has_the_same_score(pool: WorkerPool) -> None:
    """To the last bit, and a cloudier one has a higher one."""
    first, again = (landed(pool.submit(FILM, None)).logit for _ in range(2))
    cloudy = landed(pool.submit(jpeg(grey_film(opacity=0.9)), None)).logit
    assert first == again
    assert first is not None
    assert cloudy is not None
    assert cloudy > first


def test_a_bomb_costs_its_film_only(pool: WorkerPool) -> None:
    """A header that asks for gigabytes fails with a code, and the same worker scores the next film."""
    landed(pool.submit(FILM, None))
    worker = worker_of(pool)
    bomb = landed(pool.submit(png_header(60_000, 60_000), None))
    assert bomb.verdict is Verdict.FAILED
    assert bomb.code == "too-many-pixels"
    assert landed(pool.submit(FILM, None)).verdict is Verdict.SCORED
    assert worker_of(pool) == worker


def test_a_worker_cannot_take_more_memory_than_its_limit(pool: WorkerPool) -> None:
    """Whatever a decoder asks for; and it leaves no core dump, which would hold patient data."""
    with pytest.raises(MemoryError):
        pool._pool.schedule(_take_memory, args=[]).result()
    assert landed(pool.submit(FILM, None)).verdict is Verdict.SCORED
    limits = Path(f"/proc/{worker_of(pool)}/limits").read_text(encoding="ascii").splitlines()
    (core,) = (line.split()[4] for line in limits if line.startswith("Max core"))
    assert core == "0"


def test_a_killed_worker_is_replaced(pool: WorkerPool) -> None:
    """While it has a film, the film is told; the next film has another worker."""
    landed(pool.submit(FILM, None))
    worker = worker_of(pool)
    os.kill(worker, signal.SIGSTOP)
    future = pool.submit(FILM, None)
    time.sleep(0.2)
    os.kill(worker, signal.SIGKILL)
    outcome = outcome_of(future)
    assert isinstance(outcome, Outcome | WorkerDied | PoolBroke)
    pool.restart()
    assert landed(pool.submit(FILM, None)).verdict is Verdict.SCORED


def test_a_pool_whose_idle_worker_was_killed_can_be_started_afresh(bundle: Bundle) -> None:
    """Pebble gives such a pool up; nothing that is submitted to it hangs or raises."""
    with WorkerPool(bundle, 1) as pool:
        landed(pool.submit(FILM, None))
        os.kill(worker_of(pool), signal.SIGKILL)
        for _ in range(20):
            outcome = outcome_of(pool.submit(FILM, None))
            if isinstance(outcome, PoolBroke):
                pool.restart()
            elif isinstance(outcome, Outcome):
                break
        else:
            raise AssertionError("the pool did not recover")


@pytest.mark.parametrize(("deaths", "state"), [(2, State.SCORED), (1000, State.FAILED)])
def test_only_a_film_that_kills_every_worker_fails(house: House, bundle: Bundle, deaths: int, state: State) -> None:
    """SIGKILL while a worker has a film: an innocent one is scored in the end, and its neighbours always are."""
    house.time, house.bundle, house.capacity = RealTime(), bundle, 2
    for number in range(3):
        (house.incoming / f"{number}.jpg").write_bytes(jpeg(grey_film(seed=number)))
    victim = jpeg(grey_film(seed=9))
    (house.incoming / "victim.jpg").write_bytes(victim)
    with WorkerPool(bundle, 1) as pool:
        house.workers = Killer(pool, {victim: deaths})
        intake = house.intake(settle=0.1)
        house.rescan(intake)
        deadline = time.monotonic() + 60
        while intake.busy():
            if not intake.step():
                intake.wait(0.05)
            assert time.monotonic() < deadline
    assert house.at("victim.jpg").state is state
    assert [house.at(f"{number}.jpg").state for number in range(3)] == [State.SCORED] * 3
    house.check()


def test_a_broken_pool_takes_films_without_an_error(bundle: Bundle) -> None:
    """Whoever submits one learns from its future that the pool broke."""
    with WorkerPool(bundle, 1) as pool:
        landed(pool.submit(FILM, None))
        pool._pool._pool_manager.handle_broken_pool(BrokenProcessPool("all workers expired"))
        for _ in range(2):
            assert isinstance(outcome_of(pool.submit(FILM, None)), PoolBroke)
        pool.restart()
        assert landed(pool.submit(FILM, None)).verdict is Verdict.SCORED


class Killer:
    """A real pool that kills the worker which has certain bytes, so many times."""

    def __init__(self, pool: WorkerPool, victims: dict[bytes, int]) -> None:
        self._pool, self._victims = pool, victims
        self.restart = pool.restart

    @property
    def proven(self) -> bool:
        return self._pool.proven

    def submit(self, data: bytes, declared: Population | None) -> Future[Outcome]:
        left = self._victims.get(data, 0)
        if not left:
            return self._pool.submit(data, declared)
        self._victims[data] = left - 1
        future: Future[Outcome] = self._pool._pool.schedule(_die, args=[])
        return future


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _take_memory() -> int:
    return len(bytearray(3 << 30))
