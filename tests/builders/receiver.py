"""Runs the receiver, in this process, and what sends to it: dcmtk's programs, and peers without manners."""

from __future__ import annotations

import logging
import os
import re
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from builders.parts import need_program
from builders.program import LIMIT
from pynetdicom import AE
from pynetdicom.association import Association

from daemon.clock import system_clock
from daemon.dicom.accepted import VERIFICATION
from daemon.dicom.incoming import IncomingFolder, Limits
from daemon.dicom.receiver import MIB, Desk
from daemon.dicom.server import LOG, Server
from daemon.dicom.settings import ReceiverSettings
from daemon.dicom.tls import tls_of

HERE: Final = ({"ae_title": "*", "addresses": ["127.0.0.1"]},)
CR: Final = "1.2.840.10008.5.1.4.1.1.1"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
STORE, ECHO, FIND, EVENT = 0x0001, 0x0030, 0x0020, 0x0100
PATIENCE: Final = 30.0  # seconds; what is waited for takes one or two
_SENDING: Final = re.compile(r"^I: Sending file: (.+)$")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Receiver:
    """A receiver in this process."""

    port: int
    folder: Path
    server: Server
    lines: list[logging.LogRecord] = field(default_factory=list)

    def files(self) -> list[Path]:
        """The films in its folder."""
        return sorted(self.folder.glob("[!.]*"))

    def halves(self) -> list[Path]:
        """What is half written, or was left so."""
        return sorted(self.folder.glob("*.part"))

    def values(self, event: str, name: str) -> list[Any]:
        """One value of each log line of a kind."""
        return [getattr(line, name) for line in list(self.lines) if line.getMessage() == event and hasattr(line, name)]

    def idle(self) -> None:
        """Wait until every connection has ended, and has been told of."""
        soon(lambda: self.server.connections == [])

    @contextmanager
    def associated(
        self, *kinds: str, syntaxes: Sequence[str] = (EXPLICIT,), calling: str = "SENDER", called: str = "CXR-TRIAGE"
    ) -> Iterator[Association]:
        """An association of a well-behaved peer, whatever became of it."""
        entity = AE(ae_title=calling)
        for kind in kinds or (CR, VERIFICATION):
            entity.add_requested_context(kind, list(syntaxes))
        association = entity.associate("127.0.0.1", self.port, ae_title=called)
        try:
            yield association
        finally:
            if association.is_established:
                association.release()
            elif association.dul.socket is not None and association.dul.socket.socket is not None:
                association.dul.socket.socket.close()  # a test took it over


def soon(happened: Callable[[], object]) -> None:
    """Look again and again until something happened."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class _Lines(logging.Handler):
    def __init__(self, into: list[logging.LogRecord]) -> None:
        super().__init__()
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(record)


@contextmanager
def receiving(folder: Path, **changes: Any) -> Iterator[Receiver]:
    """Run a receiver over a folder; `changes` are keys of `[receiver]`."""
    folder.mkdir(exist_ok=True)
    keys = {"folder": folder, "port": free_port(), "senders": HERE, "reserve_mib": 0, **changes}
    settings = ReceiverSettings.model_validate(keys)
    limits = Limits(int(settings.largest_mib * MIB), int(settings.reserve_mib * MIB))
    with IncomingFolder.held(folder, limits) as (incoming, _):
        desk = Desk(incoming, settings, system_clock())
        server = Server(settings, tls_of(settings), desk.reception, desk.answer)
        server.timeout = 0.05  # between two looks at whether the test is over
        receiver, stop = Receiver(settings.port, folder, server), threading.Event()
        handler = _Lines(receiver.lines)
        LOG.addHandler(handler)
        before = LOG.level
        LOG.setLevel(logging.DEBUG)

        def serve() -> None:
            while not stop.is_set():
                server.handle_request()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield receiver
        finally:
            stop.set()
            thread.join()
            server.server_close()
            LOG.setLevel(before)
            LOG.removeHandler(handler)


# --- peers without manners: bytes of their own on an association that was made properly -------------------------------


def command(message: int, instance: str = "1.2.3", kind: str = CR, *, dataset: bool = True, number: int = 7) -> bytes:
    """A command set (implicit little endian)."""
    fields = [
        (0x0002, _padded(kind)),
        (0x0100, struct.pack("<H", message)),
        (0x0110, struct.pack("<H", number)),
        (0x0700, struct.pack("<H", 0)),
        (0x0800, struct.pack("<H", 1 if dataset else 0x0101)),
        (0x1000, _padded(instance)),
    ]
    body = b"".join(struct.pack("<HHL", 0, element, len(value)) + value for element, value in fields)
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def _padded(text: str) -> bytes:
    return text.encode() + b"\0" * (len(text) % 2)


def pdu(data: bytes, header: int, context: int = 1) -> bytes:
    """One P-DATA-TF with one piece; header 3: a command, 2: the end of a dataset, 0: the middle of one."""
    item = struct.pack(">LBB", len(data) + 2, context, header) + data
    return struct.pack(">BBL", 4, 0, len(item)) + item


def raw(association: Association) -> socket.socket:
    """The connection of an association, with its threads gone from it: what is sent and read is up to the test."""
    association._reactor_checkpoint.clear()
    association.dul._kill_thread = True
    association.dul.join()
    connection = association.dul.socket
    assert connection is not None
    assert connection.socket is not None
    connection.socket.settimeout(PATIENCE)
    association.is_established = False
    return connection.socket


def answer(connection: socket.socket) -> int | None:
    """The status of the next response; None when the association was aborted, or the connection closed, instead."""
    head = _exactly(connection, 6)
    if head is None or head[0] != 4:
        return None
    body = _exactly(connection, struct.unpack(">L", head[2:])[0]) or b""
    at = body.find(struct.pack("<HHL", 0, 0x0900, 2))
    return int(struct.unpack_from("<H", body, at + 8)[0])


def closed(connection: socket.socket) -> bool:
    """Whether the other end closes, whatever it says before."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        return True
    return True


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        try:
            more = connection.recv(count - len(data))
        except ConnectionError:
            return None
        if not more:
            return None
        data += more
    return data


# --- dcmtk ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """How a run of storescu ended.

    Attributes:
        acknowledged: the files that it said "Success" for.
    """

    code: int
    acknowledged: tuple[Path, ...]
    said: str


def acknowledged(said: str) -> tuple[Path, ...]:
    """The files that `storescu -v` had a response of success for: it tells of each file, then of its response."""
    found, current = [], None
    for line in said.splitlines():
        if sending := _SENDING.match(line):
            current = Path(sending[1])
        elif line == "I: Received Store Response (Success)" and current is not None:
            found.append(current)
            current = None
    return tuple(found)


def storescu(port: int, *arguments: str | os.PathLike[str], called: str = "CXR-TRIAGE") -> Sent:
    """Send with dcmtk; the last arguments are files."""
    words = [need_program("storescu"), "-v", "-R", "-aet", "STORESCU", "-aec", called, "-to", "10", "-td", "60"]
    options = [os.fspath(argument) for argument in arguments]
    flags = [option for option in options if not option.endswith(".dcm")]
    files = [option for option in options if option.endswith(".dcm")]
    done = subprocess.run(
        [*words, *flags, "127.0.0.1", str(port), *files], capture_output=True, timeout=LIMIT, check=False
    )
    said = (done.stdout + done.stderr).decode(errors="replace")
    return Sent(done.returncode, acknowledged(said), said)


def echoscu(port: int, *flags: str, called: str = "CXR-TRIAGE") -> int:
    """Ask with dcmtk whether somebody is there; 0 if so."""
    words = [need_program("echoscu"), "-aec", called, "-to", "10", *flags, "127.0.0.1", str(port)]
    return subprocess.run(words, capture_output=True, timeout=LIMIT, check=False).returncode
