"""A department that writes films, in every way that files arrive, while nobody asks whether the daemon is up.

It remembers what it did, so that afterwards each file can be asked for. Every choice comes from its seed.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

from faults.films import Films


class Way(StrEnum):
    """How a file came or went."""

    CREATED = "created"  # under its name, in pieces, then closed
    RENAMED_IN = "renamed into place"  # complete, from a temporary name
    OVERWRITTEN = "overwritten"  # in place, other content in pieces
    REPLACED = "replaced"  # by a rename onto its name
    DELETED = "deleted"
    RENAMED = "renamed"
    COPIED = "copied"  # the same content under another name as well


CONTENT_WAYS: Final = {Way.CREATED: 40, Way.RENAMED_IN: 25, Way.OVERWRITTEN: 20, Way.REPLACED: 15}
OTHER_WAYS: Final = {Way.DELETED: 0.40, Way.RENAMED: 0.08, Way.COPIED: 0.04}  # chances after each content
FOLDERS: Final = ("", "", "ward", "ward/evening", "emergency", "2026/11/22")
RECENT: Final = 20  # a quarter of what is changed, deleted or renamed came so recently that nobody may have read it
FEW: Final = 40  # files, below which none is changed or deleted: most would go before anybody could read them
HASTE: Final = 40  # contents behind its pace, from which on it writes without a pause


class Writer(threading.Thread):
    """Writes `count` contents, each once, as fast as `pace` lets it."""

    def __init__(self, films: Films, count: int, root: Path, seed: int, pace: Callable[[], int]) -> None:
        """Make a writer; `start` lets it begin.

        Args:
            films: by number.
            count: how many of them.
            root: the folder they arrive in.
            seed: of every choice.
            pace: how many may have been written by now.
        """
        super().__init__(name="writer", daemon=True)
        self._films, self._count, self._root, self._pace = films, count, root, pace
        self._chance = random.Random(f"{seed} writer")
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._since: dict[str, float] = {}
        self.here: dict[str, int] = {}
        self.ways: Counter[Way] = Counter()
        self.written = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        """Write until all is written or `stop` was called."""
        try:
            while self.written < self._count and not self._ending.is_set():
                behind = min(self._pace(), self._count) - self.written
                if behind <= 0:
                    self._ending.wait(0.01)
                    continue
                self._one(self.written)
                self.written += 1
                self._something_else()
                if behind < HASTE:
                    self._ending.wait(self._chance.expovariate(12.0))
        except BaseException as error:
            self.error = error
            raise

    def stop(self) -> None:
        """End it after the file in hand."""
        self._ending.set()
        self.join()

    def there_since(self, moment: float) -> set[str]:
        """Paths at which a closed file lay all the time since a moment (time.time())."""
        with self._lock:
            return {path for path, since in self._since.items() if since < moment}

    def _one(self, number: int) -> None:
        [way] = self._chance.choices(list(CONTENT_WAYS), list(CONTENT_WAYS.values()))
        if way in {Way.OVERWRITTEN, Way.REPLACED} and len(self.here) < FEW:
            way = Way.CREATED
        data = self._films.data(number)
        path = self._some() if way in {Way.OVERWRITTEN, Way.REPLACED} else self._new_name(f"{number:05d}")
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if way in {Way.CREATED, Way.OVERWRITTEN}:
            self._write(target, data)
        else:
            part = target.with_name(f"{target.name}.part")
            self._write(part, data)
            part.rename(target)
        self._came(path, number)
        self.ways[way] += 1

    def _write(self, path: Path, data: bytes) -> None:
        pieces = self._chance.randint(1, 4)
        size = len(data) // pieces + 1
        with path.open("wb", buffering=0) as stream:
            for start in range(0, len(data), size):
                stream.write(data[start : start + size])
                if self._chance.random() < 0.3:
                    time.sleep(self._chance.uniform(0.0, 0.03))

    def _something_else(self) -> None:
        for way, share in OTHER_WAYS.items():
            if self._chance.random() >= share or len(self.here) < FEW:
                continue
            path = self._some()
            number = self.here[path]
            if way is Way.COPIED:
                other = self._new_name(f"{number:05d}-{way.value}")
                self._write(self._root / other, self._films.data(number))
                self._came(other, number)
            else:
                self._went(path)
                if way is Way.DELETED:
                    (self._root / path).unlink()
                else:
                    other = self._new_name(f"{number:05d}-{way.value}")
                    (self._root / path).rename(self._root / other)
                    self._came(other, number)
            self.ways[way] += 1

    def _some(self) -> str:
        """A path that is there; now and then one of the newest."""
        paths = list(self.here)
        return self._chance.choice(paths[-RECENT:] if self._chance.random() < 0.25 else paths)

    def _new_name(self, stem: str) -> str:
        """A name that no file has or had; now and then in a folder that is new as well."""
        folder = self._chance.choice(FOLDERS)
        if self._chance.random() < 0.002:
            folder = f"{folder}/patients-{stem}".strip("/")
        name = f"{stem}-{self._chance.randrange(1 << 32):08x}"
        path = f"{folder}/{name}" if folder else name
        (self._root / path).parent.mkdir(parents=True, exist_ok=True)
        return path

    def _came(self, path: str, number: int) -> None:
        with self._lock:
            self.here.pop(path, None)  # so that the newest come last
            self.here[path] = number
            self._since.setdefault(path, time.time())

    def _went(self, path: str) -> None:
        with self._lock:
            del self.here[path]
            del self._since[path]
