"""Decodes pictures a second time, with nothing that `models` decodes with: numpy, a small RLE reader, ffmpeg's own
decoders, and `builders.jpeg_by_hand` for JPEG of 12 bits and lossless JPEG of 16.

ffmpeg shares no code with gdcm (CharLS, IJG), openjpeg or libjpeg-turbo: its decoders of JPEG 2000 (`jpeg2000`, not
`libopenjpeg`), JPEG-LS, lossless and baseline JPEG (`mjpeg`) are its own.
"""

from __future__ import annotations

import re
import struct
import subprocess
import zlib
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pydicom
from builders.jpeg_by_hand import decode
from builders.parts import need_program
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.uid import UID

from models.dicom_tags import whole

_CODECS: Final = {"JPEG 2000": ("j2k_pipe", "jpeg2000"), "JPEG-LS": ("jpegls_pipe", "jpegls")}
_RGB_ORDERS: Final = {"gbrp": (2, 0, 1), "bgr24": (2, 1, 0)}


def native_bytes(data: bytes, uid: str) -> bytes:
    """The picture's bytes of an uncompressed file, found by its tag: the last of a file written by code."""
    if uid.endswith(".99"):
        end = data.index(b"\x02\x00\x10\x00UI")
        end += 8 + struct.unpack_from("<H", data, end + 6)[0]
        while data[end : end + 2] == b"\x02\x00":
            wide = data[end + 4 : end + 6] in (b"OB", b"UN")
            end += 12 + struct.unpack_from("<I", data, end + 8)[0] if wide else 8 + _short(data, end + 6)
        data = zlib.decompress(data[end:], -zlib.MAX_WBITS)
    big = uid.endswith("1.2.2")
    at = data.rindex(b"\x7f\xe0\x00\x10O" if big else b"\xe0\x7f\x10\x00")
    implicit = uid == "1.2.840.10008.1.2"
    length = struct.unpack_from(">I" if big else "<I", data, at + (4 if implicit else 8))[0]
    start = at + (8 if implicit else 12)
    return data[start : start + length]


def _short(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<H", data, at)[0])


def native(content: bytes, dataset: pydicom.Dataset, *, big: bool = False) -> NDArray[np.int64]:
    """Uncompressed words of the first frame, unsigned, (height, width) or (height, width, 3)."""
    rows, columns, samples = dataset.Rows, dataset.Columns, dataset.SamplesPerPixel
    if dataset.BitsAllocated == 1:
        bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
        return bits[: rows * columns].reshape(rows, columns).astype(np.int64)
    kind = np.dtype(f"{'>' if big else '<'}u{dataset.BitsAllocated // 8}")
    if big and dataset.BitsAllocated == 8 and dataset["PixelData"].VR == "OW":
        content = np.frombuffer(content, ">u2").astype("<u2").tobytes()
    if dataset.PhotometricInterpretation == "YBR_FULL_422":
        pairs = np.frombuffer(content, kind, rows * columns * 2).reshape(rows, columns // 2, 4).astype(np.int64)
        first, second = pairs[..., [0, 2, 3]], pairs[..., [1, 2, 3]]
        return np.stack([first, second], axis=2).reshape(rows, columns, 3)
    words = np.frombuffer(content, kind, rows * columns * samples).astype(np.int64)
    if samples == 1:
        return words.reshape(rows, columns)
    if dataset.PlanarConfiguration == 1:
        return np.moveaxis(words.reshape(samples, rows, columns), 0, 2)
    return words.reshape(rows, columns, samples)


def rle(frame: bytes, dataset: pydicom.Dataset) -> NDArray[np.int64]:
    """A frame of PS3.5, annex G: a segment for each byte of a word, the highest first, sample by sample."""
    rows, columns, samples = dataset.Rows, dataset.Columns, dataset.SamplesPerPixel
    count, *offsets = struct.unpack_from("<16I", frame)
    offsets = [*offsets[:count], len(frame)]
    planes = [_unpacked(frame[a:b])[: rows * columns] for a, b in pairwise(offsets)]
    wide = count // samples
    words = [
        sum(np.frombuffer(planes[s * wide + b], np.uint8).astype(np.int64) << 8 * (wide - 1 - b) for b in range(wide))
        for s in range(samples)
    ]
    shaped = [np.asarray(word).reshape(rows, columns) for word in words]
    return shaped[0] if samples == 1 else np.stack(shaped, axis=-1)


def _unpacked(segment: bytes) -> bytes:
    """PackBits."""
    out, at = bytearray(), 0
    while at < len(segment) - 1:
        head, at = segment[at], at + 1
        if head < 128:
            out += segment[at : at + head + 1]
            at += head + 1
        elif head > 128:
            out += segment[at : at + 1] * (257 - head)
            at += 1
    return bytes(out)


def components(frame: bytes, syntax: str) -> tuple[NDArray[np.int64], str]:
    """A compressed frame's components as ffmpeg has them, (height, width[, 3]), and its name for their kind."""
    demuxer, codec = next((found for start, found in _CODECS.items() if start in syntax), ("image2pipe", "mjpeg"))
    command = [need_program("ffmpeg"), "-hide_banner", "-nostdin", "-v", "info", "-f", demuxer, "-c:v", codec]
    done = subprocess.run(
        [*command, "-i", "pipe:0", "-frames:v", "1", "-f", "rawvideo", "pipe:1"],
        input=frame,
        capture_output=True,
        check=True,
    )
    found = re.search(rb"Video: rawvideo[^,]*, (\w+).*?, (\d+)x(\d+)", done.stderr)
    assert found, done.stderr
    kind, columns, rows = found[1].decode(), int(found[2]), int(found[3])
    words = np.frombuffer(done.stdout, np.uint16 if kind.endswith(("16le", "12le", "10le")) else np.uint8).astype(int)
    if kind.startswith("gray"):
        return words.reshape(rows, columns), kind
    if kind in ("rgb24", "bgr24"):
        return words.reshape(rows, columns, 3)[..., list(_RGB_ORDERS.get(kind, (0, 1, 2)))], kind
    if kind in ("gbrp", "yuvj444p", "yuv444p"):
        return np.moveaxis(words.reshape(3, rows, columns), 0, 2)[..., list(_RGB_ORDERS.get(kind, (0, 1, 2)))], kind
    half, low = -(-columns // 2), (rows if "422" in kind else -(-rows // 2))
    luma, rest = words[: rows * columns].reshape(rows, columns), words[rows * columns :]
    chroma = rest.reshape(2, low, half).repeat(2, axis=2)[:, :, :columns].repeat(-(-rows // low), axis=1)[:, :rows]
    return np.stack([luma, *chroma], axis=-1), kind


def grey_words(dataset: pydicom.Dataset, syntax: UID, precision: int, signed_codestream: bool) -> NDArray[np.int64]:
    """The words of a compressed grey frame, unsigned, of so many bits: ffmpeg's, or `builders.jpeg_by_hand`'s."""
    frame = get_frame(dataset.PixelData, 0, number_of_frames=max(whole(dataset, "NumberOfFrames") or 1, 1))
    if ("Extended" in syntax.name and precision == 12) or ("JPEG Lossless" in syntax.name and precision == 16):
        return decode(frame)
    words, kind = components(frame, syntax.name)
    assert kind.startswith("gray"), kind
    if precision > 8 and ("2000" in syntax.name or "JPEG-LS" in syntax.name):
        words = words >> (16 - precision)  # ffmpeg shifts them up
    return words ^ (1 << (precision - 1)) if signed_codestream else words


def rgb_of(parts: NDArray[Any], *, ybr: bool, bits: int = 8) -> NDArray[np.float64]:
    """Red, green and blue, 0..1, in double precision."""
    levels = parts.astype(np.float64)
    if ybr:
        y, b, r = levels[..., 0], levels[..., 1] - 2 ** (bits - 1), levels[..., 2] - 2 ** (bits - 1)
        levels = np.stack([y + 1.402 * r, y - 0.344136286 * b - 0.714136286 * r, y + 1.772 * b], axis=-1)
    return np.clip(levels / (2**bits - 1), 0.0, 1.0)
