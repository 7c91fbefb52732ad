"""The composition root of the intake: settings and a store in, a running set of parts out."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from daemon.acceptance.asked import ensure_kept
from daemon.clock import Clock, system_clock
from daemon.intake.pipeline import Intake
from daemon.intake.places import Watched
from daemon.intake.reading import largest_bytes
from daemon.intake.recording import Scoring
from daemon.intake.workers import WorkerPool, default_workers
from daemon.settings import RootSettings, Settings
from db import key_file, runs
from db import roots as store_roots
from db.conversion import convert
from db.identity import Identity
from db.states import RunKind
from db.store import Store
from models.bundle import Bundle, read_bundle, shipped_bundle

__all__ = ["Running", "bundle_of", "running_intake", "system_clock", "watched_roots"]


def bundle_of(settings: Settings, folder: Path | None = None) -> Bundle:
    """The bundle that a command line or the settings name, else the one that ships, verified."""
    return read_bundle(folder or settings.bundle.folder or shipped_bundle())


def watched_roots(tx: Connection, roots: Sequence[RootSettings], clock: Clock) -> dict[int, Watched]:
    """Enter roots into the store, by their real paths, and say how each is to be taken, by root id."""
    watched = {}
    for settings in roots:
        root = store_roots.ensure_root(tx, os.path.realpath(settings.path), clock.now())
        store_roots.set_selection(tx, root.id, settings.selection.document())
        watched[root.id] = Watched(
            root,
            settings.population,
            settings.settle_seconds,
            settings.rescan_seconds,
            settings.selection,
            settings.polling,
            settings.poll_seconds,
            largest_bytes(settings.largest_mib),
            settings.pattern,
        )
    return watched


@dataclass(frozen=True, slots=True)
class Running:
    """An intake that may work: it holds the lock, its workers can start, and the store knows that it runs."""

    intake: Intake
    run_id: int
    identity: Identity


@contextmanager
def running_intake(
    kind: RunKind,
    store: Store,
    bundle: Bundle,
    roots: Sequence[RootSettings],
    clock: Clock,
    settings: Settings,
) -> Iterator[Running]:
    """Everything that `scan` or `watch` needs, given back whole on the way out.

    What the store keeps is brought to the level of identifiers that the settings name before anything is taken in.

    Raises:
        StoreError: another intake works on this database, or the key of its hashes is gone.
    """
    workers = default_workers()
    with store.intake_lock(), WorkerPool(bundle, workers, settings.gate.policy) as pool:
        with store.read() as tx:
            last, before = runs.last(tx), runs.last(tx, RunKind.WATCH)
        if last is not None and last.stopped_at is None:
            store.quick_check()  # it ended without saying so: by a crash, or with the machine
        identity = key_file.writer(store, settings.store.identifiers)
        convert(store, identity)
        with store.write() as tx:
            bundle_id = ensure_kept(tx, bundle, clock.now())
            for root in store_roots.roots(tx):
                store_roots.set_events(tx, root.id, None)  # nobody listens yet
            known = watched_roots(tx, roots, clock)
            run_id = runs.start(
                tx, kind, pid=os.getpid(), host=socket.gethostname(), now=clock.now(), bundle_id=bundle_id
            ).id
        patterns = {root_id: watched.pattern for root_id, watched in known.items() if watched.pattern is not None}
        scoring = Scoring(bundle, bundle_id, identity, patterns, settings.gate.policy, settings.review.shares)
        intake = Intake(store, scoring, pool, clock, known, capacity=workers * 2)
        intake.recover()
        if kind is RunKind.WATCH and before is not None:
            intake.was_blind(before.stopped_at or before.heartbeat_at, "the service did not run")
        try:
            yield Running(intake, run_id, identity)
        finally:
            intake.release()
            with store.write() as tx:
                runs.stop(tx, run_id, clock.now())
