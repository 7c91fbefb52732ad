"""What the store says, as metrics in Prometheus' text format, for node_exporter's textfile collector; no network.

Labels carry root ids, never paths: `cxr-triage roots` says which is which.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from daemon.clock import Clock
from daemon.drift.standing import Standing
from daemon.errors import DaemonError
from daemon.health import DAY, Intake, Watching, canary_since, intake_of, overdue, watching_of
from daemon.intake.selection import Selection
from db import blind, census, results, roots
from db.records import Root
from db.schema import REVISIONS
from db.states import RootState
from db.store import Store
from models.version import VERSION

LOG: Final = logging.getLogger("cxr_triage.watch")
MODE: Final = 0o644  # node_exporter runs under a user of its own
QUANTILES: Final = {"0.5": 49, "0.9": 89, "0.99": 98}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SHARE: Final = 50  # of the time, one part goes into metrics at most: a store of a million films takes a while to count


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def text_of(tx: Connection, store: Store, now: datetime) -> str:
    """Every series, as text."""
    registry = CollectorRegistry()
    registry.register(_Families(collect(tx, store.file, now)))
    return generate_latest(registry).decode()


def collect(tx: Connection, database: Path | None, now: datetime) -> Iterator[Metric]:
    """Every series, from one moment of the store.

    Args:
        tx: the transaction.
        database: the file of the store, to say how much room is left beside it.
        now: aware.
    """
    intake, stand, bundle = intake_of(tx, now), census.census(tx), results.newest_bundle(tx)
    build = GaugeMetricFamily("cxr_triage_build_info", "Always 1.", labels=("version", "schema", "bundle"))
    build.add_metric((VERSION, REVISIONS[-1], bundle.name if bundle else ""), 1)
    yield build

    films = GaugeMetricFamily("cxr_triage_arrivals", "Films that were seen, by what became of them.", labels=("state",))
    for state, count in stand.states.items():
        films.add_metric((state.value,), count)
    yield films
    waiting = 0.0 if stand.oldest_pending_at is None else _age(stand.oldest_pending_at, now)
    yield _gauge("pending_oldest_seconds", "Age of the oldest film that is not at an end; 0 if none is.", waiting)
    yield _gauge("tried_again", "Films that were tried in vain and are tried again.", stand.again)
    failed = GaugeMetricFamily("cxr_triage_failed", "Films that could not be read or scored.", labels=("code",))
    for code, count in sorted(census.failed_by_code(tx).items()):
        failed.add_metric((code,), count)
    yield failed
    given = "Scores that were given."
    yield CounterMetricFamily("cxr_triage_results", given, value=census.results_given(tx))
    yield from _latency(census.latencies(tx, now - DAY))

    yield _gauge("daemon_up", "Whether a daemon watches and gives signs of life.", intake.watches)
    if intake.run is not None:
        age = _age(intake.run.heartbeat_at, now)
        yield _gauge("heartbeat_age_seconds", "Since the newest run gave a sign of life.", age)
    if database is not None:
        free = shutil.disk_usage(database.parent).free
        yield _gauge("disk_free_bytes", "Free space where the database lies.", free)
    yield from _roots(tx, [root for root in roots.roots(tx) if root.retired_at is None], intake, now)


def _latency(seconds: Sequence[float]) -> Iterator[Metric]:
    told = "Films that arrived in the last 24 hours and are scored, without backlog."
    yield _gauge("latency_films", told, len(seconds))
    family = GaugeMetricFamily(
        "cxr_triage_latency_seconds", "From arrival to score, of these films.", labels=("quantile",)
    )
    if seconds:
        cuts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [seconds[0]] * 99
        for name, index in QUANTILES.items():
            family.add_metric((name,), cuts[index])
    yield family


def _roots(tx: Connection, known: Sequence[Root], intake: Intake, now: datetime) -> Iterator[Metric]:
    state = _of_roots("root_state", "1 for the state that the root is in.", "state")
    age = _of_roots("root_rescan_age_seconds", "Since the last whole look at the root.")
    events = _of_roots("root_events", "1 if events tell of changes, 0 if the root is polled; absent if nobody watches.")
    canary = _of_roots("canary_age_seconds", "Since the canary was seen to change.")
    late = _of_roots("canary_overdue", "Whether that is longer than it may be.")
    dark = CounterMetricFamily(
        "cxr_triage_root_blind_minutes", "Minutes in which the root could not be seen.", labels=("root",)
    )
    minutes = blind.minutes(tx, EPOCH, now)
    drift = _of_roots("root_drift", "1 if the last report found its films changed, 0 if not; absent while it learns.")
    for root in known:
        name = str(root.id)
        for each in RootState:
            state.add_metric((name, each.value), root.state is each)
        if root.rescan_ended_at is not None:
            age.add_metric((name,), _age(root.rescan_ended_at, now))
        watching = watching_of(root, intake)
        if watching is not Watching.NOBODY:
            events.add_metric((name,), watching is Watching.EVENTS)
        if Selection.from_document(root.selection).canary is not None:
            canary.add_metric((name,), _age(canary_since(root), now))
            late.add_metric((name,), overdue(root, now))
        dark.add_metric((name,), minutes.get(root.id, 0.0))
        standing = json.loads(root.drift)["standing"] if root.drift else Standing.LEARNING
        if standing != Standing.LEARNING:
            drift.add_metric((name,), standing == Standing.CHANGED)
    yield from (state, age, events, canary, late, dark, drift)


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"cxr_triage_{name}", what, value=value)


def _of_roots(name: str, what: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"cxr_triage_{name}", what, labels=("root", *labels))


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())  # the clock may have been stepped back


def write_text(file: Path, text: str) -> None:
    """Put a text into a file, whole or not at all for whoever reads it meanwhile, and readable for everybody.

    Raises:
        DaemonError: it could not be written.
    """
    # by hand: prometheus_client's own leaves the rights to the umask, which the service keeps at 0027
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        try:
            with open(handle, "w", encoding="utf-8") as stream:  # noqa: PTH123  (a descriptor)
                os.fchmod(handle, MODE)
                stream.write(text)
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        cause = error.strerror or str(error)
        raise DaemonError(
            "write metrics", file, cause, "give a file in a folder that exists and may be written"
        ) from error


class MetricsFile:
    """Keeps a file of metrics fresh while the daemon runs; when it cannot be written, that is told of and no more."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file, self._clock = file, clock
        self._next = 0.0
        self._fails = False

    def refresh(self, store: Store) -> None:
        """Write it anew, unless that would take too much of the time.

        Raises:
            StoreError: the store could not be read.
        """
        began = self._clock.monotonic()
        if began < self._next:
            return
        with store.read() as tx:
            text = text_of(tx, store, self._clock.now())
        try:
            write_text(self._file, text)
        except DaemonError as error:
            if not self._fails:
                LOG.error("metrics cannot be written", extra={"cause": error.cause})
            self._fails = True
        else:
            if self._fails:
                LOG.info("metrics are written again")
            self._fails = False
        ended = self._clock.monotonic()
        self._next = ended + SHARE * (ended - began)
