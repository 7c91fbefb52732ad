"""The composition root of the intake: settings and a store in, a running set of parts out."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from daemon.clock import Clock, system_clock
from daemon.intake.pipeline import Intake
from daemon.intake.places import Watched
from daemon.intake.recording import Scoring
from daemon.intake.workers import WorkerPool, default_workers
from daemon.settings import RootSettings, Settings
from db import results, runs
from db import roots as store_roots
from db.states import RunKind
from db.store import Store
from models.bundle import Bundle, read_bundle, shipped_bundle

__all__ = ["Running", "bundle_of", "running_intake", "system_clock", "watched_roots"]


def bundle_of(settings: Settings, folder: Path | None = None) -> Bundle:
    """The bundle that a command line or the settings name, else the one that ships, verified."""
    return read_bundle(folder or settings.bundle.folder or shipped_bundle())


def watched_roots(tx: Connection, roots: Sequence[RootSettings], clock: Clock) -> dict[int, Watched]:
    """Enter roots into the store, by their real paths, and say how each is to be taken, by root id."""
    watched = (
        Watched(
            store_roots.ensure_root(tx, os.path.realpath(root.path), clock.now()),
            root.population,
            root.settle_seconds,
            root.rescan_seconds,
        )
        for root in roots
    )
    return {each.root.id: each for each in watched}


@dataclass(frozen=True, slots=True)
class Running:
    """An intake that may work: it holds the lock, its workers can start, and the store knows that it runs."""

    intake: Intake
    run_id: int


@contextmanager
def running_intake(
    kind: RunKind, store: Store, bundle: Bundle, roots: Sequence[RootSettings], clock: Clock
) -> Iterator[Running]:
    """Everything that `scan` or `watch` needs, given back whole on the way out.

    Raises:
        StoreError: another intake works on this database.
    """
    workers = default_workers()
    with store.intake_lock(), WorkerPool(bundle, workers) as pool:
        with store.write() as tx:
            bundle_id = results.ensure_bundle(
                tx,
                model_sha256=bundle.model_sha256,
                name=bundle.name,
                preprocessing=bundle.preprocessing,
                document=json.dumps(bundle.document, sort_keys=True),
                now=clock.now(),
            )
            known = watched_roots(tx, roots, clock)
            run_id = runs.start(
                tx, kind, pid=os.getpid(), host=socket.gethostname(), now=clock.now(), bundle_id=bundle_id
            ).id
        intake = Intake(store, Scoring(bundle, bundle_id), pool, clock, known, capacity=workers * 2)
        intake.recover()
        try:
            yield Running(intake, run_id)
        finally:
            intake.release()
            with store.write() as tx:
                runs.stop(tx, run_id, clock.now())
