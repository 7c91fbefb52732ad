"""Reads from a peer within bounds: no PDU that is too large, and none that takes too long."""

from __future__ import annotations

import time
from typing import Any, Final

from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

LARGEST_PDU: Final = 2**17  # as peers are told
LARGEST_TAKEN: Final = 2**18  # a request for an association may be larger: 128 contexts with every syntax there is
ALMOST_CLOSED: Final = 0.5  # seconds for what a peer still says when it has been told that it is over


class BoundedSocket(AssociationSocket):
    """Reads no PDU that is too large, and none that takes too long."""

    def __init__(self, assoc: Association, client_socket: Any, seconds: float) -> None:
        super().__init__(assoc, client_socket=client_socket)
        self._seconds: Final = seconds

    @property
    def ready(self) -> bool:
        """Whether to read on: not before what was read last is dealt with, since it may have been the end."""
        return self.event_queue.empty() and super().ready

    def recv(self, nr_bytes: int) -> bytearray:
        """So many bytes, or fewer where the peer has closed; an OSError ends the connection."""
        if nr_bytes > LARGEST_TAKEN or self.socket is None:
            raise ConnectionAbortedError("the PDU is too large")
        data, got = bytearray(nr_bytes), 0
        over = self.assoc.dul.state_machine.current_state == "Sta13"  # nothing is awaited any more but the close
        deadline = time.monotonic() + (ALMOST_CLOSED if over else self._seconds)
        with memoryview(data) as view:
            while got < nr_bytes:
                if (left := deadline - time.monotonic()) <= 0:
                    raise TimeoutError("the PDU takes too long")
                self.socket.settimeout(left)
                count = self.socket.recv_into(view[got:])
                if not count:
                    break
                got += count
        self.socket.settimeout(self._seconds)  # for what is sent
        return data[:got]
