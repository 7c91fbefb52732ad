"""Builds an intake whose store and folders are real, and whose clock and workers are turned by hand."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from daemon.clock import Clock, system_clock
from daemon.intake.audit import Audit, verify
from daemon.intake.machine import moves
from daemon.intake.pipeline import Intake
from daemon.intake.places import Watched
from daemon.intake.reading import Content, Unread, read_file
from daemon.intake.recording import Scoring
from daemon.intake.worker import Outcome, Verdict
from daemon.intake.workers import Judge
from daemon.triage.gate_policy import BY_DEFAULT, GatePolicy
from daemon.triage.order import Band
from db import arrivals, queue, results, roots
from db.identity import Identifiers, Identity
from db.records import Arrival, FilmFacts, HistoryLine
from db.states import State
from db.store import Store, open_store
from models.bundle import Bundle
from models.population import Population


class TurnedClock:
    """A clock that stands still until it is turned; its wall time begins now, so that it agrees with the files' own."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._passed = 0.0

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds

    def step_back(self, seconds: float) -> None:
        """Somebody sets the wall clock; what measures durations does not notice."""
        self._began -= timedelta(seconds=seconds)

    @property
    def clock(self) -> Clock:
        """What the intake is given."""
        return Clock(lambda: self._began + timedelta(seconds=self._passed), lambda: self._passed)


class RealTime:
    """The machine's clock, for tests with real events and real workers."""

    clock = system_clock()

    def turn(self, seconds: float) -> None:
        """Let time pass, in earnest."""
        time.sleep(seconds)


def scored(logit: float = 0.5, **facts: object) -> Outcome:
    """A film that came out with a logit."""
    return Outcome(Verdict.SCORED, FilmFacts(format="jpeg", tier="untagged", **facts), 7.0, logit=logit)  # type: ignore[arg-type]


def refused(code: str = "view") -> Outcome:
    """A film outside the intended use."""
    return Outcome(Verdict.REFUSED, FilmFacts(format="dicom"), 3.0, code=code, message="lateral; send a frontal film")


def failed(code: str = "corrupt") -> Outcome:
    """A film that cannot be read."""
    return Outcome(Verdict.FAILED, FilmFacts(), 3.0, code=code, message="broken; export it again")


Answer = Outcome | BaseException | Callable[[Population | None], Outcome]


class PaperJudge:
    """Workers on paper: by default every film is scored at once, by a logit made from its bytes."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.answers: dict[bytes, Answer] = {}
        self.holding = False
        self.held: list[tuple[bytes, Population | None, Future[Outcome]]] = []
        self.restarts = 0
        self.proven = False

    def submit(self, data: bytes, declared: Population | None) -> Future[Outcome]:
        """Take a film."""
        self.seen.append(data)
        future: Future[Outcome] = Future()
        if self.holding:
            self.held.append((data, declared, future))
        else:
            self._answer(data, declared, future)
        return future

    def let_go(self) -> None:
        """Answer everything that was held back."""
        self.holding = False
        for held in self.held:
            self._answer(*held)
        self.held.clear()

    def restart(self) -> None:
        """Begin anew; what was held is lost."""
        self.restarts += 1
        self.held.clear()

    def _answer(self, data: bytes, declared: Population | None, future: Future[Outcome]) -> None:
        answer = self.answers.get(data)
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        elif callable(answer):
            future.set_result(answer(declared))
        else:
            logit = hashlib.sha256(data).digest()[0] / 64 - 2
            facts = {"population": declared.value} if declared else {}
            future.set_result(answer or scored(logit, **facts))


IDENTITY = Identity(Identifiers.ACCESSION, b"k" * 32)

BUNDLE = Bundle(Path("/nowhere"), "paper", "paper", 1, b"", "ab" * 32, {}, {})


@dataclass(slots=True)
class House:
    """A store, folders and one intake after another on them."""

    folder: Path
    store: Store
    time: TurnedClock | RealTime = field(default_factory=TurnedClock)
    judge: PaperJudge = field(default_factory=PaperJudge)
    workers: Judge | None = None  # real ones, in place of those on paper
    bundle: Bundle = BUNDLE
    gate_policy: GatePolicy = BY_DEFAULT
    blind: Mapping[Band, float] = field(default_factory=dict)
    populations: Mapping[str, Population] = field(default_factory=dict)
    read: Callable[[Path], Content | Unread] = read_file
    identity: Identity = IDENTITY
    capacity: int = 4
    watched: dict[str, Any] = field(default_factory=dict)  # more about the roots

    @classmethod
    def in_(cls, folder: Path, blank: Path) -> House:
        """A house with one root, `incoming`, and a copy of a blank store."""
        (folder / "incoming").mkdir(parents=True)
        shutil.copyfile(blank, folder / "triage.db")
        return cls(folder, open_store(str(folder / "triage.db"), create=False))

    @property
    def incoming(self) -> Path:
        """The first root."""
        return self.folder / "incoming"

    def intake(self, *names: str, settle: float = 2.0, rescan: float = 30.0) -> Intake:
        """A process that just started, on these roots (default: the first)."""
        now = self.time.clock.now()
        with self.store.write() as tx:
            bundle_id = results.ensure_bundle(
                tx, model_sha256=self.bundle.model_sha256, name="paper", preprocessing=1, document="{}", now=now
            )
            known = [
                Watched(
                    roots.ensure_root(tx, str(self.folder / name), now),
                    self.populations.get(name),
                    settle,
                    rescan,
                    **self.watched,
                )
                for name in names or ("incoming",)
            ]
        intake = Intake(
            self.store,
            Scoring(
                self.bundle,
                bundle_id,
                self.identity,
                {w.root.id: w.pattern for w in known if w.pattern},
                self.gate_policy,
                self.blind,
            ),
            self.workers or self.judge,
            self.time.clock,
            {watched.root.id: watched for watched in known},
            self.capacity,
            self.read,
        )
        intake.recover()
        return intake

    def write(self, name: str, data: bytes = b"film", root: str = "incoming") -> Path:
        """Put a file into a root."""
        path = self.folder / root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def rescan(self, intake: Intake) -> None:
        """Look at every root."""
        for root_id in intake.roots:
            intake.rescan(root_id)

    def taken_up(self) -> Intake:
        """A process that has seen everything, waited until it was complete, and taken the first of it up."""
        intake = self.intake()
        self.rescan(intake)
        self.time.turn(3.0)
        intake.step()
        return intake

    def settle(self, intake: Intake, *, limit: int = 400) -> None:
        """Turn the clock and step until nothing is pending."""
        for _ in range(limit):
            if not intake.busy():
                return
            if not intake.step():
                self.time.turn(0.5)
        raise AssertionError("the intake does not come to an end")

    def pass_(self, intake: Intake) -> None:
        """One whole pass: rescan, then settle."""
        self.time.turn(1.0)
        self.rescan(intake)
        self.settle(intake)

    def arrivals(self) -> list[Arrival]:
        """Every arrival, oldest first."""
        with self.store.read() as tx:
            return sorted(arrivals.in_states(tx, list(State)), key=lambda arrival: arrival.id)

    def at(self, name: str, root: str = "incoming") -> Arrival:
        """The newest arrival of a path."""
        with self.store.read() as tx:
            root_id = next(each.id for each in roots.roots(tx) if each.path == str(self.folder / root))
            found = arrivals.current_at(tx, root_id, name)
        assert found is not None, f"{name} was never seen"
        return found

    def states(self) -> dict[State, int]:
        """How many arrivals stand in each state that has any."""
        with self.store.read() as tx:
            return {state: count for state, count in queue.account(tx).items() if count}

    def history(self, arrival: Arrival) -> list[HistoryLine]:
        """Its way."""
        with self.store.read() as tx:
            return arrivals.history(tx, arrival.id)

    def queued(self) -> set[str]:
        """The names of the images that the queue shows."""
        with self.store.read() as tx:
            return {Path(image.path).name for image in queue.waiting(tx)}

    def audit(self) -> Audit:
        """What `account --verify` finds."""
        with self.store.read() as tx:
            return verify(tx)

    def check(self) -> None:
        """Every history is legal, and the store holds together."""
        legal = moves()
        for arrival in self.arrivals():
            for line in self.history(arrival)[1:]:
                assert line.from_state is not None
                assert (line.from_state, line.to_state) in legal
        found = self.audit().discrepancies
        assert not found, found
