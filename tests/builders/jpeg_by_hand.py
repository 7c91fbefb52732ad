"""Decodes a JPEG of one grey component by the equations of ISO 10918-1: sequential of 8 or 12 bits, or lossless.

Slow, and shares nothing with the libraries that are checked with it: ffmpeg has no JPEG of 12 bits and errs in some
lossless ones of 16, and gdcm, dcmtk and pylibjpeg have theirs from the same source.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

_ZIGZAG: Final = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)))
_U: Final = np.arange(8)
_COSINES: Final = np.cos((2 * _U[:, None] + 1) * _U[None, :] * np.pi / 16) * np.where(_U == 0, np.sqrt(1 / 8), 0.5)


@dataclass
class _Tables:
    """What the segments before the scan say."""

    quantisers: dict[int, list[int]] = field(default_factory=dict)
    codes: dict[int, dict[tuple[int, int], int]] = field(default_factory=dict)  # class and number -> (length, code)
    restart: int = 0
    frame: tuple[int, int, int, int] = (0, 0, 0, 0)  # bits, rows, columns, quantiser
    lossless: bool = False


def decode(data: bytes) -> NDArray[np.int64]:
    """Samples, (height, width)."""
    tables, at = _Tables(), 2
    while True:
        marker, length = struct.unpack_from(">xBH", data, at)
        content = data[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == 0xDA:
            return (_lossless_scan if tables.lossless else _scan)(data[at:], content, tables)
        if marker in (0xC0, 0xC1, 0xC3):
            bits, rows, columns, components, _, sampling, number = struct.unpack_from(">BHHBBBB", content)
            assert (components, sampling) == (1, 0x11)
            tables.frame, tables.lossless = (bits, rows, columns, number), marker == 0xC3
        else:
            assert marker != 0xC2
            _read_table(marker, content, tables)


def _read_table(marker: int, content: bytes, tables: _Tables) -> None:
    if marker == 0xDD:
        tables.restart = struct.unpack(">H", content)[0]
    at = 0
    while marker == 0xDB and at < len(content):
        wide, number = divmod(content[at], 16)
        tables.quantisers[number] = list(struct.unpack_from(">64H" if wide else ">64B", content, at + 1))
        at += 129 if wide else 65
    while marker == 0xC4 and at < len(content):
        counts, symbols = content[at + 1 : at + 17], iter(content[at + 17 :])
        codes, code = tables.codes.setdefault(content[at], {}), 0
        for size, count in enumerate(counts, 1):
            for _ in range(count):
                codes[size, code] = next(symbols)
                code += 1
            code *= 2
        at += 17 + sum(counts)


def _scan(data: bytes, header: bytes, tables: _Tables) -> NDArray[np.int64]:
    bits, rows, columns, number = tables.frame
    dc, ac = tables.codes[header[2] >> 4], tables.codes[0x10 + (header[2] & 15)]
    quantiser = np.array(tables.quantisers[number], float)
    across, down = -(-columns // 8), -(-rows // 8)
    samples = np.zeros((down * 8, across * 8))
    stream, last = _Bits(data), 0
    for block in range(down * across):
        if tables.restart and block and block % tables.restart == 0:
            stream.restart()
            last = 0
        coefficients = np.zeros(64)
        last += stream.value(stream.symbol(dc))
        coefficients[0] = last
        place = 1
        while place < 64:
            run, size = divmod(stream.symbol(ac), 16)
            if size == 0 and run != 15:
                break
            place += run
            if size:
                coefficients[_ZIGZAG[place]] = stream.value(size) * quantiser[place]
            place += 1
        coefficients[0] *= quantiser[0]
        square = _COSINES @ coefficients.reshape(8, 8) @ _COSINES.T
        y, x = divmod(block, across)
        samples[8 * y : 8 * y + 8, 8 * x : 8 * x + 8] = square
    levels = np.rint(samples[:rows, :columns] + 2 ** (bits - 1))
    return np.clip(levels, 0, 2**bits - 1).astype(np.int64)


def _lossless_scan(data: bytes, header: bytes, tables: _Tables) -> NDArray[np.int64]:
    """Differences from a predictor (annex H), modulo 65,536; no point transform, no restarts."""
    bits, rows, columns, _ = tables.frame
    codes, predictor = tables.codes[header[2] >> 4], header[3]
    assert header[5] == 0
    assert not tables.restart
    stream, above, picture = _Bits(data), [0] * columns, []
    for row in range(rows):
        line: list[int] = []
        for column in range(columns):
            size = stream.symbol(codes)
            difference = 32768 if size == 16 else stream.value(size)
            b = above[column]
            if not column:
                predicted = b if row else 1 << (bits - 1)
            else:
                a, c = line[-1], above[column - 1]
                ways = (a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1)
                predicted = ways[predictor - 1] if row else a
            line.append((predicted + difference) & 0xFFFF)
        picture.append(line)
        above = line
    return np.array(picture, dtype=np.int64)


class _Bits:
    """The entropy-coded bytes as bits, most significant first."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.left, self.byte = data, 0, 0, 0

    def bit(self) -> int:
        """The next one; behind the end, noughts."""
        if not self.left:
            self.byte = self.data[self.at] if self.at < len(self.data) else 0
            self.at += 2 if self.byte == 0xFF else 1  # a stuffed nought follows
            self.left = 8
        self.left -= 1
        return self.byte >> self.left & 1

    def symbol(self, codes: dict[tuple[int, int], int]) -> int:
        """The next Huffman symbol."""
        code = 0
        for size in range(1, 17):
            code = 2 * code + self.bit()
            if (size, code) in codes:
                return codes[size, code]
        raise ValueError("no such code")

    def value(self, size: int) -> int:
        """A signed number of so many bits (F.2.2.1, EXTEND)."""
        value = 0
        for _ in range(size):
            value = 2 * value + self.bit()
        return value if not size or value >= 2 ** (size - 1) else value - 2**size + 1

    def restart(self) -> None:
        """Go on behind the marker."""
        self.left = 0
        assert self.data[self.at] == 0xFF
        self.at += 2
