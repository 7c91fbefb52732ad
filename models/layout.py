"""Walks the outline of a JPEG or PNG file, segment by segment, without decoding; it knows no limits.

A decoder tells neither that the end is missing nor how much there is to do: libjpeg decodes the zeros of a file that
has its size before its content (seen with optimised tables, and at quality 98), Pillow's PNG reader does not look at
the checksum of the picture, and a progressive JPEG of some hundred kilobytes keeps libjpeg busy for many seconds.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final

_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # 0 is stuffing, d0-d7 are restarts within a scan
_SOI, _EOI, _SOS, _TEM = 0xD8, 0xD9, 0xDA, 0x01
_CRITICAL: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_LETTERS: Final = re.compile(rb"[A-Za-z]{4}")


@dataclass(frozen=True, slots=True)
class Outline:
    """What a file consists of.

    Attributes:
        parts: segments of a JPEG or chunks of a PNG.
        ended: whether the end marker was reached.
        sound: whether the checksums of what makes the picture are right, as far as it was walked; a JPEG has none.
        scans: how often a decoder goes over the picture of a JPEG.
        filler: bytes before the first scan of a JPEG that belong to no segment.
    """

    parts: int
    ended: bool
    sound: bool = True
    scans: int = 0
    filler: int = 0


def jpeg_outline(data: bytes, most: int) -> Outline:
    """Walk a JPEG (ISO 10918-1, B.1) to its end marker; what follows that is not looked at.

    Args:
        most: segments after which the walk gives up; the count is then larger than that.
    """
    at, segments, scans, filler = 2, 0, 0, 0
    while segments <= most and (found := _MARKER.search(data, at)):
        filler += 0 if scans else found.start() - at
        marker, at = data[found.end() - 1], found.end()
        if marker == _EOI:
            return Outline(segments, True, scans=scans, filler=filler)
        segments += 1
        if marker in (_SOI, _TEM):
            continue
        scans += marker == _SOS
        if at + 2 > len(data):
            break
        at += max(struct.unpack_from(">H", data, at)[0], 2)
    return Outline(segments, False, scans=scans, filler=filler)


def png_outline(data: bytes, most: int) -> Outline:
    """Walk a PNG (ISO 15948, 5.3) to IEND; what follows that is not looked at.

    Args:
        most: chunks after which the walk gives up; the count is then larger than that.
    """
    view, at, chunks, sound = memoryview(data), 8, 0, True
    while chunks <= most and at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        ends = at + 8 + length
        if ends + 4 > len(data) or not _LETTERS.fullmatch(kind):
            break
        chunks += 1
        if kind in _CRITICAL:
            sound &= zlib.crc32(view[at + 4 : ends]) == struct.unpack_from(">I", data, ends)[0]
        if kind == b"IEND":
            return Outline(chunks, True, sound)
        at = ends + 4
    return Outline(chunks, False, sound)
