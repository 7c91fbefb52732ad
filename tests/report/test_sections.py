"""Whatever happened before: the report counts every arrival, and lists every waiting study and unscored film once."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from builders.bundles import tiny_document
from builders.intake import House, failed, refused
from builders.schemas import faults
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from daemon.report.build import Report, build_report
from daemon.report.data import render_json
from daemon.report.gather import gather
from daemon.settings import Settings
from db import studies
from db.states import ReadSource

NAMES = ("a", "b", "sub/c", "d")
CONTENTS = (b"one", b"two", b"lateral", b"broken", b"three", b"oblique")

names, contents = st.sampled_from(NAMES), st.sampled_from(CONTENTS)
# Most of what is written is also scored: histories of which nothing comes would prove little.
happenings = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["write", "arrive", "arrive", "arrive"]), names, contents),
        st.tuples(st.sampled_from(["remove", "rename", "pass", "seen"]), names, contents),
        st.tuples(st.sampled_from(["read", "withdraw", "restart", "night"]), names, contents),
    ),
    max_size=20,
)


class Story:
    """A folder with films, those who read them, and the process that looks after it."""

    def __init__(self, house: House) -> None:
        (house.incoming / "sub").mkdir()
        house.judge.answers = {b"lateral": refused(), b"oblique": refused("oblique"), b"broken": failed()}
        self.house, self.intake = house, house.intake()
        with house.store.write() as tx:
            tx.execute(text("UPDATE bundle SET document = :document"), {"document": json.dumps(tiny_document())})

    def happens(self, what: str, name: str, data: bytes) -> None:
        path, now = self.house.incoming / name, self.house.time.clock.now
        match what:
            case "write":
                path.write_bytes(data)
            case "arrive":
                path.write_bytes(data)
                self.house.pass_(self.intake)
            case "remove":
                path.unlink(missing_ok=True)
            case "rename" if path.exists():
                path.rename(self.house.incoming / f"{data.decode()}.dcm")
            case "pass":
                self.house.pass_(self.intake)
            case "seen":
                self.house.rescan(self.intake)
            case "night":
                self.house.time.turn(9 * 3600)
            case "restart":
                self.intake = self.house.intake()
            case "read" | "withdraw":
                with self.house.store.write() as tx:
                    found = studies.resolve(tx, str(path))
                    if found is not None and what == "read":
                        self.house.time.turn(1)
                        studies.add_read(tx, found.id, read_at=now(), now=now(), source=ReadSource.COMMAND, by="kl")
                    elif found is not None:
                        tx.execute(
                            text("UPDATE arrival SET withdrawn_at = arrived_at WHERE study_id = :id"), {"id": found.id}
                        )

    def report(self) -> Report:
        now = self.house.time.clock.now() + timedelta(seconds=1)
        with self.house.store.read() as tx:
            span = (now - timedelta(days=1), now)
            inputs = gather(tx, Settings(), date(2026, 11, 22), span, now, now, self.house.identity)
        return build_report(inputs)


@given(happenings)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_nothing_is_missing_from_the_report_and_nothing_is_listed_twice(
    blank: Path, happened: list[tuple[str, str, bytes]]
) -> None:
    """After any history, held against plain SQL: A, B, C, D and the withdrawn."""
    with tempfile.TemporaryDirectory() as folder:
        house = House.in_(Path(folder, "house"), blank)
        try:
            story = Story(house)
            for what, name, data in happened:
                story.happens(what, name, data)
            report = story.report()
            every_arrival_is_counted(house, report)
            assert faults("report-1", json.loads("".join(render_json(report)))) == []
            every_waiting_study_is_listed_once(house, report)
            every_film_without_a_score_is_listed(house, report)
            what_is_overdue_is_listed(report)
        finally:
            house.store.close()


def every_arrival_is_counted(house: House, report: Report) -> None:
    states = Counter(str(arrival.state) for arrival in house.arrivals())
    final = ("scored", "refused", "failed", "duplicate", "superseded", "vanished")
    assert report.account["seen"] == sum(states.values())
    assert report.account["balanced"]
    assert {name: report.account[name] for name in final} == {name: states[name] for name in final}
    assert report.account["pending"] == sum(states.values()) - sum(states[name] for name in final)


def every_waiting_study_is_listed_once(house: House, report: Report) -> None:
    """A study waits from its newest live film on (of one withdrawn whole: from its newest film on) until a read."""
    waiting, taken_back = set(), set()
    with house.store.read() as tx:
        for study, key in tx.execute(text("SELECT id, key FROM study")):
            films = [
                (arrived, withdrawn)
                for arrived, withdrawn in tx.execute(
                    text(
                        "SELECT arrived_at, withdrawn_at FROM arrival"
                        " WHERE study_id = :id AND state IN ('scored', 'refused', 'failed')"
                    ),
                    {"id": study},
                )
            ]
            if not films:
                continue
            live = [arrived for arrived, withdrawn in films if withdrawn is None]
            newest = max(live or [arrived for arrived, _ in films])
            reads = tx.execute(text("SELECT recorded_at FROM read_event WHERE study_id = :id"), {"id": study}).scalars()
            if all(recorded < newest for recorded in reads):
                (waiting if live else taken_back).add(key)
    listed = [entry["study"] for entry in report.entries()]
    assert Counter(listed) == Counter(waiting)
    assert Counter(line.study for line in report.lines) == Counter(waiting)
    assert Counter(line.study for line in report.withdrawn) == Counter(taken_back)
    assert [line.rank for line in report.lines] == list(range(1, len(waiting) + 1))


def every_film_without_a_score_is_listed(house: House, report: Report) -> None:
    """Of the studies that wait, until each is closed; a removed file counts where nothing else has its content."""
    waiting = {line.study for line in report.lines}
    with house.store.read() as tx:
        rows = tx.execute(
            text(
                "SELECT root.path || '/' || arrival.path, study.key FROM arrival JOIN study ON study.id = study_id"
                " JOIN root ON root.id = root_id WHERE arrival.state IN ('refused', 'failed') AND withdrawn_at IS NULL"
                " AND (arrival.removed_at IS NULL OR NOT EXISTS (SELECT 1 FROM arrival AS twin WHERE twin.sha256 ="
                " arrival.sha256 AND twin.id != arrival.id AND twin.removed_at IS NULL"
                " AND twin.study_id = arrival.study_id AND twin.state IN ('scored', 'refused', 'failed')))"
            )
        )
        expected = Counter(path for path, study in rows if study in waiting)
    assert Counter(entry["path"] for entry in report.frame["not_scored"]) == expected
    assert report.unscored_total == len(report.unscored) == sum(expected.values())


def what_is_overdue_is_listed(report: Report) -> None:
    """Routine studies may wait for eight hours; what lay there at the first scan is never overdue."""
    limit = report.written_at - timedelta(hours=8)
    overdue = [line.study for line in report.lines if line.arrived_at < limit and not line.backlog]
    assert [late.line.study for late in report.overdue] == overdue
    assert report.overdue_total == len(overdue)
