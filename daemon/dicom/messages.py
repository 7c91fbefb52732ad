"""The bytes around a dataset: the command that announces it, and the head of the file that it becomes; pure.

A command set is read here, by hand, for what decides whether its message is let on: whoever is at the other end may
have made it up. The dataset itself is read nowhere in this process.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

LARGEST_COMMAND: Final = 8192  # bytes; a C-STORE request has some 300
NO_DATASET: Final = 0x0101
# Names what wrote the files, made once from a random UUID. It never changes with versions: the same object, sent again
# after an upgrade, becomes the same bytes.
IMPLEMENTATION: Final = "2.25.243522523233648490130696060966774978291"
IMPLEMENTATION_NAME: Final = "CXR_TRIAGE"
_UID: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)
_SOP_CLASS, _FIELD, _DATASET_TYPE, _SOP_INSTANCE = 0x0002, 0x0100, 0x0800, 0x1000


class Message(IntEnum):
    """The messages that are taken; everything else ends the association."""

    STORE = 0x0001
    ECHO = 0x0030


@dataclass(frozen=True, slots=True)
class Command:
    """What a command set says; texts may hold anything."""

    message: Message
    has_dataset: bool
    sop_class: str
    sop_instance: str

    @property
    def names_itself(self) -> bool:
        """Whether its UIDs could stand in a file."""
        return is_uid(self.sop_class) and is_uid(self.sop_instance)


def is_uid(text: str) -> bool:
    """Whether a text has the letters and the length of a UID; leading zeros, which some vendors write, are let pass."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def read_command(data: bytes) -> Command | None:
    """A command set (implicit little endian, group 0000); None where it is broken or of a message that is not taken."""
    values: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            return None
        group, element, length = struct.unpack_from("<HHL", data, at)
        at += 8
        if group != 0 or length > len(data) - at or element in values:
            return None
        values[element] = data[at : at + length]
        at += length
    number, kind = _number(values.get(_FIELD)), _number(values.get(_DATASET_TYPE))
    if number not in tuple(Message) or kind is None:
        return None
    return Command(Message(number), kind != NO_DATASET, _text(values.get(_SOP_CLASS)), _text(values.get(_SOP_INSTANCE)))


def _number(value: bytes | None) -> int | None:
    return int.from_bytes(value, "little") if value is not None and len(value) == 2 else None


def _text(value: bytes | None) -> str:
    return (value or b"").decode("latin-1").rstrip("\0 ")


def head_of_file(sop_class: str, sop_instance: str, transfer_syntax: str) -> bytes:
    """Everything of a Part 10 file that stands before the dataset (DICOM PS3.10, section 7.1).

    It says what was negotiated, and neither who sent it nor when: the same object makes the same file.
    """
    elements = b"".join(
        [
            struct.pack("<HH2sHL", 2, 0x0001, b"OB", 0, 2) + b"\0\1",
            _element(0x0002, b"UI", sop_class),
            _element(0x0003, b"UI", sop_instance),
            _element(0x0010, b"UI", transfer_syntax),
            _element(0x0012, b"UI", IMPLEMENTATION),
            _element(0x0013, b"SH", IMPLEMENTATION_NAME),
        ]
    )
    return bytes(128) + b"DICM" + struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(elements)) + elements


def _element(element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii")
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value
