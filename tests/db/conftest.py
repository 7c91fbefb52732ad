"""Stores for the tests of `db`, and a hand that fills them; a fresh store is a copy of one that was migrated once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from db import arrivals, results, roots, studies
from db.records import Arrival, FileStamp, FilmFacts, Result, Root, Study
from db.states import State
from db.store import Store, open_store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STAMP = FileStamp(size=100, mtime_ns=1, ctime_ns=2, inode=3, device=4)


@dataclass
class Films:
    """Fills a store with films that went their way, one root at /in."""

    tx: Connection
    now: datetime = NOON
    root: Root = field(init=False)
    bundle_id: int = field(init=False)

    def __post_init__(self) -> None:
        self.root = roots.ensure_root(self.tx, "/in", self.now)
        self.bundle_id = results.ensure_bundle(
            self.tx, model_sha256="m" * 64, name="tiny", preprocessing=1, document="{}", now=self.now
        )

    def seen(self, path: str, *, generation: int = 1, now: datetime | None = None, backlog: bool = False) -> Arrival:
        return arrivals.add(
            self.tx, self.root.id, path, generation, STAMP, now or self.now, backlog=backlog, reason="found"
        )

    def study(self, group: str, accession: str | None = None) -> Study:
        return studies.ensure(self.tx, group, self.now, accession=accession)

    def result(self, content: str, logit: float = 0.0) -> Result:
        found = results.find(self.tx, content, "m" * 64, 1)
        return found or results.add(
            self.tx,
            content_sha256=content,
            model_sha256="m" * 64,
            preprocessing=1,
            logit=logit,
            map=None,
            bundle_id=self.bundle_id,
            scored_at=self.now,
            milliseconds=5.0,
        )

    def scored(
        self,
        path: str,
        content: str | None = None,
        *,
        group: str | None = None,
        logit: float = 0.0,
        now: datetime | None = None,
        generation: int = 1,
        accession: str | None = None,
    ) -> Arrival:
        content = content or f"content of {path}"
        arrival = self._on_its_way(path, generation, now)
        return arrivals.move(
            self.tx,
            arrival.id,
            State.SCORED,
            now or self.now,
            "scored",
            sha256=content,
            study_id=self.study(group or content, accession).id,
            result_id=self.result(content, logit).id,
            facts=FilmFacts(format="dicom", population="adults", tier="tagged", age_years=40.5, view="PA"),
        )

    def ended(self, path: str, state: State, *, group: str | None = None, now: datetime | None = None) -> Arrival:
        """Refused or failed."""
        arrival = self._on_its_way(path, 1, now)
        content = f"content of {path}"
        return arrivals.move(
            self.tx,
            arrival.id,
            state,
            now or self.now,
            "done",
            code="view",
            message="it is a lateral view",
            sha256=content,
            study_id=self.study(group or content).id,
        )

    def duplicate(self, path: str, of: Arrival, now: datetime | None = None) -> Arrival:
        arrival = self._on_its_way(path, 1, now)
        return arrivals.move(
            self.tx, arrival.id, State.DUPLICATE, now or self.now, "known", sha256=of.sha256, duplicate_of=of.id
        )

    def _on_its_way(self, path: str, generation: int, now: datetime | None) -> Arrival:
        arrival = self.seen(path, generation=generation, now=now)
        for state in (State.SETTLING, State.READY, State.RUNNING):
            arrivals.move(self.tx, arrival.id, state, now or self.now, "next")
        return arrival


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store, migrated once for all tests."""
    file = tmp_path_factory.mktemp("template") / "empty.db"
    open_store(str(file), create=True).close()
    return file


@pytest.fixture
def file(template: Path, tmp_path: Path) -> Path:
    """The file of an empty store of this test alone."""
    return Path(shutil.copy(template, tmp_path / "cxr-triage.db"))


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    """An empty store of this test alone."""
    with open_store(str(file), create=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_store(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An empty store for property tests, which leave it empty: they commit nothing."""
    shared = shutil.copy(template, tmp_path_factory.mktemp("shared") / "shared.db")
    with open_store(str(shared), create=False) as opened:
        yield opened


@pytest.fixture
def tx(store: Store) -> Iterator[Connection]:
    """A writing transaction on an empty store."""
    with store.write() as connection:
        yield connection


@pytest.fixture
def films(tx: Connection) -> Films:
    return Films(tx)


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture(scope="session")
def filler() -> type[Films]:
    """The hand itself, for tests that open their own transactions."""
    return Films
