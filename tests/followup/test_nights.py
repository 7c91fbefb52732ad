"""Thirty nights of a department that tells of its reads by every way there is: the list empties."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
from builders.bundles import tiny_document
from builders.intake import IDENTITY, House

from daemon.chores import EVERY, Chores
from daemon.queue_settings import QueueSettings, RisSettings
from daemon.root_settings import RootSettings
from daemon.settings import Settings
from daemon.triage.order import order
from daemon.triage.site import Department
from daemon.waiting import account_of, served_of, waiting_studies
from db import studies
from db.states import ReadSource, Verdict

NIGHTS: Final = 30
EXPIRE: Final = 3  # days
DAY: Final = 86400.0
WAYS: Final = {"csv": 70, "click": 8, "verdict": 8, "removal": 8, "nobody": 6}  # of 100 studies


class Ward:
    """A department of its own: it reads from the top of the list, and tells of each study in one of the ways."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self.house, self.chance = house, chance
        self.table = house.folder / "reads.csv"
        self.rows: list[str] = []
        self.ways: Counter[str] = Counter()
        self.ignored = set[str]()  # what nobody will tell of
        root = RootSettings(path=house.incoming, read_when_removed=True)
        settings = Settings(root=(root,), ris=RisSettings(reads=self.table), queue=QueueSettings(expire_days=EXPIRE))
        self.chores = Chores(settings, IDENTITY)

    @property
    def now(self) -> datetime:
        return self.house.time.clock.now()

    def listed(self) -> list[tuple[str, Path]]:
        """The list as it is shown: study and film, in order."""
        with self.house.store.read() as tx:
            found = order(waiting_studies(tx, Department(), self.now), served_of(tx, Department()))
            return [(study.study, Path(study.images[0].path)) for study in found]

    def read_one(self) -> None:
        """The first study of which somebody will tell."""
        key, film = next(entry for entry in self.listed() if entry[0] not in self.ignored)
        way = self.chance.choices(list(WAYS), list(WAYS.values()))[0]
        self.ways[way] += 1
        if way == "csv":
            self.rows.append(f"{film},{self.now.isoformat()}")
        elif way == "removal":
            film.unlink()
        elif way != "nobody":
            with self.house.store.write() as tx:
                study = studies.resolve(tx, key)
                assert study is not None
                if way == "click":
                    studies.add_read(tx, study.id, read_at=self.now, now=self.now, source=ReadSource.COMMAND)
                else:
                    studies.add_review(tx, study.id, Verdict.NOT, by=None, note=None, now=self.now)
        self.ignored.add(key)

    def export(self) -> None:
        """The RIS writes its table anew: all that was read so far, with rows that are of no use."""
        rows = [*self.rows, "A-of-another-modality,2026-01-01T00:00", "no time at all,"]
        self.chance.shuffle(rows)
        self.table.write_text("file,read_at\n" + "\n".join(rows) + "\n", encoding="utf-8")
        os.utime(self.table, (stamp := self.now.timestamp(), stamp))

    def chore(self) -> None:
        self.house.time.turn(EVERY.total_seconds() + 1)
        self.chores(self.house.store, self.now)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_list_empties_though_nobody_marks_each_study_by_hand(house: House, seed: int) -> None:
    """Every night all arrivals are counted, each study that waits is once on the list, and only what nobody told of is
    left; days after the last film the list is empty."""
    ward, intake = Ward(house, random.Random(seed)), house.intake()
    with house.store.write() as tx:
        tx.exec_driver_sql("UPDATE bundle SET document = ?", (json.dumps(tiny_document()),))
    seen = 0
    for night in range(NIGHTS):
        came = ward.chance.randint(2, 7)
        for number in range(came):
            house.write(f"{night}-{number}.jpg", f"{night}-{number}".encode())
        seen += came
        house.pass_(intake)
        for _ in range(sum(key not in ward.ignored for key, _ in ward.listed())):
            ward.read_one()
        ward.export()
        house.pass_(intake)
        house.time.turn(DAY / 2)
        for _ in range(3):  # it changed, it keeps still, and a file that is gone may be on its way to another name
            ward.chore()
        left = [key for key, _ in ward.listed()]
        assert len(left) == len(set(left))
        assert len(left) <= ward.ways["nobody"]
        with house.store.read() as tx:
            account = account_of(tx)
        assert (account["seen"], account["balanced"]) == (seen, True)
        house.time.turn(DAY / 2)
    assert ward.ways["csv"] / ward.ways.total() == pytest.approx(0.7, abs=0.12)
    assert all(ward.ways[way] for way in WAYS)
    house.time.turn((EXPIRE + 1) * DAY)
    ward.chore()
    assert ward.listed() == []
    with house.store.read() as tx:
        expired = tx.exec_driver_sql("SELECT count(*) FROM read_event WHERE source = 'expired'").scalar_one()
    assert expired == ward.ways["nobody"]
