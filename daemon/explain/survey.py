"""Goes through folders and has every film judged as the daemon would, without a store: what a scan would count.

Bytes are let go of with each film; what is kept of it is its hash. Deaths of workers are blamed by the intake's rule:
whatever was with a worker that died is tried again alone.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from daemon.errors import DaemonError
from daemon.explain import inside
from daemon.explain.asking import TICK, Asked, Breaks, Stop, answered
from daemon.explain.insight import Surveyed, read_surveyed
from daemon.intake.bench import IN_FLIGHT, STUCK
from daemon.intake.listing import Listing
from daemon.intake.reading import Content, ReadProblem, Unread, read_file
from daemon.intake.workers import PoolBroke, WorkerDied, landing_of
from models.bundle import Bundle
from models.findings import FindingCode
from models.gate import population_findings
from models.population import Population
from models.radiograph import MAX_BYTES

_PATIENCE: Final = 10  # tries at reading, a second apart, while this machine is short of memory or descriptors
_LOOKS: Final = 3  # at a file that changes while it is read, a second apart


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to survey, listed; `declared` is who is on films that state no age, `largest` what is read, in bytes."""

    path: Path
    listing: Listing
    declared: Population | None = None
    largest: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class _Film:
    folder: Folder
    relative: str

    @property
    def path(self) -> Path:
        return self.folder.path / self.relative


@dataclass(slots=True)
class _Flight:
    """A film that is with the workers; `copies` have the same bytes."""

    film: _Film
    sha256: bytes
    size: int
    copies: list[_Film] = field(default_factory=list)


class Counts(Protocol):
    """Whoever is told what became of each film; see `daemon.explain.tally.Tally`."""

    seen: int
    vanished: int

    @property
    def counted(self) -> int:
        """Files that came out in some way."""

    def film(self, path: str, found: Surveyed, declared: Population | None, sha256: str) -> None:
        """A film that the workers judged."""

    def failed(self, path: str, code: str) -> None:
        """A file that nobody could judge."""

    def duplicate(self, path: str, sha256: str) -> None:
        """A file whose content came before."""


class Survey:
    """One survey. It counts into its tally from the first film on, so that whoever stops it has what there is."""

    def __init__(
        self,
        pool: Asked,
        bundle: Bundle,
        folders: Sequence[Folder],
        tally: Counts,
        capacity: int,
        read: Callable[[Path], Content | Unread] = read_file,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.total: Final = sum(len(folder.listing.files) for folder in folders)
        self._pool, self._policies, self._tally = pool, bundle.policies, tally
        self._folders, self._capacity, self._read, self._sleep = folders, capacity, read, sleep
        self._flights: dict[Future[Surveyed], _Flight] = {}
        self._known: dict[bytes, bool] = {}  # content -> whether it came out so only for who was declared to be on it
        self._alone: deque[_Film] = deque()  # what was with a worker that died
        self._breaks = Breaks(pool)
        self._since = time.monotonic()

    @property
    def done(self) -> int:
        """How many of the listed files are counted."""
        return self._tally.counted + self._tally.vanished

    def run(self, stop: Stop, show: Callable[[], None]) -> bool:
        """See all films through; False where it was stopped before that.

        Raises:
            DaemonError: the workers cannot work, or this machine lacks what it takes to read a file.
        """
        for film in self._films():
            while not self._room(film.folder.listing.files[film.relative].size):
                if stop():
                    return False
                self._collect()
                show()
            if stop():
                return False
            self._take(film)
            show()
        while self._flights or self._alone:
            if stop():
                return False
            if self._flights:
                self._collect()
            elif not self._take_alone(self._alone.popleft(), stop):
                return False
            show()
        return True

    def _films(self) -> Iterator[_Film]:
        for folder in self._folders:
            for relative in sorted(folder.listing.files, key=os.fsencode):
                yield _Film(folder, relative)

    def _room(self, size: int) -> bool:
        total = sum(flight.size for flight in self._flights.values())
        return not self._flights or (len(self._flights) < self._capacity and total + size <= IN_FLIGHT)

    # --- taking films up --------------------------------------------------------------------------------------------

    def _take(self, film: _Film) -> None:
        """Read a film that was not looked at before, and hand it to the workers."""
        self._tally.seen += 1
        self._hand_in(film)

    def _hand_in(self, film: _Film) -> None:
        content = self._content(film)
        if isinstance(content, Unread):
            self._unread(film, content)
            return
        sha256 = bytes.fromhex(content.sha256)
        flight = next((flight for flight in self._flights.values() if flight.sha256 == sha256), None)
        if flight is not None:
            flight.copies.append(film)
        elif self._repeats(sha256, film):
            self._tally.duplicate(str(film.path), sha256.hex())
        else:
            if not self._flights:
                self._since = time.monotonic()
            future = self._pool.ask(inside.surveyed, read_surveyed, content.data, film.folder.declared)
            self._flights[future] = _Flight(film, sha256, len(content.data))

    def _unread(self, film: _Film, unread: Unread) -> None:
        if unread.problem is ReadProblem.GONE:
            self._tally.seen -= 1
            self._tally.vanished += 1
        else:
            self._tally.failed(str(film.path), unread.problem.value)

    def _content(self, film: _Film) -> Content | Unread:
        """The bytes of a film; what passes by itself is waited for.

        Raises:
            DaemonError: this machine is short of memory or descriptors, and stays so.
        """
        size, largest = film.folder.listing.files[film.relative].size, film.folder.largest
        if size > largest:
            return Unread(ReadProblem.TOO_LARGE, "over the limit")
        looks, cause = 0, ""
        for _ in range(_PATIENCE):
            content = self._read(film.path)
            if not isinstance(content, Unread):
                return content
            looks, cause = looks + (content.problem is ReadProblem.CHANGING), content.cause
            if content.problem not in (ReadProblem.SHORTAGE, ReadProblem.CHANGING) or looks >= _LOOKS:
                return content
            self._sleep(1.0)
        raise DaemonError("go on with the survey", None, cause, "free memory or descriptors, then start again")

    def _repeats(self, sha256: bytes, film: _Film) -> bool:
        """Whether this content came before, and would come out alike here; see `daemon.intake.twins`."""
        if sha256 not in self._known:
            return False
        return not self._known[sha256] or bool(population_findings(None, film.folder.declared, self._policies))

    def _take_alone(self, film: _Film, stop: Stop) -> bool:
        """Judge a film that a worker died with, by itself; False where it was stopped."""
        content = self._content(film)
        if isinstance(content, Unread):
            self._unread(film, content)
            return True
        sha256 = bytes.fromhex(content.sha256)
        if self._repeats(sha256, film):
            self._tally.duplicate(str(film.path), sha256.hex())
            return True
        declared = film.folder.declared
        found = answered(self._pool, inside.surveyed, read_surveyed, content.data, declared, deaths=1, stop=stop)
        if found is None:
            return False
        if isinstance(found, WorkerDied):
            self._known[sha256] = False
            self._tally.failed(str(film.path), found.code)
        else:
            self._land(film, sha256, found)
        return True

    # --- what became of them ----------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Count what the workers are done with, waiting a little for the first.

        Raises:
            DaemonError: the pool breaks again and again.
        """
        done, _ = wait(self._flights, timeout=TICK, return_when=FIRST_COMPLETED)
        hangs = not done and time.monotonic() - self._since > STUCK
        landed: dict[Future[Surveyed], Surveyed | WorkerDied | PoolBroke] = {}
        for future in done:
            landing = landing_of(future)
            landed[future] = landing
        if done:
            self._since = time.monotonic()
        broke = hangs or any(isinstance(landing, PoolBroke) for landing in landed.values())
        lost = self._breaks.mend() if broke else PoolBroke()
        for future in list(self._flights) if broke else done:
            flight = self._flights.pop(future)
            found = landed.get(future, lost)
            found = lost if isinstance(found, PoolBroke) else found
            if isinstance(found, WorkerDied):  # whose fault it was shows when each goes alone
                self._alone.extend([flight.film, *flight.copies])
            elif isinstance(found, PoolBroke):
                self._again([flight.film, *flight.copies])
            else:
                self._land(flight.film, flight.sha256, found)
                again = [copy for copy in flight.copies if not self._repeats(flight.sha256, copy)]
                for copy in flight.copies:
                    if copy not in again:
                        self._tally.duplicate(str(copy.path), flight.sha256.hex())
                self._again(again)

    def _again(self, films: Iterable[_Film]) -> None:
        """Take films up once more that are counted as seen."""
        for film in films:
            self._hand_in(film)

    def _land(self, film: _Film, sha256: bytes, found: Surveyed) -> None:
        outcome = found.outcome
        codes = {outcome.code, *(outcome.facts.marks or "").split()}
        self._known[sha256] = FindingCode.POPULATION.value in codes and outcome.facts.age_years is None
        self._tally.film(str(film.path), found, film.folder.declared, sha256.hex())
