"""What one association sends: messages let through or refused, datasets streamed to the folder piece by piece.

pynetdicom (3.0.4) would gather a dataset of any size in memory or in /tmp, keep what a peer that goes away left there,
queue whatever is sent without waiting for answers, and start a thread for each N-EVENT-REPORT. So the pieces pass here
first: it learns of commands and answers only, with the dataset already taken away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import P_DATA

from daemon.dicom.incoming import Answer, Incoming, IncomingFolder
from daemon.dicom.messages import LARGEST_COMMAND, Command, Message, head_of_file, read_command

MOST_WAITING: Final = 4  # messages whose answers a peer may not have waited for; those of the standard wait always
_LAST: Final = 2
_COMMAND: Final = 1
_NOTHING_MORE: Final = bytes([_LAST])  # the end of a dataset, without any of it


class _Breach(Exception):  # noqa: N818  (whose error it is)
    """The peer does what no peer may do."""


class Reception(DIMSEServiceProvider):
    """Between the association's two threads: one reads and calls `receive_primitive`, the other calls `take`.

    Attributes:
        cause: why the association was ended, where it was.
    """

    def __init__(
        self, assoc: Association, folder: IncomingFolder, object_seconds: float, monotonic: Callable[[], float]
    ) -> None:
        super().__init__(assoc)
        self.cause: str | None = None
        self._into, self._seconds, self._monotonic = folder, object_seconds, monotonic
        self._gathered = bytearray()
        self._coming: Incoming | None = None
        self._context = 0
        self._began = 0.0
        self._lock = threading.Lock()  # of the three below, which both threads use
        self._whole: tuple[Incoming, float] | None = None
        self._unanswered = False
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether an object is on its way, or has come and is not answered."""
        return self._unanswered

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take what one P-DATA brought."""
        try:
            for context, piece in primitive.presentation_data_value_list:
                self._piece(context, piece)
        except _Breach as breach:
            self.cause = str(breach)
            self.close()
            self.dul.event_queue.put("Evt19")  # the state machine's word for an invalid PDU: it aborts

    def take(self) -> tuple[Incoming, float] | None:
        """The object that has come whole and was not taken, and when its first bytes came."""
        with self._lock:
            whole, self._whole = self._whole, None
            return whole

    def send_msg(self, primitive: Any, context_id: int) -> None:
        """Send an answer."""
        super().send_msg(primitive, context_id)
        if isinstance(primitive, C_STORE):
            self._unanswered = False

    def close(self) -> None:
        """Leave nothing half written behind; call it when the association is over."""
        with self._lock:
            self._closed = True
            left = [self._coming, self._whole[0] if self._whole else None]
            self._coming = self._whole = None
        for incoming in left:
            if incoming is not None:
                incoming.drop()

    def _piece(self, context: int, piece: bytes) -> None:
        if not piece or self._closed:
            raise _Breach("protocol")
        if piece[0] & _COMMAND:
            self._command(context, piece)
        else:
            self._dataset(context, piece)

    def _command(self, context: int, piece: bytes) -> None:
        self._gathered += piece[1:]
        if self._coming is not None or len(self._gathered) > LARGEST_COMMAND:
            raise _Breach("protocol")
        if piece[0] & _LAST:
            command = read_command(bytes(self._gathered))
            self._gathered.clear()
            if command is None or self.msg_queue.qsize() >= MOST_WAITING:
                raise _Breach("protocol")
            if command.has_dataset != (command.message is Message.STORE):
                raise _Breach("protocol")
            if command.message is Message.STORE:
                self._begin(context, command)
        self._pass_on(context, piece)

    def _begin(self, context: int, command: Command) -> None:
        agreed = next((each for each in self.assoc.accepted_contexts if each.context_id == context), None)
        if agreed is None or self._unanswered:
            raise _Breach("protocol")
        fits = command.names_itself and agreed.abstract_syntax == command.sop_class
        names = (command.sop_class, command.sop_instance) if fits else ("", "")
        incoming = self._into.begin(head_of_file(*names, str(agreed.transfer_syntax[0])))
        if not fits:
            incoming.refuse(Answer.MISMATCH)
        with self._lock:
            self._coming, self._context, self._began = incoming, context, self._monotonic()
            self._unanswered = True

    def _dataset(self, context: int, piece: bytes) -> None:
        coming = self._coming
        if coming is None or context != self._context:
            raise _Breach("protocol")
        if self._monotonic() - self._began > self._seconds:
            raise _Breach("slow")
        coming.write(piece[1:])
        if piece[0] & _LAST:
            with self._lock:
                self._whole, self._coming = (coming, self._began), None
            self._pass_on(context, _NOTHING_MORE)

    def _pass_on(self, context: int, piece: bytes) -> None:
        primitive = P_DATA()
        primitive.presentation_data_value_list = [[context, piece]]  # type: ignore[list-item]  # it asks for lists
        super().receive_primitive(primitive)
