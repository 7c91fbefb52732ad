"""Thirty nights of arrivals and reads: whatever way each is told, the list empties, and nothing leaves it unasked."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from builders.ward import MARKER, NOW, Ward
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from daemon.followup.closing import GRACE, close_studies
from daemon.followup.ris import take_in
from db import arrivals, queue, schema, studies
from db.identity import Identifiers, Identity
from db.records import Arrival
from db.roots import roots
from db.states import ReadSource, Verdict
from db.store import Store, open_store

NIGHTS: Final = 30
EXPIRE: Final = timedelta(days=14)
IDENTITY: Final = Identity(Identifiers.ACCESSION, None)


class Department:
    """Films come by day, and each is read in one of the ways in which the store hears of it, or never."""

    def __init__(self, store: Store, folder: Path, seed: int) -> None:
        self.store, self.folder, self.random = store, folder, random.Random(seed)
        self.ways: dict[int, tuple[str, datetime]] = {}  # study -> how it is read, and when
        self.films: dict[int, Arrival] = {}
        self.accessions: dict[int, str] = {}
        self.left: set[int] = set()
        self.number = 0

    def day(self, now: datetime) -> None:
        """New films; each reader takes hours or days."""
        with self.store.write() as tx:
            for _ in range(self.random.randrange(8)):
                self.number += 1
                film = Ward(tx, now).film(self.number, self.random.uniform(-9, 9), at=now)
                assert film.study_id is not None
                self.films[film.study_id] = film
                self.accessions[film.study_id] = f"{MARKER}-accession-{self.number}"
                others = ("removed", "click", "verdict", "never")
                way = "table" if self.random.random() < 0.7 else self.random.choice(others)
                self.ways[film.study_id] = way, now + timedelta(hours=self.random.uniform(1, 72))

    def night(self, now: datetime) -> None:
        """What was read by now is told, in the ways of the department; then the service looks after its list."""
        due = [number for number, (way, at) in self.ways.items() if at <= now and number not in self.left]
        table = self.folder / "reads.csv"
        told = [number for number in due if self.ways[number][0] == "table"]
        rows = [f"{self.accessions[number]},{self.ways[number][1].isoformat()}" for number in told]
        table.write_text("\n".join(["accession,read_at", *rows, ""]), "utf-8")
        found = take_in(self.store, IDENTITY, table, ZoneInfo("UTC"), {}, now)
        assert (found.marked, found.unknown, found.faults) == (len(told), 0, "")
        with self.store.write() as tx:
            for number in due:
                way, at = self.ways[number]
                if way == "removed":
                    arrivals.mark_removed(tx, self.films[number].id, at)
                elif way == "click":
                    studies.add_read(tx, number, read_at=at, now=now, source=ReadSource.COMMAND)
                elif way == "verdict":
                    studies.add_review(tx, number, self.random.choice(list(Verdict)), now, at=at)
            close_studies(tx, {root.id for root in roots(tx)}, EXPIRE, now + GRACE)
        self.left |= {number for number in due if self.ways[number][0] != "never"}
        self.left |= {number for number, film in self.films.items() if film.arrived_at <= now + GRACE - EXPIRE}

    def waiting(self) -> set[int]:
        with self.store.read() as tx:
            return {image.study_id for image in queue.waiting(tx)}


@given(st.integers(0, 10**6))
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_thirty_nights_and_the_list_empties(blank: Path, seed: int) -> None:
    """Seven reads in ten by the RIS: each night what was read is gone, and all else waits; at last nothing does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy2(blank, folder / "t.db")
        with open_store(str(folder / "t.db"), create=False) as store:
            department = Department(store, folder, seed)
            night = NOW
            for _ in range(NIGHTS):
                department.day(night - timedelta(hours=6))
                department.night(night)
                assert department.waiting() == set(department.films) - department.left
                night += timedelta(days=1)
            while night < NOW + timedelta(days=NIGHTS) + EXPIRE + timedelta(days=1):
                department.night(night)
                night += timedelta(days=1)
            assert department.waiting() == set()
            with store.read() as tx:
                event = schema.read_event.c
                sources = Counter(tx.execute(select(event.source, event.study_id).distinct()).scalars())
            assert sources[ReadSource.EXPIRED] == sum(way == "never" for way, _ in department.ways.values())
            assert sources[ReadSource.CSV] == sum(way == "table" for way, _ in department.ways.values())
