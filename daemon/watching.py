"""The daemon as a whole: signals, the intake's loop, the nightly report, and word to the service manager."""

from __future__ import annotations

import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daemon.chores import Chores
from daemon.clock import Clock
from daemon.composition import running_intake
from daemon.intake.programs import Watch
from daemon.nightly import nightly_reports
from daemon.notify import notify
from daemon.service.canary import CanaryWatch
from daemon.settings import RootSettings, Settings
from daemon.stopping import stop_on_signal
from db import roots as store_roots
from db import runs
from db.states import RunKind
from db.store import Store
from models.bundle import Bundle

if TYPE_CHECKING:
    from daemon.service.metrics import MetricsFile

LOG: Final = logging.getLogger("cxr_triage.watch")


def watch(settings: Settings, store: Store, bundle: Bundle, roots: Sequence[RootSettings], clock: Clock) -> None:
    """Run the daemon until SIGTERM or SIGINT; returns after everything was given back."""
    with (
        stop_on_signal() as stopping,
        running_intake(RunKind.WATCH, store, bundle, roots, clock, settings) as running,
    ):
        canaries, metrics = CanaryWatch(), _metrics_file(settings, clock)
        chores = Chores(settings, running.identity)

        def beat() -> None:
            with store.write() as tx:
                runs.beat(tx, running.run_id, clock.now())
            with store.read() as tx:
                canaries.look(store_roots.roots(tx), clock.now())
            if metrics is not None:
                metrics.refresh(store)
            chores(store, clock.now())

        def ready() -> None:
            LOG.info("watching", extra={"count": len(running.intake.roots)})
            notify("STATUS=watching")
            notify("READY=1")

        with nightly_reports(settings, store, clock):
            alive, tell = (lambda: notify("WATCHDOG=1")), (lambda text: notify(f"STATUS={text}"))
            Watch(running.intake, beat, alive, tell).run(stopping, ready)
            notify("STOPPING=1")
            name = signal.Signals(stopping.number).name if stopping.number else ""
            LOG.info("stopping", extra={"signal": name})


def _metrics_file(settings: Settings, clock: Clock) -> MetricsFile | None:
    """The file that the daemon keeps fresh, if the settings name one."""
    if not settings.metrics.file:
        return None
    from daemon.service.metrics import MetricsFile

    return MetricsFile(Path(settings.metrics.file), clock)
