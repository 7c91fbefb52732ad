"""Reads what a compressed DICOM frame says of itself, from its own header, before anything is decoded.

The header of the file and that of the compressed frame are two claims; a decoder believes the second. A JPEG 2000 frame
of 620 bytes can ask for 17.5 GiB, so both are read, and must agree.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_J2K_START: Final = b"\xff\x4f\xff\x51"  # SOC, SIZ: they open every JPEG 2000 codestream, HTJ2K included
_J2K_STYLE: Final = 0xFF52  # COD, which says whether colours were transformed
_J2K_TILE: Final = 0xFF90  # SOT: the main header ends
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RSTn, SOI: markers without a length
_NOT_FRAME: Final = frozenset({0xC4, 0xC8, 0xCC})  # DHT, JPG, DAC: among the SOFn by number only
_JPEG_LS_FRAME: Final = 0xF7
_JFIF: Final = 0xE0  # APP0
_ADOBE: Final = 0xEE  # APP14
_RGB_IDS: Final = (b"RGB", b"rgb")
MAX_COMPONENTS: Final = 4


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What a compressed frame says of itself.

    Attributes:
        columns, rows, components: its size.
        bits: of a sample of the first component.
        transformed: JPEG 2000: whether its colours went through a transform, which a decoder undoes.
        colours: JPEG: "RGB" or "YBR" where a marker or the names of its components say so (libjpeg's rules), else "".
    """

    columns: int
    rows: int
    components: int
    bits: int
    transformed: bool = False
    colours: str = ""


def frame_header(frame: bytes) -> FrameHeader | None:
    """What a JPEG, JPEG-LS or JPEG 2000 frame states, or None where no such header is found (RLE has none)."""
    try:
        if frame[:2] == b"\xff\xd8":
            return _jpeg(frame)
        start = frame[:4096].find(_J2K_START)  # some writers leave the JP2 boxes before it
        return _j2k(frame, start + len(_J2K_START)) if start >= 0 else None
    except (struct.error, IndexError):
        return None


def _j2k(frame: bytes, at: int) -> FrameHeader | None:
    """SIZ (ISO 15444-1, A.5.1): image and tile extents on the reference grid, then the components."""
    length, _, x, y, x0, y0, tile_x, tile_y, _, _, components = struct.unpack_from(">HHIIIIIIIIH", frame, at)
    if x <= x0 or y <= y0 or tile_x < 1 or tile_y < 1:
        return None
    bits = (frame[at + 38] & 0x7F) + 1  # the first bit is the sign
    return FrameHeader(x - x0, y - y0, components, bits, transformed=_is_transformed(frame, at + length))


def _is_transformed(frame: bytes, at: int) -> bool:
    """COD's multiple component transformation (A.6.1), in the main header."""
    while at + 4 <= len(frame):
        marker, length = struct.unpack_from(">HH", frame, at)
        if marker == _J2K_STYLE:
            return frame[at + 8] == 1
        if marker == _J2K_TILE or marker < 0xFF00 or length < 2:
            return False
        at += 2 + length
    return False


def _jpeg(frame: bytes) -> FrameHeader | None:
    """The first SOFn (ISO 10918-1, B.2.2) or SOF55 of JPEG-LS; each other segment is skipped by its length."""
    at = 2
    said: dict[str, str] = {}
    while at + 4 <= len(frame):
        if frame[at] != 0xFF:
            return None
        marker = frame[at + 1]
        if marker == 0xFF or marker in _STANDALONE:  # a fill byte, or a marker that stands alone
            at += 1 if marker == 0xFF else 2
            continue
        length = struct.unpack_from(">H", frame, at + 2)[0]
        content = frame[at + 4 : at + 2 + length]
        if (0xC0 <= marker <= 0xCF and marker not in _NOT_FRAME) or marker == _JPEG_LS_FRAME:
            bits, rows, columns, components = struct.unpack_from(">BHHB", content)
            if content[6:15:3] in _RGB_IDS:
                said.setdefault("names", "RGB")
            colours = said.get("jfif") or said.get("adobe") or said.get("names") or ""
            return FrameHeader(columns, rows, components, bits, colours=colours if components == 3 else "")
        if marker == _JFIF and length >= 16 and content.startswith(b"JFIF\0"):
            said["jfif"] = "YBR"
        if marker == _ADOBE and length >= 14 and content.startswith(b"Adobe"):
            said["adobe"] = "YBR" if content[11] else "RGB"
        at += 2 + length
    return None
