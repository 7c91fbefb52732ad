"""A real daemon over one folder, and what its database says of every film: what the tests with real parts share."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from builders.bundles import tiny_bundle
from builders.films import grey_film, jpeg
from builders.program import Program, Running

LONG: Final = os.environ.get("CXR_TRIAGE_FAULTS") == "long"
SEED: Final = "CXR_TRIAGE_FAULT_SEED"
PERIOD: Final = 1.0  # seconds between two rescans, where a test says nothing else
SETTLE: Final = 0.5
PATIENCE: Final = 45.0  # seconds that a test waits for what takes a few
_PENDING: Final = "SELECT id, state FROM arrival WHERE state IN ('seen', 'settling', 'ready', 'running')"
LOAD: Final = 2.0  # seconds that a busy machine may add to what is measured


def dice() -> random.Random:
    """Chance that can be had again: its seed is printed, and taken from the environment where it is given."""
    seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(1 << 32))
    print(f"{SEED}={seed}")
    return random.Random(seed)


def film(seed: int) -> bytes:
    """A whole film; other seeds give other bytes."""
    return jpeg(grey_film(seed=seed))


def films(count: int, start: int = 0, name: str = "f") -> dict[str, bytes]:
    """Films of distinct content, by name."""
    return {f"{name}{number:04}.jpg": film(start + number) for number in range(count)}


@dataclass(frozen=True, slots=True)
class Row:
    """One arrival."""

    path: str
    generation: int
    state: str
    code: str | None
    sha256: str | None
    removed_at: str | None

    @property
    def here(self) -> bool:
        """Whether it has a score, its own or that of the same content under another name, and its file is there."""
        return self.state in {"scored", "duplicate"} and self.removed_at is None


@dataclass(frozen=True, slots=True)
class Blind:
    """A time in which the root could not be seen; `ended` is None while it cannot."""

    began: datetime
    ended: datetime | None
    cause: str


@dataclass(frozen=True, slots=True)
class Ward:
    """One watched folder, the program that watches it, and the database that it keeps."""

    program: Program
    incoming: Path
    database: Path

    @classmethod
    def at(
        cls,
        folder: Path,
        *,
        incoming: Path | None = None,
        database: Path | None = None,
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        **root: Any,
    ) -> Ward:
        """Write the configuration; `root` adds to or replaces keys of its `[[root]]`."""
        home = folder / "home"
        home.mkdir()
        incoming, database = incoming or folder / "incoming", database or home / "t.db"
        incoming.mkdir(exist_ok=True)
        keys = {"path": os.fspath(incoming), "settle_seconds": SETTLE, "rescan_seconds": PERIOD, **root}
        lines = ["[store]", f"url = {_toml(os.fspath(database))}", "[[root]]"]
        lines += [f"{key} = {_toml(value)}" for key, value in keys.items()]
        (home / "config.toml").write_text("\n".join(lines) + "\n")
        bundle = tiny_bundle(folder / "tiny")
        return cls(Program(home, bundle, environment or {}, prefix), incoming, database)

    @contextmanager
    def watching(self) -> Iterator[Running]:
        """The daemon, once it watches; killed at the end if nobody ended it."""
        with self.program.started("--config", "config.toml", "watch") as running:
            try:
                running.wait_for("event=watching")
                yield running
            finally:
                print(running.said())

    def rows(self) -> list[Row]:
        """Every arrival, by path and generation."""
        text = "SELECT path, generation, state, code, sha256, removed_at FROM arrival ORDER BY path, generation"
        return [Row(os.fsdecode(path), *rest) for path, *rest in self.ask(text)]

    def newest(self) -> dict[str, Row]:
        """The newest arrival of each path."""
        return {row.path: row for row in self.rows()}

    def root_state(self) -> str:
        """What the database says of the root."""
        return str(self.ask("SELECT state FROM root")[0][0])

    def blind(self) -> list[Blind]:
        """The times in which the root could not be seen."""
        return [
            Blind(datetime.fromisoformat(began), datetime.fromisoformat(ended) if ended else None, cause)
            for began, ended, cause in self.ask("SELECT began_at, ended_at, cause FROM blind_span ORDER BY id")
        ]

    def ask(self, text: str, *values: Any) -> list[Any]:
        """Ask the database."""
        with closing(sqlite3.connect(self.database, timeout=PATIENCE)) as connection:
            return connection.execute(text, values).fetchall()

    def put(self, files: Mapping[str, bytes], folder: Path | None = None) -> None:
        """Write films, into the root or elsewhere."""
        for name, data in files.items():
            path = (folder or self.incoming) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def wait_for_scores(self, running: Running, files: Mapping[str, bytes]) -> None:
        """Wait until each of these contents is the newest at its path, and scored."""
        wanted = {name: sha(data) for name, data in files.items()}

        def missing() -> list[str]:
            found = self.newest()
            return [
                f"{name}: {found.get(name)}"
                for name, content in wanted.items()
                if name not in found or found[name].sha256 != content or not found[name].here
            ]

        wait(lambda: not missing(), lambda: f"scores; not yet: {missing()[:5]}", running)

    def check(self, files: Mapping[str, bytes], earlier: Iterable[bytes] = ()) -> None:
        """Nothing was lost, scored twice or scored from part of its bytes, and the account holds; the daemon has ended.

        Args:
            files: what lies in the root at the end, all of it films.
            earlier: other contents that were whole at some time.
        """
        rows = self.rows()
        here = {row.path: row.sha256 for row in self.newest().values() if row.here}
        assert here == {path: sha(data) for path, data in files.items()}
        whole = {sha(data) for data in [*files.values(), *earlier]}
        assert [row for row in rows if row.state == "scored" and row.sha256 not in whole] == []
        assert {content for (content,) in self.ask("SELECT content_sha256 FROM result")} <= whole
        scored = Counter(i for (i,) in self.ask("SELECT arrival_id FROM history WHERE to_state = 'scored'"))
        assert [arrival for arrival, count in scored.items() if count > 1] == []
        account = self.program.run("account", "--verify", "--format", "json", "--db", self.database)
        document = account.document
        assert (account.code, document["discrepancies"], document["unseen"], document["pending"]) == (0, [], 0, 0)

    def state(self, name: str) -> str | None:
        """The state of the newest arrival at a path."""
        row = self.newest().get(name)
        return row.state if row else None

    def waits(self, name: str) -> bool:
        """Whether the newest arrival at a path waits to be tried again."""
        text = "SELECT not_before FROM arrival WHERE path = ? ORDER BY generation DESC LIMIT 1"
        return any(later is not None for (later,) in self.ask(text, os.fsencode(name)))

    def failures(self) -> list[Row]:
        """The arrivals that ended as failed or refused, or did and were superseded."""
        return [row for row in self.rows() if row.state in {"failed", "refused"} or row.code is not None]


def check_blind(ward: Ward, *outages: float) -> None:
    """The blind spans are over, and as long as the outages to within one rescan period for each.

    Each end is noticed up to a period late, on a busy machine a little later.
    """
    spans = sorted(ward.blind(), key=lambda span: span.began)
    assert spans
    told, reached = 0.0, spans[0].began
    for span in spans:  # two that overlap count once
        assert span.ended is not None, spans
        told += max(0.0, (span.ended - max(span.began, reached)).total_seconds())
        reached = max(reached, span.ended)
    print(f"blind: {told:.2f} s told, {sum(outages):.2f} s meant, {len(outages)} outages; {spans}")
    assert abs(told - sum(outages)) <= (PERIOD + LOAD) * len(outages), spans


def wait(happened: Callable[[], object], what: Callable[[], object], running: Running) -> None:
    """Look again and again until something happened; fails when it does not, or the daemon is gone."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert running.alive(), f"it ended while waiting for {what()}"
        assert time.monotonic() < deadline, f"waited in vain for {what()}"
        time.sleep(0.05)


def said(running: Running, event: str, times: int = 1) -> None:
    """Wait until the log has told of an event so often."""
    line = f'event="{event}"'
    wait(lambda: running.said().count(line) >= times, lambda: f"{event!r}, {times} times", running)


def quiet(ward: Ward, running: Running) -> None:
    """Wait for a rescan that began after everything was written: nothing is newer than what the daemon saw then."""
    told = "SELECT rescan_ended_at FROM root"
    for _ in range(2):
        before = ward.ask(told)
        wait(lambda before=before: ward.ask(told) != before, lambda: "another rescan", running)
    wait(lambda: not ward.ask(_PENDING), lambda: f"nothing pending: {ward.ask(_PENDING)}", running)


def end(running: Running) -> None:
    """End the daemon as a service manager does."""
    assert running.terminate() == 0
    assert "Traceback" not in running.said()


def sha(data: bytes) -> str:
    """The sha256 of a content, in hex."""
    return hashlib.sha256(data).hexdigest()


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else str(value)
