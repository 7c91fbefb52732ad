"""The receiver as a whole: settings in, a process that listens until it is told to stop."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import ssl
import threading
from collections.abc import Callable
from typing import Final

from pynetdicom import evt
from pynetdicom.association import Association

from daemon.clock import Clock
from daemon.dicom.checks import faults_of
from daemon.dicom.entity import silence_libraries
from daemon.dicom.incoming import Answer, IncomingFolder, Limits
from daemon.dicom.reception import Reception
from daemon.dicom.server import Connection, Server
from daemon.dicom.settings import ReceiverSettings
from daemon.dicom.tls import tls_of
from daemon.errors import ConfigurationError, DaemonError
from daemon.notify import notify
from daemon.settings import Settings
from daemon.stopping import Stopping, stop_on_signal

LOG: Final = logging.getLogger("cxr_triage.receive")
BEAT: Final = 15.0  # seconds between two signs of life; the unit waits for 120
GRACE: Final = 20.0  # seconds for objects that are on their way when it is told to stop; the unit waits for 30
MIB: Final = 2**20


def receive(settings: Settings, clock: Clock, pause: Callable[[float], None]) -> None:
    """Listen, and write what comes into the folder, until SIGTERM or SIGINT; objects on their way are let finish.

    Raises:
        ConfigurationError: the settings are not enough for it; every fault at once, by key.
        DaemonError: the folder is another receiver's, or the port is taken.
    """
    ours, faults = settings.receiver, faults_of(settings)
    if faults or ours.folder is None:
        raise ConfigurationError("receive", None, "; ".join(faults), "see [receiver] in `cxr-triage config example`")
    silence_libraries()
    limits = Limits(int(ours.largest_mib * MIB), int(ours.reserve_mib * MIB))
    with stop_on_signal() as stopping, IncomingFolder.held(ours.folder, limits) as (folder, removed):
        if removed:
            LOG.warning("half files of an earlier receiver removed", extra={"count": removed})
        server = _listening(ours, tls_of(ours), Desk(folder, ours, clock))
        LOG.info("receiving", extra={"port": ours.port})
        notify("STATUS=receiving")
        notify("READY=1")
        try:
            _serve(server, stopping, clock)
        finally:
            notify("STOPPING=1")
            server.server_close()
        name = signal.Signals(stopping.number).name if stopping.number else ""
        LOG.info("stopping", extra={"signal": name})
        _let_finish(server, clock, pause)


class Desk:
    """Answers for objects: it has them kept, and writes one line of log for each."""

    def __init__(self, folder: IncomingFolder, settings: ReceiverSettings, clock: Clock) -> None:
        self._folder, self._settings, self._clock = folder, settings, clock
        self._numbers = itertools.count(1)  # next() of it is one step for threads

    def reception(self, association: Association) -> Reception:
        """What takes the messages of a new association."""
        return Reception(association, self._folder, self._settings.object_seconds, self._clock.monotonic)

    def answer(self, connection: Connection, event: evt.Event) -> int:
        """Keep the object that has come, and say what the sender is to be told."""
        del event  # it holds nothing: the dataset was taken out of it
        taken = connection.reception.take() if connection.reception else None
        if taken is None:
            return Answer.EMPTY
        incoming, began = taken
        answer = incoming.keep()
        connection.stored += answer is Answer.STORED
        extra: dict[str, object] = {
            "object": next(self._numbers),
            "association": connection.number,
            "sender": connection.sender,
            "verdict": answer.word,
            "bytes": incoming.size,
            "milliseconds": round((self._clock.monotonic() - began) * 1000),
        }
        if incoming.cause:
            extra["cause"] = incoming.cause
        LOG.log(logging.INFO if answer is Answer.STORED else logging.WARNING, "object", extra=extra)
        return answer


def _listening(settings: ReceiverSettings, tls: ssl.SSLContext | None, desk: Desk) -> Server:
    try:
        return Server(settings, tls, desk.reception, desk.answer)
    except OSError as error:
        cause = os.strerror(error.errno) if error.errno else str(error)
        remedy = "see which program has it, or set another bind or port in [receiver]"
        raise DaemonError(f"listen on {settings.bind} port {settings.port}", None, cause, remedy) from error


def _serve(server: Server, stopping: Stopping, clock: Clock) -> None:
    """Take connections until it is time to stop."""
    beat = clock.monotonic()
    while not stopping():
        server.handle_request()  # waits half a second at most
        if clock.monotonic() - beat >= BEAT:
            beat = clock.monotonic()
            notify("WATCHDOG=1")


def _let_finish(server: Server, clock: Clock, pause: Callable[[float], None]) -> None:
    """End associations as they are between two objects; at the end of the grace, all."""
    deadline = clock.monotonic() + GRACE
    told: set[int] = set()
    while (left := server.connections) and clock.monotonic() < deadline + 1.0:
        for connection in left:
            idle = connection.reception is None or not connection.reception.busy
            if connection.number not in told and (idle or clock.monotonic() >= deadline):
                told.add(connection.number)
                if connection.association is not None:  # an abort waits for the peer: not in this thread
                    threading.Thread(target=connection.association.abort, daemon=True).start()
        pause(0.05)
    if left:
        LOG.warning("associations broken off", extra={"count": len(left)})
