"""The process that delivers: it holds the right to, and looks at the outbox again and again until told to stop."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from typing import Final

from daemon.clock import Clock
from daemon.deliver.deliverer import Deliverer, Tally
from daemon.deliver.secrets import read_secret
from daemon.errors import ConfigurationError
from daemon.notify import notify
from daemon.settings import Settings
from daemon.stopping import stop_on_signal
from db.errors import StoreError
from db.store import Store

LOG: Final = logging.getLogger("cxr_triage.deliver")
LOOK: Final = 5.0  # seconds between two looks: a study is told of within a minute of its score
NAP: Final = 0.25  # seconds, after which a signal is noticed


def check(settings: Settings) -> None:
    """See that there is a way to tell anybody, and that the secrets can be read.

    Raises:
        ConfigurationError: there is none, or they cannot.
    """
    ours = settings.deliver
    if not ours.is_set_up:
        cause, remedy = "no way is configured", "set server in [deliver.mail], or url in [deliver.webhook]"
        raise ConfigurationError("deliver", None, cause, remedy)
    for secret in (ours.mail.password_file, ours.webhook.secret_file):
        if secret is not None:
            read_secret(secret, os.environ)


def deliver_once(settings: Settings, store: Store, clock: Clock, chance: Callable[[], float]) -> Tally:
    """One look, in which also what rests after a failed try is tried.

    Raises:
        ConfigurationError: see `check`.
        StoreError: another process delivers, or the store did not answer.
    """
    check(settings)
    with stop_on_signal() as stopping, store.delivery_lock():
        deliverer = Deliverer(settings, store, clock, chance)
        deliverer.fill()
        tally = deliverer.send(stopping, only_due=False)
    if stopping.number == signal.SIGINT:
        raise KeyboardInterrupt
    return tally


def deliver(
    settings: Settings, store: Store, clock: Clock, chance: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Deliver until SIGTERM or SIGINT; a store that does not answer is asked again at the next look.

    Raises:
        ConfigurationError: see `check`.
        StoreError: another process delivers.
    """
    check(settings)
    with stop_on_signal() as stopping, store.delivery_lock():
        deliverer = Deliverer(settings, store, clock, chance)
        LOG.info("delivering")
        notify("READY=1")
        while not stopping():
            try:
                deliverer.fill()
                deliverer.send(stopping, only_due=True)
            except StoreError:
                LOG.exception("the store does not answer, to be asked again")
            notify("WATCHDOG=1")
            until = clock.monotonic() + LOOK
            while not stopping() and clock.monotonic() < until:
                sleep(NAP)
        notify("STOPPING=1")
        name = signal.Signals(stopping.number).name if stopping.number else ""
        LOG.info("stopping", extra={"signal": name})
