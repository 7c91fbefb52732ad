"""Breaks real files in every way that keeps a decoder listening; all chance comes from the `Random` passed in."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

_SHORT: Final = (0, 1, 0x7FFF, 0x8000, 0xFFFF)
_LONG: Final = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
MAGIC: Final = (
    *(b"\0", b"\xff", b"\x7f", b"\x80"),
    *(struct.pack(f"{order}H", value) for order in "<>" for value in _SHORT),
    *(struct.pack(f"{order}I", value) for order in "<>" for value in _LONG),
)
_SEGMENT: Final = re.compile(rb"\xff[\xc0-\xcf\xda-\xef\xfe]")
_VR: Final = re.compile(rb"(?:AE|AS|AT|CS|DA|DS|DT|FD|FL|IS|LO|LT|OB|OW|PN|SH|SQ|SS|ST|TM|UI|UL|UN|US|UT)")
VRS: Final = (b"CS", b"DS", b"IS", b"SQ", b"UN", b"OB", b"OW", b"US", b"UI", b"FD", b"PN", b"ZZ", b"\0\0")
Mutation = Callable[[Random, bytes, Sequence[bytes]], bytes]


def mutated(random: Random, data: bytes, others: Sequence[bytes]) -> tuple[bytes, list[str]]:
    """A file with one to four things wrong, and what was done to it.

    Args:
        others: files to splice with.
    """
    done = []
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
        name = random.choice(list(MUTATIONS))
        data = MUTATIONS[name](random, data, others) if data else data
        done.append(name)
    return data, done


def _place(random: Random, data: bytes) -> int:
    """Anywhere, but half of the time near the beginning, where the headers are."""
    reach = len(data) if random.random() < 0.5 else min(len(data), 2048)
    return random.randrange(max(reach, 1))


def _put(data: bytes, at: int, value: bytes) -> bytes:
    return (data[:at] + value + data[at + len(value) :])[: max(len(data), at)]


def bits(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One to 40 bits turned over."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8, 40))):
        changed[_place(random, data)] ^= 1 << random.randrange(8)
    return bytes(changed)


def run(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A run of random bytes in place of others."""
    return _put(data, _place(random, data), random.randbytes(random.choice((1, 4, 16, 256, 4096))))


def zeros(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A run of zeros in place of others, at times up to the end."""
    at = _place(random, data)
    length = len(data) - at if random.random() < 0.3 else random.choice((2, 16, 512, 4096, 65536))
    return _put(data, at, bytes(length))


def magic(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One to five numbers that overflow something."""
    for _ in range(random.randrange(1, 6)):
        data = _put(data, _place(random, data), random.choice(MAGIC))
    return data


def cut(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The first part only."""
    return data[: random.randrange(len(data))]


def beheaded(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Some bytes missing, or too many, in the middle."""
    at, length = _place(random, data), random.choice((1, 2, 7, 128, 5000))
    return data[:at] + (random.randbytes(length) if random.random() < 0.5 else b"") + data[at + length * (at % 2) :]


def doubled(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A piece twice, or many times."""
    at, length = _place(random, data), random.choice((4, 64, 2048, 65536))
    times = random.choice((1, 1, 2, 50)) if length < 65536 else 1
    return data[:at] + data[at : at + length] * times + data[at:]


def spliced(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The beginning of this one and the end of another."""
    other = random.choice(others)
    share = random.random()
    return data[: int(len(data) * share)] + other[int(len(other) * share) :]


def structure(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """What the format itself lives by: lengths, types, sizes."""
    if data[:2] == b"\xff\xd8":
        return _jpeg_segment(random, data)
    if data[:4] == b"\x89PNG":
        return _png_chunk(random, data)
    return _dicom_element(random, data)


def _jpeg_segment(random: Random, data: bytes) -> bytes:
    found = [match.start() for match in _SEGMENT.finditer(data[:20_000])]
    if not found:
        return magic(random, data, ())
    at = random.choice(found)
    kind = random.randrange(4)
    if kind == 0:  # its length
        return _put(data, at + 2, struct.pack(">H", random.choice((0, 1, 2, 3, 255, 0x7FFF, 0xFFFF))))
    if kind == 1:  # its kind
        return _put(data, at + 1, bytes([random.choice((0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC9, 0xD9, 0xDA, 0xDD, 0xF7))]))
    if kind == 2:  # what it says
        return _put(data, at + 4 + random.randrange(16), random.choice(MAGIC))
    length = 2 + struct.unpack(">H", data[at + 2 : at + 4].ljust(2, b"\0"))[0]
    return data[:at] + data[at : at + length] * random.choice((0, 2, 30)) + data[at + length :]


def _png_chunk(random: Random, data: bytes) -> bytes:
    found, at = [], 8
    while at + 12 <= len(data) and len(found) < 1000:
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            break
        found.append((at, length, kind))
        at += 12 + length
    if not found:
        return magic(random, data, ())
    at, length, kind = random.choice(found[: random.choice((1, 3, len(found)))])
    content = data[at + 8 : at + 8 + length]
    what = random.randrange(4)
    if what == 0:  # its length alone
        return _put(data, at, struct.pack(">I", random.choice((0, length + 1, 0x7FFFFFFF, 0xFFFFFFFF))))
    if what == 1 and content:  # what it says
        content = _put(content, random.randrange(len(content)), random.choice(MAGIC))
    elif what == 2:
        kind = random.choice((b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"IEND", b"iCCP", b"zTXt", b"acTL", b"fdAT"))
    else:
        content = content * random.choice((0, 2))
    whole = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return data[:at] + whole + data[at + 12 + length :]


def _dicom_element(random: Random, data: bytes) -> bytes:
    found = [match.start() for match in _VR.finditer(data[:20_000])]
    if not found:
        return magic(random, data, ())
    at = random.choice(found)
    kind = random.randrange(5)
    if kind == 0:  # its type
        return _put(data, at, random.choice(VRS))
    if kind == 1:  # its length, short
        return _put(data, at + 2, struct.pack("<H", random.choice((0, 1, 3, 0x7FFF, 0xFFFE, 0xFFFF))))
    if kind == 2:  # its length, long
        return _put(data, at + 4, struct.pack("<I", random.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF))))
    if kind == 3:  # its tag
        return _put(data, max(at - 4, 0), struct.pack("<HH", random.choice((0x0028, 0x7FE0, 0xFFFE, 2)), 0x0010))
    return _put(data, at + 4, random.choice((b"\xff\xff", b"\0\0", b"-1", b"1e", b"NA", b"\\\\")))  # what it says


MUTATIONS: Final[dict[str, Mutation]] = {
    **{each.__name__: each for each in (bits, run, zeros, magic, cut, beheaded, doubled, spliced)},
    **dict.fromkeys(("structure 1", "structure 2", "structure 3"), structure),  # it finds the most: a third of all
}
