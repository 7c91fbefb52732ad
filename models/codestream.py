"""Reads the size of a compressed DICOM frame from its own header, before anything is decoded.

The header of the file and that of the compressed frame are two claims; a decoder believes the second. A JPEG 2000 frame
of 620 bytes can ask for 17.5 GiB, so both are read, and must agree.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_J2K_START: Final = b"\xff\x4f\xff\x51"  # SOC, SIZ: they open every JPEG 2000 codestream, HTJ2K included
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RSTn, SOI: markers without a length
_NOT_FRAME: Final = frozenset({0xC4, 0xC8, 0xCC})  # DHT, JPG, DAC: among the SOFn by number only
_JPEG_LS_FRAME: Final = 0xF7
MAX_COMPONENTS: Final = 4


@dataclass(frozen=True, slots=True)
class FrameSize:
    """What a compressed frame says of itself."""

    columns: int
    rows: int
    components: int


def frame_size(frame: bytes) -> FrameSize | None:
    """The size that a JPEG, JPEG-LS or JPEG 2000 frame states, or None where no such header is found (RLE has none)."""
    try:
        if frame[:2] == b"\xff\xd8":
            return _jpeg(frame)
        start = frame[:4096].find(_J2K_START)  # some writers leave the JP2 boxes before it
        return _j2k(frame, start + len(_J2K_START)) if start >= 0 else None
    except (struct.error, IndexError):
        return None


def _j2k(frame: bytes, at: int) -> FrameSize | None:
    """SIZ (ISO 15444-1, A.5.1): image and tile extents on the reference grid, then the components."""
    _, _, x, y, x0, y0, tile_x, tile_y, _, _, components = struct.unpack_from(">HHIIIIIIIIH", frame, at)
    if x <= x0 or y <= y0 or tile_x < 1 or tile_y < 1:
        return None
    return FrameSize(x - x0, y - y0, components)


def _jpeg(frame: bytes) -> FrameSize | None:
    """The first SOFn (ISO 10918-1, B.2.2) or SOF55 of JPEG-LS; each other segment is skipped by its length."""
    at = 2
    while at + 4 <= len(frame):
        if frame[at] != 0xFF:
            return None
        marker = frame[at + 1]
        if marker == 0xFF or marker in _STANDALONE:  # a fill byte, or a marker that stands alone
            at += 1 if marker == 0xFF else 2
            continue
        if (0xC0 <= marker <= 0xCF and marker not in _NOT_FRAME) or marker == _JPEG_LS_FRAME:
            _, rows, columns, components = struct.unpack_from(">BHHB", frame, at + 4)
            return FrameSize(columns, rows, components)
        at += 2 + struct.unpack_from(">H", frame, at + 2)[0]
    return None
