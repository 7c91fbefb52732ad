"""Metrics, read back by Prometheus' own parser from a real store."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection

from daemon.clock import Clock
from daemon.errors import DaemonError
from daemon.intake.selection import Selection
from daemon.service.metrics import MetricsFile, text_of, write_text
from db import arrivals, blind, results, roots, runs
from db.records import FileStamp, Root
from db.states import RootState, RunKind, State
from db.store import Store, open_store
from models.version import VERSION

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STAMP = FileStamp(size=100, mtime_ns=1, ctime_ns=2, inode=3, device=4)
CANARY = Selection(canary="alive.txt", canary_seconds=600.0).document()
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "triage.db"), create=True) as store:
        yield store


def _read(text: str) -> Series:
    series: Series = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in series
            series[key] = sample.value
    return series


def _series(store: Store, now: datetime = NOW) -> Series:
    with store.read() as tx:
        return _read(text_of(tx, store, now))


def _value(series: Series, name: str, **labels: str) -> float | None:
    return series.get((f"cxr_triage_{name}", frozenset(labels.items())))


def _root(tx: Connection, path: str, *, events: bool = True) -> Root:
    root = roots.ensure_root(tx, path, NOW - timedelta(hours=2))
    roots.mark_rescan_ended(tx, root.id, NOW - timedelta(seconds=20))
    roots.set_events(tx, root.id, events)
    return root


def _scored(tx: Connection, root: Root, number: int, seconds: float, *, ago: timedelta, backlog: bool = False) -> None:
    """A film that came some time ago and was scored so many seconds later."""
    came = NOW - ago
    bundle = results.ensure_bundle(tx, model_sha256="m", name="tiny", preprocessing=1, document="{}", now=NOW)
    result = results.add(
        tx,
        content_sha256=f"{number}",
        model_sha256="m",
        preprocessing=1,
        logit=0.0,
        map=None,
        bundle_id=bundle,
        scored_at=came + timedelta(seconds=seconds),
        milliseconds=5.0,
    )
    arrival = arrivals.add(tx, root.id, f"name{number}", 1, STAMP, came, backlog=backlog, reason="found")
    arrivals.move(tx, arrival.id, State.SCORED, NOW, "done", result_id=result.id)


def _ended(tx: Connection, root: Root, path: str, state: State, code: str | None = None) -> None:
    arrival = arrivals.add(tx, root.id, path, 1, STAMP, NOW - timedelta(seconds=90), backlog=False, reason="found")
    arrivals.move(tx, arrival.id, state, NOW, "done", code=code)


def test_an_empty_store_has_metrics(store: Store) -> None:
    """Nothing ran, so nothing is up; what does not exist has no series."""
    series = _series(store)
    assert _value(series, "daemon_up") == 0
    assert _value(series, "heartbeat_age_seconds") is None
    assert _value(series, "arrivals", state="scored") == 0
    assert _value(series, "pending_oldest_seconds") == 0
    assert _value(series, "build_info", version=VERSION, schema="0010", bundle="") == 1
    assert (_value(series, "disk_free_bytes") or 0) > 0
    assert not [name for name, labels in series if "root" in dict(labels)]


def test_films_are_counted_by_what_became_of_them(store: Store) -> None:
    with store.write() as tx:
        root = _root(tx, "/in")
        _scored(tx, root, 1, 2.0, ago=timedelta(hours=1))
        _ended(tx, root, "a", State.FAILED, "corrupt")
        _ended(tx, root, "b", State.FAILED, "corrupt")
        _ended(tx, root, "c", State.REFUSED, "view")
        _ended(tx, root, "d", State.READY)
    series = _series(store)
    states = {state: _value(series, "arrivals", state=state) for state in State}
    wanted = {State.SCORED: 1, State.FAILED: 2, State.REFUSED: 1, State.READY: 1}
    assert states == {state: wanted.get(state, 0) for state in State}
    assert _value(series, "failed", code="corrupt") == 2
    assert _value(series, "failed", code="view") is None
    assert _value(series, "pending_oldest_seconds") == 90
    assert _value(series, "results_total") == 1


def test_how_long_films_took_is_told_of_those_that_arrived_in_the_last_day(store: Store) -> None:
    """Backlog and what came before do not count."""
    with store.write() as tx:
        root = _root(tx, "/in")
        for seconds in range(1, 102):
            _scored(tx, root, seconds, float(seconds), ago=timedelta(hours=1))
        _scored(tx, root, 500, 9999.0, ago=timedelta(hours=25))
        _scored(tx, root, 501, 9999.0, ago=timedelta(hours=4), backlog=True)
    series = _series(store)
    assert _value(series, "latency_films") == 101
    told = {name: _value(series, "latency_seconds", quantile=name) for name in ("0.5", "0.9", "0.99")}
    assert told == {"0.5": 51, "0.9": 91, "0.99": 100}


def test_one_film_is_its_own_quantile(store: Store) -> None:
    with store.write() as tx:
        _scored(tx, _root(tx, "/in"), 1, 2.5, ago=timedelta(hours=1))
    assert _value(_series(store), "latency_seconds", quantile="0.99") == 2.5


def test_each_root_is_told_of_by_its_id_alone(store: Store) -> None:
    """Its state, its age, how it is watched, its canary and its blind minutes; a retired one is left out."""
    with store.write() as tx:
        run = runs.start(tx, RunKind.WATCH, pid=os.getpid(), host=socket.gethostname(), now=NOW - timedelta(hours=1))
        runs.beat(tx, run.id, NOW - timedelta(seconds=5))
        here, away = _root(tx, "/wards/Secret-One"), _root(tx, "/wards/Secret-Two", events=False)
        roots.set_selection(tx, here.id, CANARY)
        roots.note_canary(tx, here.id, "1 2 3", NOW - timedelta(seconds=700))
        blind.add(tx, away.id, NOW - timedelta(days=40), NOW - timedelta(days=39, hours=23), "away")
        blind.begin(tx, away.id, NOW - timedelta(minutes=3), "away")
        roots.retire(tx, _root(tx, "/wards/Secret-Three").id, NOW)
    with store.read() as tx:
        text = text_of(tx, store, NOW)
    assert "Secret" not in text
    assert "alive" not in text
    series = _read(text)
    one, two = str(here.id), str(away.id)
    assert {dict(labels).get("root") for _, labels in series} == {None, one, two}
    assert (_value(series, "daemon_up"), _value(series, "heartbeat_age_seconds")) == (1, 5)
    assert (_value(series, "root_events", root=one), _value(series, "root_events", root=two)) == (1, 0)
    assert _value(series, "root_rescan_age_seconds", root=one) == 20
    assert (_value(series, "canary_age_seconds", root=one), _value(series, "canary_overdue", root=one)) == (700, 1)
    assert _value(series, "canary_age_seconds", root=two) is None
    assert _value(series, "root_blind_minutes_total", root=one) == 0
    assert _value(series, "root_blind_minutes_total", root=two) == 63
    with store.write() as tx:
        roots.set_root_state(tx, away.id, RootState.AWAY, "gone")
        runs.stop(tx, run.id, NOW)
    series = _series(store)
    states = {state: _value(series, "root_state", root=two, state=state) for state in RootState}
    assert states == {state: float(state is RootState.AWAY) for state in RootState}
    assert (_value(series, "daemon_up"), _value(series, "root_events", root=one)) == (0, None)


def test_a_clock_that_was_stepped_back_makes_no_age_negative(store: Store) -> None:
    with store.write() as tx:
        runs.start(tx, RunKind.WATCH, pid=os.getpid(), host=socket.gethostname(), now=NOW)
        _ended(tx, _root(tx, "/in"), "a", State.READY)
    series = _series(store, NOW - timedelta(days=2))
    assert {value for (name, _), value in series.items() if name.endswith("_seconds")} == {0.0}


def test_a_file_of_metrics_is_replaced_whole_and_readable_for_everybody(tmp_path: Path) -> None:
    """Whatever the umask of the service is."""
    file = tmp_path / "cxr-triage.prom"
    before = os.umask(0o077)
    try:
        write_text(file, "old 1\n")
        inode = file.stat().st_ino
        write_text(file, "new 1\n")
    finally:
        os.umask(before)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new 1\n", 0o644)
    assert file.stat().st_ino != inode  # whoever has the old one open reads that to its end
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_file_of_metrics_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "folder.prom").mkdir()
    for file in (tmp_path / "missing" / "m.prom", tmp_path / "folder.prom"):
        with pytest.raises(DaemonError, match=r"cannot write metrics .*; give a file in a folder that exists"):
            write_text(file, "new 1\n")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.prom"]


def test_the_daemon_keeps_its_file_fresh_and_tells_once_when_it_cannot(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is wrong with the file holds nothing up, and is told again only after it was right."""
    file = tmp_path / "out" / "m.prom"
    seconds = 0.0
    metrics = MetricsFile(file, Clock(now=lambda: NOW, monotonic=lambda: seconds))
    with caplog.at_level(logging.INFO, logger="cxr_triage.watch"):
        for _ in range(3):
            metrics.refresh(store)
        file.parent.mkdir()
        metrics.refresh(store)
        metrics.refresh(store)
    assert [record.getMessage() for record in caplog.records] == [
        "metrics cannot be written",
        "metrics are written again",
    ]
    assert _value(_read(file.read_text()), "daemon_up") == 0


def test_metrics_that_take_long_are_written_less_often(store: Store, tmp_path: Path) -> None:
    """They take a fiftieth of the daemon's time at most."""
    file, readings = tmp_path / "m.prom", iter([0.0, 2.0, 15.0, 101.9, 102.1, 102.1])
    metrics = MetricsFile(file, Clock(now=lambda: NOW, monotonic=lambda: next(readings)))
    written = []
    for _ in range(4):
        file.unlink(missing_ok=True)
        metrics.refresh(store)
        written.append(file.exists())
    assert written == [True, False, False, True]
