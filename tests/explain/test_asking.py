"""A film is blamed for a worker's death by the intake's rule, also when somebody only asks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from daemon.errors import DaemonError
from daemon.explain.asking import answered, message_of
from daemon.intake.bench import MAX_BREAKS, MAX_DEATHS
from daemon.intake.workers import WorkerDied


class PaperPool:
    """Answers in the order that it was given; an exception is how a film ends that has none."""

    def __init__(self, *answers: Any, proven: bool = True) -> None:
        self.answers, self.proven, self.asked, self.restarts = list(answers), proven, 0, 0

    def ask(self, task: Callable[..., object], read: Callable[[Any], Any], data: bytes, *more: object) -> Future[Any]:
        self.asked += 1
        future: Future[Any] = Future()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        elif answer is not None:
            future.set_result(answer)
        return future

    def restart(self) -> None:
        self.restarts += 1


def ask(pool: PaperPool, deaths: int = 0, stop: Callable[[], bool] = lambda: False) -> Any:
    return answered(pool, repr, str, b"film", deaths=deaths, stop=stop)


def test_an_answer_is_given_on_whatever_came_before_it() -> None:
    assert ask(PaperPool("well")) == "well"
    assert ask(PaperPool(TimeoutError(), BrokenProcessPool(), "well")) == "well"


def test_a_film_that_takes_every_worker_with_it_is_to_blame() -> None:
    pool = PaperPool(TimeoutError())
    death = ask(pool)
    assert isinstance(death, WorkerDied)
    assert (death.code, pool.asked) == ("too-slow", MAX_DEATHS)
    assert message_of(death) == "decoding took more than 30 s, 3 times; export the film again, uncompressed"


def test_deaths_that_it_was_there_for_count() -> None:
    pool = PaperPool(TimeoutError())
    ask(pool, deaths=1)
    assert pool.asked == MAX_DEATHS - 1


def test_a_pool_that_breaks_though_it_had_worked_was_broken_by_the_film() -> None:
    pool = PaperPool(BrokenProcessPool())
    death = ask(pool)
    assert isinstance(death, WorkerDied)
    assert (death.code, pool.restarts) == ("worker-failed", MAX_DEATHS)


def test_a_pool_that_never_worked_is_no_films_fault() -> None:
    pool = PaperPool(BrokenProcessPool(), proven=False)
    with pytest.raises(DaemonError, match="cannot start the workers"):
        ask(pool)
    assert pool.asked == MAX_BREAKS


def test_whoever_stops_it_has_no_answer() -> None:
    assert ask(PaperPool(None), stop=lambda: True) is None
