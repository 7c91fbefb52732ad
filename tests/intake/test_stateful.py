"""Arrival histories, searched by rule: whatever people, machines and clocks do in whatever order, nothing is lost.

`Department` is the reference: it writes the files and remembers what lies where, and knows nothing of the intake. The
short search runs with the other tests; `CXR_TRIAGE_SEARCH=long` searches for hours. What hypothesis finds it prints as
a program of a few lines, which can be run as it is: `machine = Histories(blank)`, then its calls, then `teardown()`.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pytest
from builders.department import (
    CONTENTS,
    NAMES,
    TEMPORARY,
    VERSIONS,
    Department,
    Disk,
    Refusal,
    SteppedClock,
    Workers,
    sha256_of,
    truth,
)
from builders.intake import House
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pebble import ProcessExpired

from daemon.errors import DaemonError
from daemon.intake.bench import ATTEMPTS, MAX_DEATHS
from daemon.intake.hints import Hint
from daemon.intake.machine import moves
from daemon.intake.reading import ReadProblem
from db import queue
from db.errors import StoreError
from db.records import Arrival
from db.states import ENDED, PENDING, State
from db.verify import consistency

HUGE: Final = os.environ.get("CXR_TRIAGE_SEARCH") == "long"
EXAMPLES: Final = int(os.environ.get("CXR_TRIAGE_SEARCH_EXAMPLES", "2000" if HUGE else "20"))
SEARCH: Final = settings(
    max_examples=EXAMPLES,
    stateful_step_count=80 if HUGE else 40,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

MEDDLING: Final = ("remove", "overwrite", "append", "replace", "rename", "away")
DEATHS: Final = frozenset({"worker-died", "worker-failed", "too-slow"})
READ_PROBLEMS: Final = frozenset(ReadProblem)
LEGAL: Final = moves()


class Then(StrEnum):
    """What the intake does about what the department did."""

    NOTHING = "nothing"
    TOLD = "an event tells it that a file was closed"
    RESCAN = "a rescan"
    PASS = "a rescan, and time to settle and to be judged"
    HELD = "the same, but its workers hold on to what they get"
    KILLED = "a rescan, and its process is killed"


names, contents = st.sampled_from(NAMES), st.sampled_from((*CONTENTS, *VERSIONS))
thens = st.sampled_from([*Then, Then.PASS])
present = st.runner().flatmap(lambda machine: st.sampled_from(sorted(machine.department.files)))
something_is_there = precondition(lambda machine: bool(machine.department.files))


class Histories(RuleBasedStateMachine):
    """A folder, those who write into it, and one intake process after another that looks after it."""

    known = Bundle("known")  # names that a file had at some time

    def __init__(self, blank: Path) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.house = House.in_(Path(self._folder.name, "house"), blank)
        self._sql = sqlite3.connect(f"file:{self.house.folder / 'triage.db'}?mode=ro", uri=True, isolation_level=None)
        self.time = self.house.time = SteppedClock()
        self.workers = self.house.judge = Workers(self._has_result)
        self.department = Department(self.house.incoming)
        self.disk = Disk(self.house.incoming, self.department)
        self.house.read = self.disk.read
        self.refusal = Refusal(self.house)
        self.intake = self.house.intake()
        self.root_id = next(iter(self.intake.roots))
        self.moved = False  # whether the last step did anything
        self.outage = False
        self.lost = 0  # times that what the workers had was lost, or had to be given to them again
        self.since_rest = 0  # rules
        self.checks = 0
        self.version: object = None  # of the database, when it was checked
        self.told: list[tuple[Any, ...]] = []  # the history, as far as it was read
        self.reached: dict[int, tuple[int, str]] = {}  # by arrival, as its history says

    # --- the department; `then` says what the intake does about it ------------------------------------------------

    @initialize(target=known, films=st.dictionaries(names, contents, min_size=1, max_size=4))
    def something_lies_there(self, films: dict[str, bytes]) -> MultipleResults[str]:
        for name, data in films.items():
            self.department.write(name, data)
        return multiple(*films)

    @rule(target=known, name=names, data=contents, then=thens)
    def write(self, name: str, data: bytes, then: Then) -> str:
        self.department.write(name, data)
        return self._then(then, name)

    @rule(name=known, data=contents, then=thens)
    def write_again(self, name: str, data: bytes, then: Then) -> None:
        self.department.write(name, data)
        self._then(then, name)

    @rule(name=known, then=thens)
    def restore(self, name: str, then: Then) -> None:
        """Put there what lay there last."""
        self.department.replace(name, self.department.last[name])
        self._then(then, name)

    @something_is_there
    @rule(target=known, name=present, to=names, then=thens)
    def copy(self, name: str, to: str, then: Then) -> str:
        self.department.replace(to, self.department.files[name].data)
        return self._then(then, to)

    @something_is_there
    @rule(name=present, data=st.sampled_from([b"+", b" end"]), then=thens)
    def append(self, name: str, data: bytes, then: Then) -> None:
        self.department.append(name, data)
        self._then(then, name)

    @rule(target=known, name=names | known, data=contents, then=thens)
    def replace(self, name: str, data: bytes, then: Then) -> str:
        self.department.replace(name, data)
        return self._then(then, name)

    @something_is_there
    @rule(target=known, name=present, to=names, then=thens)
    def rename(self, name: str, to: str, then: Then) -> str:
        self.department.rename(name, to)
        return self._then(then, to)

    @something_is_there
    @rule(name=present, then=thens)
    def remove(self, name: str, then: Then) -> None:
        self.department.remove(name)
        self._then(then, name)

    @something_is_there
    @rule(target=known, name=present, to=names, then=thens)
    def link(self, name: str, to: str, then: Then) -> str:
        if not self.department.there(to):
            self.department.link(name, to)
        return self._then(then, to)

    @something_is_there
    @rule(one=present, other=present, then=thens)
    def swap(self, one: str, other: str, then: Then) -> None:
        if one != other:
            self.department.swap(one, other)
            self._then(then, other)

    @something_is_there
    @rule(name=present, how=st.sampled_from(["chmod", "now", "1980", "future"]), then=thens)
    def stamp(self, name: str, how: str, then: Then) -> None:
        self.department.stamp(name, how)
        self._then(then, name)

    @rule(folders=st.sampled_from([("sub", "done"), ("done", "sub")]), then=thens)
    def move_folder(self, folders: tuple[str, str], then: Then) -> None:
        folder, target = folders
        if self.department.has_films_below(folder) and not self.department.has_films_below(target):
            self.department.move_folder(folder, target)
        self._then(then, target)

    def _then(self, then: Then, name: str) -> str:
        match then:
            case Then.TOLD:
                self.hint(name, closed=True)
            case Then.RESCAN:
                self.rescan()
            case Then.PASS | Then.HELD:
                self.workers.holding |= then is Then.HELD
                self.goes_on(steps=6)
            case Then.KILLED:
                self.rescan()
                self._begin_anew()
        return name

    # --- the machine ----------------------------------------------------------------------------------------------

    @rule(where=st.sampled_from(["back", "away", "away from its mount point"]), then=thens, back=st.booleans())
    def root_moves(self, where: str, then: Then, back: bool) -> None:
        """It goes away, or back; or away and back again as soon as the intake looked."""
        if where != "back":
            self.department.go_away(leaving_an_empty_folder=where != "away")
            self._then(then, NAMES[0])
        if back or where == "back":
            self.department.come_back()
            self._then(then, NAMES[0])

    @rule(
        name=known,
        problem=st.sampled_from([ReadProblem.UNREADABLE, ReadProblem.IO_ERROR]),
        times=st.integers(1, 9),
        then=thens,
    )
    def cannot_be_read(self, name: str, problem: ReadProblem, times: int, then: Then) -> None:
        """So many times; then it is mended."""
        self.disk.problems[name] = problem, times
        self._then(then, name)

    @rule(
        name=known, when=st.sampled_from(["before", "during", "after"]), what=st.sampled_from(MEDDLING), data=contents
    )
    def somebody_meddles(self, name: str, when: str, what: str, data: bytes) -> None:
        """At the moment at which the file is read next."""
        do = self.department
        deeds: dict[str, Callable[[], None]] = {
            "remove": lambda: do.remove(name),
            "overwrite": lambda: do.write(name, data),
            "append": lambda: do.append(name, data or b"+"),
            "replace": lambda: do.replace(name, data),
            "rename": lambda: do.rename(name, "e"),
            "away": lambda: do.go_away(leaving_an_empty_folder=True),
        }
        self.disk.meddling[name] = when, lambda: deeds[what]() if do.there(name) else None

    @rule(seconds=st.sampled_from([0.5, 2.5, 20.0, 200.0, 1000.0]), days=st.sampled_from([0, 0, 1, -1]))
    def time_passes(self, seconds: float, days: int) -> None:
        """And somebody may step the clock."""
        self.time.turn(seconds)
        self.time.step += timedelta(days=days)

    @rule(
        after=st.integers(0, 3),
        times=st.integers(1, 2),
        how=st.sampled_from(["at the beginning", "at the end", "after the commit"]),
    )
    def store_refuses(self, after: int, times: int, how: str) -> None:
        self.refusal.arm(after, times, how)

    # --- the workers ----------------------------------------------------------------------------------------------

    @rule(holding=st.booleans())
    def workers_hold_on(self, holding: bool) -> None:
        """Or let go of what they held."""
        if holding:
            self.workers.holding = True
        else:
            self.workers.let_go()

    @rule(which=st.integers(0, 3), how=st.sampled_from(["dies", "takes too long", "pool breaks"]))
    def worker_fails(self, which: int, how: str) -> None:
        errors = {
            "dies": ProcessExpired("gone", code=-9),
            "takes too long": TimeoutError("late"),
            "pool breaks": BrokenProcessPool("all workers expired"),
        }
        self.workers.fail(which, errors[how])

    # --- the intake -----------------------------------------------------------------------------------------------

    @rule(name=known, closed=st.booleans())
    def hint(self, name: str, closed: bool) -> None:
        self._drive(lambda: self.intake.look(self.root_id, [Hint(name, closed)]))

    def rescan(self) -> None:
        self._drive(self._rescan)

    def step(self, times: int) -> None:
        for _ in range(times):
            self._drive(self._step)
            if not self.moved:
                return

    @rule(rescan=st.booleans(), steps=st.integers(0, 4))
    def looks(self, rescan: bool, steps: int) -> None:
        if rescan:
            self.rescan()
        self.step(steps)

    @rule(steps=st.integers(1, 6))
    def goes_on(self, steps: int) -> None:
        """As it does when nothing disturbs it for a while."""
        self._drive(self._rescan)
        self.time.turn(2.5)
        self.step(steps)

    @rule()
    def passes_go_by(self) -> None:
        """With nothing in their way but what is in it already."""
        self.workers.let_go()
        self.goes_on(steps=8)
        self.time.turn(30.0)
        self.goes_on(steps=8)

    @rule(orderly=st.booleans())
    def process_ends(self, orderly: bool) -> None:
        """And another begins."""
        if orderly:
            self._drive(lambda: self.intake.release(0.0))
        self._begin_anew()

    @precondition(lambda machine: machine.since_rest > 10)
    @rule()
    def everything_comes_to_rest(self) -> None:
        self._ends()

    def _drive(self, act: Callable[[], object]) -> None:
        """As the daemon's loop does: after an outage of the store it recovers before anything else."""
        self.moved = False
        try:
            if self.outage:
                self.lost += 1
                self.workers.lose()
                self.intake.recover()
                self.outage = False
            act()
        except StoreError:
            self.outage = True
        except DaemonError:  # the pool broke again and again: the service manager starts it anew
            self._begin_anew()

    def _step(self) -> None:
        self.moved = self.intake.step()

    def _rescan(self) -> None:
        try:
            self.intake.rescan(self.root_id)
        except DaemonError as error:
            assert self.department.place != self.house.incoming
            self.intake.away(self.root_id, error.cause)
            return
        if self.department.place == self.house.incoming:
            newest = self._newest()
            for name in self._present():
                assert newest[name].state is not State.VANISHED

    def _begin_anew(self) -> None:
        self.lost += 1
        self.workers.lose()
        self.refusal.arm(0, 0, "")
        self.outage = False
        self.intake = self.house.intake()

    # --- what must hold -------------------------------------------------------------------------------------------

    def _present(self) -> dict[str, bytes]:
        """The films that lie there, by name."""
        return {n: file.data for n, file in self.department.files.items() if not self._is_temporary(n)}

    @staticmethod
    def _is_temporary(name: str) -> bool:
        return name.lower() in TEMPORARY

    def _has_result(self, data: bytes) -> bool:
        query = "SELECT count(*) FROM result WHERE content_sha256 = ?"
        return bool(self._sql.execute(query, (sha256_of(data),)).fetchone()[0])

    def _newest(self) -> dict[str, Arrival]:
        ordered = sorted(self.house.arrivals(), key=lambda arrival: arrival.generation)
        return {arrival.path: arrival for arrival in ordered}

    @invariant()
    def all_of_it_holds_together(self) -> None:
        self.since_rest += 1
        version = self._sql.execute("PRAGMA data_version").fetchone()
        if version != self.version:  # somebody wrote to the store
            self.version = version
            self._all_of_it_holds_together()

    def _all_of_it_holds_together(self, *, at_rest: bool = False) -> None:
        self.checks += 1
        self._history_is_appended_to_and_legal()
        self._account_balances(at_rest=at_rest)
        self._nothing_has_two_results()

    def _history_is_appended_to_and_legal(self) -> None:
        query = "SELECT id, arrival_id, sequence, from_state, to_state, at, reason FROM history ORDER BY id"
        lines = self._sql.execute(query).fetchall()
        assert lines[: len(self.told)] == self.told
        for _, arrival, sequence, came, reached, _, reason in lines[len(self.told) :]:
            if sequence == 1:
                assert (arrival in self.reached, came, reached) == (False, None, State.SEEN)
            else:
                assert (sequence - 1, came) == self.reached[arrival]
                assert (State(came), State(reached)) in LEGAL
            assert reason
            self.reached[arrival] = sequence, reached
        self.told = lines

    def _account_balances(self, *, at_rest: bool) -> None:
        """Every arrival that was ever seen is there, in exactly one state, and the sum is what was seen."""
        rows = self._sql.execute(
            "SELECT id, path, generation, state, sha256, removed_at FROM arrival ORDER BY id"
        ).fetchall()
        assert {row[0]: row[3] for row in rows} == {number: state for number, (_, state) in self.reached.items()}
        with self.house.store.read() as tx:
            counted = queue.account(tx)
            if HUGE or at_rest or self.checks % 5 == 0:  # it takes longer than all the rest
                assert consistency(tx) == []
        assert {state.value: count for state, count in counted.items() if count} == Counter(row[3] for row in rows)
        assert sum(counted.values()) == len(rows)
        generations = defaultdict(list)
        for _, raw, generation, state, sha256, removed_at in rows:
            path = os.fsdecode(raw)
            generations[path].append(generation)
            assert not self._is_temporary(path)
            assert path in self.department.left or (state != State.VANISHED and removed_at is None), "it is there"
            assert sha256 is None or sha256 in self.department.ever[path]
        assert all(sorted(found) == list(range(1, len(found) + 1)) for found in generations.values())

    def _nothing_has_two_results(self) -> None:
        twice = "SELECT content_sha256, model_sha256 FROM result GROUP BY 1, 2, preprocessing HAVING count(*) > 1"
        assert not self._sql.execute(twice).fetchall()
        assert self.intake.in_flight <= self.house.capacity

    def _ends(self) -> None:
        """Everything is mended and nothing happens any more: it must come to rest, and all of it must be right."""
        self.disk.meddling.clear()
        self.department.come_back()
        for name, (problem, _) in self.disk.problems.items():
            if problem is ReadProblem.UNREADABLE and self.department.there(name):
                self.department.stamp(name, "chmod")
        self.disk.problems.clear()
        self.workers.next.clear()
        self.workers.let_go()
        self.refusal.arm(0, 0, "")
        self.time.step = timedelta()
        self._comes_to_rest()
        if self._follow_remedies():
            self._comes_to_rest()
        self._nothing_is_lost()
        self.since_rest = 0
        judged = Counter(data for data in self.workers.seen if (said := truth(data)) and said.logit is not None)
        lost = self.lost + self.workers.restarts
        assert all(count <= 1 + lost + self.workers.deaths[data] for data, count in judged.items())

    def _follow_remedies(self) -> bool:
        """Copy those there again that could not be read for too long."""
        newest, present = self._newest(), self._present()
        unread = [n for n in present if newest[n].state is State.FAILED and newest[n].code in READ_PROBLEMS]
        for name in unread:
            assert self.disk.failures[name] >= min(ATTEMPTS.values())
            self.department.write(name, present[name])
        return bool(unread)

    def _comes_to_rest(self) -> None:
        quiet, told = 0, -1
        for turn in range(60):
            self._drive(self._rescan)
            for _ in range(200):
                if not self.intake.step():
                    break
            else:
                raise AssertionError("it turns in a circle")
            count = self._sql.execute("SELECT count(*) FROM history").fetchone()[0]
            quiet, told = (quiet + 1, told) if count == told else (0, count)
            if quiet > 1 and not self.intake.busy():
                break
            self.time.turn(3.0 if turn < 8 else 30.0)
        self._all_of_it_holds_together(at_rest=True)
        assert not PENDING & set(self.house.states()), "it does not come to an end"

    def _nothing_is_lost(self) -> None:
        by_id = {arrival.id: arrival for arrival in self.house.arrivals()}
        newest, present = self._newest(), self._present()
        with self.house.store.read() as tx:
            shown = {image.sha256 for image in queue.waiting(tx)}
        for name, data in present.items():
            arrival = newest[name]
            assert (arrival.sha256, arrival.removed_at) == (sha256_of(data), None), name
            if arrival.state is State.SUPERSEDED:
                arrival = self._newest_version(arrival, by_id)
                assert arrival.sha256 in shown
                continue
            assert arrival.sha256 in shown
            if arrival.state is State.DUPLICATE:
                arrival = by_id[arrival.duplicate_of or 0]
                assert arrival.path in present, "the original is gone, and nothing took its place"
                assert newest[arrival.path].id == arrival.id
            self._ended_as_its_content_demands(arrival, data)
        for arrival in by_id.values():
            if arrival.id != newest[arrival.path].id:
                assert arrival.state in {State.SUPERSEDED, State.VANISHED}
            elif arrival.path not in present:
                assert arrival.state in {State.SUPERSEDED, State.VANISHED} or arrival.removed_at is not None
        audit = self.house.audit()
        assert (audit.discrepancies, audit.unseen) == ((), 0)

    @staticmethod
    def _newest_version(arrival: Arrival, by_id: dict[int, Arrival]) -> Arrival:
        """What took the place of an image, at another path, and stands in the queue."""
        older = arrival
        while arrival.state is State.SUPERSEDED:
            arrival = by_id[arrival.superseded_by or 0]
            assert arrival.facts.instance_uid == older.facts.instance_uid
        assert arrival.state in {State.SCORED, State.REFUSED}
        assert (arrival.arrived_at, arrival.id) > (older.arrived_at, older.id)
        return arrival

    def _ended_as_its_content_demands(self, arrival: Arrival, data: bytes) -> None:
        assert arrival.state in ENDED
        if arrival.code in DEATHS:
            assert (arrival.state, self.workers.alone[data] > 0) == (State.FAILED, True)
            assert self.workers.deaths[data] >= MAX_DEATHS
            return
        said = truth(data)
        assert said is not None
        assert (arrival.state.value, arrival.code) == (said.verdict.value, said.code)
        assert (arrival.result_id is not None) == (said.logit is not None)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._ends()
        finally:
            self._sql.close()
            self.house.store.close()
            self._folder.cleanup()


def test_no_history_of_arrivals_loses_a_film_or_tells_an_untruth(blank: Path) -> None:
    """Files, folders, workers, the store, the process and the clock do what they like, in any order.

    After each of it the account balances and the history is legal and only longer; when everything is mended and at
    rest, each file is in the queue as what it holds, and `account --verify` finds nothing.
    """
    run_state_machine_as_test(lambda: Histories(blank), settings=SEARCH)


def a_film_put_off_while_the_clock_was_a_day_ahead_is_not_put_off_for_a_day(machine: Histories) -> None:
    machine.write("a", b"film 1", Then.NOTHING)
    machine.time_passes(0.5, days=1)
    machine.cannot_be_read("a", ReadProblem.IO_ERROR, times=2, then=Then.PASS)


def a_copy_that_comes_back_takes_the_place_of_an_original_that_is_gone(machine: Histories) -> None:
    machine.write("a", b"film 1", Then.PASS)
    machine.write("b", b"film 1", Then.PASS)
    machine.remove("b", Then.PASS)
    machine.remove("a", Then.PASS)
    machine.restore("b", Then.NOTHING)


def a_film_that_changed_last_while_it_was_read_is_read_again(machine: Histories) -> None:
    machine.write("a", b"film 1", Then.RESCAN)
    machine.time_passes(1000.0, days=0)
    for _ in range(30):
        machine.somebody_meddles("a", "during", "append", b"")
        machine.looks(rescan=False, steps=4)
        machine.time_passes(2.5, days=0)


def a_film_that_waits_when_its_process_is_killed_is_waited_for_by_the_next(machine: Histories) -> None:
    machine.write("a", b"film 1", Then.KILLED)


def a_film_is_not_blamed_for_the_deaths_of_what_lay_there_before(machine: Histories) -> None:
    machine.write("a", b"film 1", Then.NOTHING)
    for _ in range(3):
        machine.worker_fails(0, "dies")
    machine.hint("a", closed=True)
    machine.looks(rescan=False, steps=2)
    machine.write("a", b"film 2", Then.NOTHING)
    machine.looks(rescan=False, steps=4)


@pytest.mark.parametrize(
    "history",
    [
        a_film_put_off_while_the_clock_was_a_day_ahead_is_not_put_off_for_a_day,
        a_copy_that_comes_back_takes_the_place_of_an_original_that_is_gone,
        a_film_that_changed_last_while_it_was_read_is_read_again,
        a_film_that_waits_when_its_process_is_killed_is_waited_for_by_the_next,
        a_film_is_not_blamed_for_the_deaths_of_what_lay_there_before,
    ],
)
def test_histories_that_are_too_rare_for_a_short_search(blank: Path, history: Callable[[Histories], None]) -> None:
    """Each lost a film once, or its place, or would without the lines that it is about."""
    machine = Histories(blank)
    try:
        history(machine)
        machine.all_of_it_holds_together()
    finally:
        machine.teardown()
