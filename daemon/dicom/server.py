"""Listens, and runs an association for each connection; knows pynetdicom, and nothing of where objects go.

What pynetdicom (3.0.4) leaves open towards a hostile peer is closed here: a stranger's connection ends before a byte of
it is read; the TLS handshake is made in the connection's own thread, not in the one that accepts; a PDU has a largest
size (its length field may say 4 GiB) and a time in which it must be there (`sockets.py`); and connections have a
highest number.
"""

from __future__ import annotations

import itertools
import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association
from pynetdicom.transport import (
    AddressInformation,
    RequestHandler,
    ThreadedAssociationServer,
)

from daemon.dicom.entity import entity_of
from daemon.dicom.reception import Reception
from daemon.dicom.senders import Senders
from daemon.dicom.settings import ReceiverSettings
from daemon.dicom.sockets import BoundedSocket

LOG: Final = logging.getLogger("cxr_triage.receive")
POLL: Final = 0.5  # seconds that the server waits for a connection
SPARE: Final = 4  # connections beyond the associations, so that one too many can be told so
_NO_CALLING, _NO_CALLED, _PERMANENT, _BY_USER = 0x03, 0x07, 0x01, 0x01

Serve = Callable[["Connection", evt.Event], int]
Receive = Callable[[Association], Reception]


@dataclass(slots=True)
class Connection:
    """One connection, and what became of it.

    Attributes:
        number: counted from 1 since the start; for the log.
        sender: which of the configured ones, once it has said who it is.
        stored: objects that were answered with success.
    """

    number: int
    address: str
    reception: Reception | None = None
    association: Association | None = None
    sender: int | None = None
    stored: int = 0


class Server(ThreadedAssociationServer):
    """Accepts connections of those who may send, and serves their associations, each in its threads."""

    daemon_threads = True  # the process does not wait for them when its grace is over
    request_queue_size = 64
    timeout = POLL

    def __init__(self, settings: ReceiverSettings, tls: ssl.SSLContext | None, receive: Receive, serve: Serve) -> None:
        self.settings, self.tls, self.receive, self.serve = settings, tls, receive, serve
        self.senders: Final = Senders(settings.senders)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._open: dict[int, Connection] = {}
        self.accepting = True
        address = AddressInformation(settings.bind, settings.port).as_tuple
        entity = entity_of(settings)
        super().__init__(entity, address, settings.ae_title, entity.supported_contexts, request_handler=_Handler)
        self.timeout = POLL

    @property
    def connections(self) -> list[Connection]:
        """Those that are open now."""
        with self._lock:
            return list(self._open.values())

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether to talk to a connection at all; it is closed otherwise."""
        del request
        if not self.senders.at(client_address[0]):
            LOG.warning("connection refused", extra={"cause": "address"})
            return False
        if len(self.connections) >= self.settings.associations + SPARE:
            LOG.warning("connection refused", extra={"cause": "too-many"})
            return False
        return True

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count a connection, and serve it in a thread of its own."""
        connection = Connection(next(self._numbers), client_address[0])
        with self._lock:
            self._open[connection.number] = connection
        thread = threading.Thread(target=self._run, args=(connection, request, client_address), daemon=True)
        thread.start()

    def _run(self, connection: Connection, request: Any, client_address: Any) -> None:
        try:
            request.settimeout(self.settings.associate_seconds)
            if self.tls is not None:
                request = self.tls.wrap_socket(request, server_side=True)  # the handshake, too
            request.settimeout(self.settings.idle_seconds)
            _Handler(request, client_address, self, connection)
        except (OSError, ValueError) as error:
            kind = "tls" if isinstance(error, ssl.SSLError) else type(error).__name__
            LOG.warning("connection ended", extra={"association": connection.number, "cause": kind})
        finally:
            if connection.reception is not None:
                connection.reception.close()
            self.shutdown_request(request)
            with self._lock:
                del self._open[connection.number]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing here: socketserver's own would print the address."""


class _Handler(RequestHandler):
    """Makes the association of one connection, and waits for its end."""

    server: Server

    def __init__(self, request: Any, client_address: Any, server: Server, connection: Connection) -> None:
        self.connection: Final = connection
        super().__init__(request, client_address, server)

    def handle(self) -> None:
        """Serve the association to its end."""
        server, connection = self.server, self.connection
        association = Association(server.ae, MODE_ACCEPTOR)
        association._server = server
        association.name = f"AcceptorThread@{connection.number}"  # by which pynetdicom counts associations
        association.dul.daemon = True
        association.set_socket(BoundedSocket(association, self.request, server.settings.idle_seconds))
        association.dimse = connection.reception = server.receive(association)
        local, acceptor = server.ae, association.acceptor
        acceptor.maximum_length = local.maximum_pdu_size
        acceptor.ae_title = server.ae_title
        acceptor.address_info = self.local
        acceptor.implementation_class_uid = local.implementation_class_uid
        acceptor.implementation_version_name = local.implementation_version_name
        acceptor.supported_contexts = local.supported_contexts
        association.requestor.address_info = self.remote
        association.bind(evt.EVT_REQUESTED, self._requested)
        association.bind(evt.EVT_ESTABLISHED, self._established)
        association.bind(evt.EVT_REJECTED, self._too_many)
        association.bind(evt.EVT_C_STORE, lambda event: server.serve(connection, event))
        connection.association = association
        association.start()
        _wait(association)
        if connection.sender is None:
            return
        extra = {"association": connection.number, "sender": connection.sender, "count": connection.stored}
        if connection.reception.cause:
            LOG.warning("association broken off", extra={**extra, "cause": connection.reception.cause})
        elif association.is_released:
            LOG.info("association ended", extra=extra)
        else:
            LOG.warning("association broken off", extra={**extra, "cause": "peer"})

    def _requested(self, event: evt.Event) -> None:
        """Reject who may not send, and who means somebody else."""
        request = event.assoc.requestor.primitive
        calling, called = (str(request.calling_ae_title), str(request.called_ae_title)) if request else ("", "")
        sender = self.server.senders.named(calling.strip(), self.connection.address)
        if sender is None:
            self._reject(event.assoc, _NO_CALLING, "calling-ae-title")
        elif called.strip() != self.server.ae_title:
            self._reject(event.assoc, _NO_CALLED, "called-ae-title")
        else:
            self.connection.sender = sender

    def _reject(self, association: Association, reason: int, cause: str) -> None:
        LOG.warning("association rejected", extra={"association": self.connection.number, "cause": cause})
        association.acse.send_reject(_PERMANENT, _BY_USER, reason)
        association.kill()  # waits until that has been sent

    def _too_many(self, event: evt.Event) -> None:
        del event
        self.connection.sender = None
        LOG.warning("association rejected", extra={"association": self.connection.number, "cause": "too-many"})

    def _established(self, event: evt.Event) -> None:
        connection, association = self.connection, event.assoc
        extra = {"association": connection.number, "sender": connection.sender}
        # kinds of objects, in one encoding or several each, that were agreed to and that were not
        extra |= {"accepted": len(association.accepted_contexts), "rejected": len(association.rejected_contexts)}
        LOG.info("association", extra=extra)


def _wait(association: Association) -> None:
    """Wait for the end of an association; of one whose connection went before it asked for anything, at once."""
    reader = association.dul
    while association.is_alive():
        association.join(0.2)
        gone = reader.ident is not None and not reader.is_alive()
        if gone and association.requestor.primitive is None:
            reader.to_user_queue.put(None)  # nothing came: it would wait on for it
