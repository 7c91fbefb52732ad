"""What stands around an intake in a search of histories: a department that writes real files and remembers them.

`Department` is the reference: it knows what lies where, and nothing of the intake. `Workers`, `Disk`, `Refusal` and
`SteppedClock` fail when they are told to.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from builders.intake import House, PaperJudge, TurnedClock, failed, refused, scored
from pebble import ProcessExpired

from daemon.clock import Clock
from daemon.intake.reading import Content, ReadProblem, Unread, read_file
from daemon.intake.worker import Outcome
from db.errors import StoreError
from db.records import FileStamp
from models.population import Population

TEMPORARY: Final = ("c.part",)  # names that a copy program gives; no film is looked for there
NAMES: Final = ("a", "A", "b", "sub/d", os.fsdecode(b"\xff.dcm"), *TEMPORARY)
BOMB: Final = b"bomb"
CONTENTS: Final = (b"film 1", b"film 1", b"film 2", b"film one", b"lateral", b"broken", b"half", b"", BOMB)
VERSIONS: Final = (b"image as it came", b"image, sent again", b"image, refused")
"""Of one image: the same UIDs, other content."""


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def truth(data: bytes) -> Outcome | None:
    """What there is to say about a content; None if it kills whoever decodes it."""
    if data.startswith(BOMB):
        return None
    if not data:
        return failed("empty")
    if data.startswith(b"half") and not data.endswith(b"end"):
        return failed("truncated")
    if data.startswith(b"broken"):
        return failed("corrupt")
    if data.startswith(b"image"):
        told = scored(len(data) / 8, study_uid="1.2", instance_uid="1.2.3")
        return replace(refused(), facts=told.facts) if b"refused" in data else told
    return refused() if data.startswith(b"lateral") else scored(len(data) / 8)


@dataclass(slots=True, eq=False)
class File:
    """What an inode holds; two names of it are a hard link."""

    data: bytes


class Department:
    """Writes, renames and removes files, and remembers what lies where: the reference."""

    def __init__(self, root: Path) -> None:
        self._root, self._aside, self._probe = root, root.with_name("aside"), root.with_name("probe")
        self._probe.touch()
        self.place = root
        self.files: dict[str, File] = {}
        self.left: set[str] = set()  # names that were gone at some time, as far as anybody could see
        self.last: defaultdict[str, bytes] = defaultdict(bytes)
        self.ever: defaultdict[str, set[str]] = defaultdict(set)

    def there(self, name: str) -> bool:
        return name in self.files

    def has_films_below(self, folder: str) -> bool:
        return any(name.startswith(folder + "/") for name in self.files)

    def write(self, name: str, data: bytes) -> None:
        """In place: other names of the same inode change with it."""
        path = self._path(name)
        path.write_bytes(data)
        self.files.setdefault(name, File(b"")).data = data
        self._done()

    def append(self, name: str, data: bytes) -> None:
        with self._path(name).open("ab") as stream:
            stream.write(data)
        self.files[name].data += data
        self._done()

    def replace(self, name: str, data: bytes) -> None:
        """As rsync does: a temporary name, then a rename over what is there."""
        path = self._path(name)
        path.with_name(".rsync.tmp").write_bytes(data)
        path.with_name(".rsync.tmp").rename(path)
        self.files[name] = File(data)
        self._done()

    def rename(self, name: str, target: str) -> None:
        self._path(name).rename(self._path(target))
        if self.files[name] is not self.files.get(target):  # else it does nothing, by POSIX
            self.files[target] = self.files.pop(name)
            self.left.add(name)
        self._done()

    def link(self, name: str, target: str) -> None:
        self._path(target).hardlink_to(self._path(name))
        self.files[target] = self.files[name]
        self._done()

    def swap(self, one: str, other: str) -> None:
        aside = self.place / ".swap.tmp"
        self._path(one).rename(aside)
        self._path(other).rename(self._path(one))
        aside.rename(self._path(other))
        self.files[one], self.files[other] = self.files[other], self.files[one]
        self._done()

    def remove(self, name: str) -> None:
        self._path(name).unlink()
        del self.files[name]
        self.left.add(name)
        self._done()

    def move_folder(self, folder: str, target: str) -> None:
        (self.place / folder).rename(self.place / target)
        inside = [name for name in self.files if name.startswith(folder + "/")]
        self.left.update(inside)
        for name in inside:
            self.files[target + name.removeprefix(folder)] = self.files.pop(name)
        self._done()

    def stamp(self, name: str, how: str) -> None:
        """Let it look different; its content stays."""
        path = self._path(name)
        if how == "chmod":
            path.chmod(path.stat().st_mode ^ 0o040)
        else:
            moment = {"now": time.time(), "1980": 315532800.0, "future": time.time() + 4e7}[how]
            os.utime(path, (moment, moment))
        self._done()

    def go_away(self, *, leaving_an_empty_folder: bool) -> None:
        """As a share does: with its mount point, or from its mount point."""
        if self.place == self._root:
            self.place = self._root.rename(self._aside)
            if leaving_an_empty_folder:
                self._root.mkdir()
                self.left.update(self.files)

    def come_back(self) -> None:
        if self.place != self._root:
            with contextlib.suppress(FileNotFoundError):
                self._root.rmdir()
            self.place = self._aside.rename(self._root)

    def _path(self, name: str) -> Path:
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _done(self) -> None:
        """Remember, and wait for the file system's next tick: two changes within one look the same."""
        for name, file in self.files.items():
            self.last[name] = file.data
            self.ever[name].add(sha256_of(file.data))
        before = self._probe.stat().st_ctime_ns
        while self._probe.stat().st_ctime_ns == before:
            os.utime(self._probe)


class Workers(PaperJudge):
    """Workers on paper that say the truth, or die; nothing that has a result, or is in hand, is given to them again."""

    def __init__(self, has_result: Callable[[bytes], bool]) -> None:
        super().__init__()
        self._has_result = has_result
        self.next: list[BaseException] = []  # what becomes of those that are handed in next
        self.deaths: Counter[bytes] = Counter()
        self.alone: Counter[bytes] = Counter()

    def submit(self, data: bytes, declared: Population | None) -> Future[Outcome]:
        assert all(data != held for held, _, _ in self.held), "it is in hand already"
        assert not self._has_result(data), "it has a result already"
        return super().submit(data, declared)

    def fail(self, which: int, error: BaseException) -> None:
        """Let the worker that holds a film die, or the one that gets the next."""
        if self.held:
            data, _, future = self.held.pop(which % len(self.held))
            self._die(data, future, error)
        else:
            self.next.append(error)

    def lose(self) -> None:
        """The process that submitted ended, and its workers with it."""
        self.held.clear()

    def _answer(self, data: bytes, declared: Population | None, future: Future[Outcome]) -> None:
        outcome = truth(data)
        if self.next:
            self._die(data, future, self.next.pop())
        elif outcome is None:
            self._die(data, future, ProcessExpired("gone", code=-9))
        else:
            self.proven = True
            future.set_result(outcome)

    def restart(self) -> None:
        if self.proven:  # a pool that had worked was broken by a film: each that it had may be the one
            self.deaths.update(data for data, _, _ in self.held)
            self.alone.update(data for data, _, _ in self.held if len(self.held) == 1)
        super().restart()
        self.proven = False

    def _die(self, data: bytes, future: Future[Outcome], error: BaseException) -> None:
        if self.proven or not isinstance(error, BrokenProcessPool):
            self.deaths[data] += 1
            self.alone[data] += not self.held
        future.set_exception(error)


class Disk:
    """Reads real files, but for those that are told to fail, or that somebody meddles with at that moment."""

    def __init__(self, root: Path, department: Department) -> None:
        self._root, self._department = root, department
        self.problems: dict[str, tuple[ReadProblem, int]] = {}
        self.failures: Counter[str] = Counter()
        self.meddling: dict[str, tuple[str, Callable[[], None]]] = {}

    def read(self, path: Path) -> Content | Unread:
        name = str(path.relative_to(self._root))
        problem, times = self.problems.pop(name, (None, 0))
        if problem is not None and path.exists():
            self.failures[name] += 1
            if times > 1:
                self.problems[name] = problem, times - 1
            elif problem is ReadProblem.UNREADABLE:
                self._department.stamp(name, "chmod")  # that is how it was mended
            return Unread(problem, "the disk says no")
        when, meddle = self.meddling.pop(name, ("", lambda: None))
        if when == "before":
            meddle()
        content = read_file(path)
        if when in {"during", "after"}:
            meddle()
        if when == "during" and isinstance(content, Content) and path.exists():
            after = FileStamp.of(path.lstat())
            if after != content.stamp and after.inode == content.stamp.inode:
                return Unread(ReadProblem.CHANGING, "it changed while it was read", after)
        return content


class Refusal:
    """A store whose n-th write from now on fails, a few times in a row."""

    def __init__(self, house: House) -> None:
        self._write = house.store.write
        self._after, self._times, self._how = 0, 0, ""
        house.store.write = self.write  # type: ignore[method-assign]

    def arm(self, after: int, times: int, how: str) -> None:
        self._after, self._times, self._how = after, times, how

    @contextlib.contextmanager
    def write(self) -> Iterator[Any]:
        how = ""
        if self._times and self._after:
            self._after -= 1
        elif self._times:
            self._times -= 1
            how = self._how
        error = StoreError("write to the database", None, "the disk is full", "make room")
        if how == "at the beginning":
            raise error
        with self._write() as tx:
            yield tx
            if how == "at the end":
                raise error
        if how == "after the commit":
            raise error


class SteppedClock(TurnedClock):
    """A clock whose wall time somebody steps; its monotonic time does not care."""

    step = timedelta()

    @property
    def clock(self) -> Clock:
        turned = super().clock
        return Clock(lambda: turned.now() + self.step, turned.monotonic)
