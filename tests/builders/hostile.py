"""Makes hostile files by name and by code alone: bombs, absurd headers, half-copied films, polyglots, special files.

Nothing is random and nothing was ever a person's: the same name gives the same bytes.
"""

from __future__ import annotations

import functools
import io
import os
import re
import socket
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from builders.dicom import dicom, written
from builders.films import grey_film, jpeg, jpeg_rgb, png, png16, png_header, truncated
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

Make = Callable[[], bytes]
PNG_START: Final = b"\x89PNG\r\n\x1a\n"
_META: Final = bytes(128) + b"DICM" + b"\x02\x00\x10\x00UI\x14\x00" + b"1.2.840.10008.1.2.1\0"
_ENDLESS: Final = 0xFFFFFFFF
_ITEM: Final = b"\xfe\xff\x00\xe0"
_FIRST_SEED: Final = 9000  # of the films in here: none is a film of another test


@functools.cache
def apart(data: bytes, number: int) -> bytes:
    """The same file with a SOPInstanceUID of its own, as long as before: films of one UID take each other's place."""

    def renamed(match: re.Match[bytes]) -> bytes:
        digits = match[2].rstrip(b"\0")
        return match[1] + digits[:-4] + b"%04d" % number + match[2][len(digits) :]

    return re.sub(rb"(\x08\x00\x18\x00(?:UI..|....))([0-9.]{12,64}\0?)", renamed, data, count=1, flags=re.DOTALL)


def film(number: int, width: int = 600, height: int = 500) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A sound picture, another one for each number."""
    return grey_film(width, height, seed=_FIRST_SEED + number)


# --- JPEG -----------------------------------------------------------------------------------------------------------


def segment(marker: int, content: bytes) -> bytes:
    """One segment of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def after_soi(data: bytes, inserted: bytes) -> bytes:
    """A JPEG with something between its first marker and the rest."""
    return data[:2] + inserted + data[2:]


def resized_jpeg(data: bytes, width: int, height: int) -> bytes:
    """The same JPEG, its header claiming another size."""
    at = next(at for at in (data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) if at >= 0)
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def endless_jpeg(scans: int, width: int = 7000, height: int = 7000, fill: int = 0) -> bytes:
    """A progressive JPEG of one grey whose scans add nothing; a decoder goes over the picture for each of them.

    Args:
        fill: bytes of nothing in each scan.
    """
    blocks = -(-width // 8) * -(-height // 8)
    frame = struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0])
    tables = segment(0xDB, bytes([0]) + bytes([1] * 64)) + segment(0xC2, frame)
    tables += segment(0xC4, bytes([0x00, 1] + [0] * 15) + b"\x00")  # DC: one code, "no difference"
    tables += segment(0xC4, bytes([0x10, 1] + [0] * 15) + b"\xe0")  # AC: one code, "no more in so many blocks"
    first = segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(-(-blocks // 8))
    bits = ("0" + "1" * 14) * -(-blocks // 32767)
    bits += "1" * (-len(bits) % 8)
    runs = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    each = segment(0xDA, bytes([1, 1, 0, 1, 63, 0x0D])) + runs + bytes(fill)
    return b"\xff\xd8" + tables + first + each * scans + b"\xff\xd9"


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """An image as Pillow writes it."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def mpo() -> bytes:
    """Two films in one JPEG, as stereo cameras write them."""
    return saved(Image.fromarray(film(1)), "MPO", save_all=True, append_images=[Image.fromarray(film(2))])


def exif_bomb() -> bytes:
    """A directory of 65,535 entries that points to itself, each entry asking for 4 GiB."""
    entries = struct.pack("<HHII", 0x8769, 7, 0xFFFFFFFF, 8) * 5000
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 0xFFFF) + entries


def icc_bomb() -> bytes:
    """255 parts of a colour profile of 16 MiB that says it has 4 GiB."""
    part = struct.pack(">I", 0xFFFFFFFF) + b"acspAPPL" + bytes(65000)
    return b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([number, 255]) + part) for number in range(1, 256))


def zero_filled(data: bytes, share: float = 0.5) -> bytes:
    """A file that has its size, and of its content the first part: as Samba's `strict allocate` leaves it."""
    kept = int(len(data) * share)
    return data[:kept] + bytes(len(data) - kept)


# --- PNG ------------------------------------------------------------------------------------------------------------


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG, its checksum right."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunks(data: bytes, inserted: bytes) -> bytes:
    """A PNG with something after its header."""
    return data[:33] + inserted + data[33:]


def deflated_zeros(megabytes: int) -> bytes:
    """So many megabytes of zeros, deflated; one is packed, and its bytes repeated."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    one = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return one * megabytes + packer.flush()


def zlib_zeros(megabytes: int) -> bytes:
    """The same with zlib's header and checksum."""
    return b"\x78\xda" + deflated_zeros(megabytes) + struct.pack(">HH", (megabytes << 20) % 65521, 1)


def png_bomb(width: int, height: int, megabytes: int) -> bytes:
    """A PNG whose picture data are so many megabytes of zeros, whatever its size asks for."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return PNG_START + chunk(b"IHDR", header) + chunk(b"IDAT", zlib_zeros(megabytes)) + chunk(b"IEND", b"")


def animated_png(frames: int) -> bytes:
    """An animation whose first picture is a film."""
    data = png(film(3))
    control = struct.pack(">IIIIIHHBB", 0, 600, 500, 0, 0, 1, 10, 0, 0)
    more = b"".join(
        chunk(b"fcTL", struct.pack(">I", 2 * number + 1) + control[4:])
        + chunk(b"fdAT", struct.pack(">I", 2 * number + 2) + b"x" * 40)
        for number in range(frames - 1)
    )
    begun = with_chunks(data, chunk(b"acTL", struct.pack(">II", frames, 0)) + chunk(b"fcTL", control))
    return begun[:-12] + more + begun[-12:]


# --- DICOM ----------------------------------------------------------------------------------------------------------


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    """One element, explicit little endian, its length as long as its type asks for."""
    start = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr
    if vr in (b"OB", b"OW", b"SQ", b"UN", b"OF", b"UT"):
        return start + b"\0\0" + struct.pack("<I", len(value)) + value
    return start + struct.pack("<H", len(value)) + value


def changed(data: bytes, **tags: Any) -> bytes:
    """The same DICOM with the raw values of some tags replaced (bytes), or other tags set."""
    dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    for keyword, value in tags.items():
        if isinstance(value, bytes) and keyword != "PixelData":
            dataset.add_new(keyword, "UN", value)  # its type is looked up while reading
            continue
        setattr(dataset, keyword, value)
    return written(dataset, ExplicitVRLittleEndian)


def patched(data: bytes, tag: int, value: bytes) -> bytes:
    """The same DICOM with the bytes of one short element replaced by as many others."""
    start = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    at = data.index(start, 132)
    length = struct.unpack_from("<H", data, at + 6)[0]
    return data[: at + 8] + value.ljust(length, b" ")[:length] + data[at + 8 + length :]


def with_frame(frame: bytes, syntax: str, columns: int = 600, rows: int = 500, bits: int = 8) -> bytes:
    """A chest film whose compressed picture is this frame."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(film(4), bits=bits)))
    dataset.Rows, dataset.Columns = rows, columns
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def j2k_header(width: int, height: int, tile: int, components: int = 1, bits: int = 8) -> bytes:
    """The first 100 bytes of a JPEG 2000 codestream, followed by a tile that holds nothing."""
    size = struct.pack(">HIIIIIIIIH", 0, width, height, 0, 0, tile, tile, 0, 0, components)
    size += bytes([bits - 1, 1, 1]) * components
    style = segment(0x52, bytes([0, 0]) + struct.pack(">HB", 1, 0) + bytes([5, 4, 4, 0, 1]))
    quality = segment(0x5C, bytes([0x40]) + bytes([8 << 3] * 16))
    part = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14, 0, 1) + b"\xff\x93"
    return b"\xff\x4f" + segment(0x51, size) + style + quality + part + b"\xff\xd9"


def deflated_bomb(megabytes: int = 1024) -> bytes:
    """A deflated DICOM of a megabyte for each gigabyte that it becomes: a film's tags, then zeros."""
    tags = {0x00080060: (b"CS", b"CR"), 0x00280010: (b"US", b"\0\x10"), 0x00280011: (b"US", b"\0\x10")}
    begin = b"".join(element(tag, *value) for tag, value in tags.items())
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, megabytes << 20)
    packed = packer.compress(begin + pixels) + packer.flush(zlib.Z_FULL_FLUSH) + deflated_zeros(megabytes)
    return bytes(128) + b"DICM" + element(0x00020010, b"UI", b"1.2.840.10008.1.2.1.99") + packed


def nested(depth: int, *, endless: bool) -> bytes:
    """A header of sequences inside each other."""
    if endless:
        inner = struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, _ENDLESS) + _ITEM + struct.pack("<I", _ENDLESS)
        return _META + inner * depth
    value = b""
    for _ in range(depth):
        value = element(0x00400275, b"SQ", _ITEM + struct.pack("<I", len(value)) + value)
    return _META + value


def rle(segments: int, offsets: bytes, body: bytes) -> bytes:
    """A chest film in RLE with a segment table of one's own."""
    return with_frame(struct.pack("<I", segments) + offsets.ljust(60, b"\0") + body, RLELossless, bits=12)


def flat16(value: int) -> bytes:
    """A chest film whose every pixel has one value of 16 bits."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(film(6), bits=16)))
    dataset.PixelData = struct.pack("<H", value) * (600 * 500)
    return written(dataset)


def extremes16() -> bytes:
    """A chest film with nothing but 0 and 65,535, by turns."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(film(6), bits=16)))
    dataset.PixelData = struct.pack("<HH", 0, 65535) * (600 * 250)
    return written(dataset)


def with_preamble(preamble: bytes) -> bytes:
    """A whole DICOM film whose first 128 bytes are something else."""
    return preamble.ljust(128, b"\0")[:128] + dicom(film(7))[128:]


def zipped() -> bytes:
    """A ZIP with a text in it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("read.txt", "\xff\xda nothing to see here" * 50)
    return stream.getvalue()


@functools.cache
def _whole(name: str) -> bytes:
    return _WHOLE[name]()


def _cut(name: str, tenth: int) -> Make:
    return lambda: truncated(_whole(name), tenth / 10)


def _zeroed(name: str, share: float) -> Make:
    return lambda: zero_filled(_whole(name), share)


def _film(**options: Any) -> Make:
    return lambda: dicom(film(8), **options)


def _slope(value: str) -> Make:
    return lambda: patched(dicom(film(8), RescaleSlope="1234567890", RescaleIntercept=0), 0x00281053, value.encode())


def _window(value: str) -> Make:
    data = {"WindowCenter": "1234567890", "WindowWidth": "1234567890"}
    return lambda: patched(patched(dicom(film(8), **data), 0x00281051, value.encode()), 0x00281050, value.encode())


def _header(**tags: Any) -> Make:
    return lambda: changed(dicom(film(9)), **tags)


def _optimised() -> bytes:
    return jpeg(film(10), 75, optimize=True)


def _fine() -> bytes:
    return jpeg(film(11), 98)


def _stored() -> bytes:
    return saved(Image.fromarray(film(12)), "PNG", compress_level=0)


_WHOLE: Final[Mapping[str, Make]] = {
    "jpeg": _optimised,
    "jpeg-fine": _fine,
    "png": lambda: png(film(12)),
    "png-stored": _stored,
    "dicom": _film(window=(2000, 3000)),
    "dicom-j2k": _film(transfer_syntax=JPEG2000Lossless),
    "dicom-rle": _film(transfer_syntax=RLELossless),
    "dicom-deflated": _film(transfer_syntax=DeflatedExplicitVRLittleEndian),
    "dicom-bare": _film(preamble=False),
}

FILES: Final[Mapping[str, Make]] = {
    "empty": lambda: b"",
    "one-byte": lambda: b"\xff",
    "zeros": lambda: bytes(1 << 20),
    # JPEG
    "jpeg-65500-square": lambda: resized_jpeg(jpeg(film(0)), 65500, 65500),
    "jpeg-no-height": lambda: resized_jpeg(jpeg(film(0)), 600, 0),
    "jpeg-3000-scans": lambda: endless_jpeg(3000),
    "jpeg-3000-large-scans": lambda: endless_jpeg(3000, fill=4000),
    "jpeg-many-segments": lambda: after_soi(jpeg(film(0)), b"\xff\xfe\x00\x02" * (1 << 20)),
    "jpeg-filler": lambda: after_soi(jpeg(film(0)), b"\xff" * (8 << 20)),
    "jpeg-exif-bomb": lambda: after_soi(jpeg(film(13)), segment(0xE1, exif_bomb())),
    "jpeg-icc-bomb": lambda: after_soi(jpeg(film(14)), icc_bomb()),
    "jpeg-cmyk": lambda: saved(Image.fromarray(film(15)).convert("CMYK"), "JPEG"),
    "jpeg-adobe-nonsense": lambda: after_soi(jpeg_rgb(film(16)), segment(0xEE, b"Adobe" + b"\xff" * 7)),
    "jpeg-mpo": mpo,
    "jpeg-header-only": lambda: jpeg(film(17))[:20],
    "jpeg-no-end": lambda: jpeg(film(17))[:-2],
    "jpeg-thumbnail-only": lambda: after_soi(jpeg(film(0))[:30], segment(0xE1, b"Exif\0\0" + jpeg(grey_film(96, 96)))),
    # PNG
    "png-60000-square": lambda: png_header(60_000, 60_000),
    "png-2g-wide": lambda: png_header(2**31 - 1, 1),
    "png-no-pixels": lambda: png_header(0, 0),
    "png-one-grey-49mp": lambda: png_bomb(7000, 7000, 47),
    "png-more-than-it-needs": lambda: png_bomb(600, 500, 1024),
    "png-text-bomb": lambda: with_chunks(png(film(18)), chunk(b"zTXt", b"a\0\0" + zlib_zeros(1024))),
    "png-itxt-bomb": lambda: with_chunks(png(film(18)), chunk(b"iTXt", b"a\0\1\0\0\0" + zlib_zeros(1024))),
    "png-icc-bomb": lambda: with_chunks(png(film(19)), chunk(b"iCCP", b"a\0\0" + zlib_zeros(1024))),
    "png-many-chunks": lambda: with_chunks(png(film(18)), chunk(b"prVt", b"") * 200_000),
    "png-wrong-checksum": lambda: _flipped_idat(png(film(20))),
    "png-chunk-of-2-gib": lambda: png(film(20))[:33] + struct.pack(">I", 2**31 - 1) + png(film(20))[37:],
    "apng-1000-frames": lambda: animated_png(1000),
    "png-16-bit-zeros": lambda: png16(np.zeros((500, 600), np.uint16)),
    "png-16-bit-ones": lambda: png16(np.full((500, 600), 65535, np.uint16)),
    "png-palette-empty": lambda: (
        PNG_START
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 600, 500, 8, 3, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(601 * 500)))
        + chunk(b"IEND", b"")
    ),
    # JPEG 2000
    "j2k-raw": lambda: j2k_header(2**31 - 1, 2**31 - 1, 2**31 - 1),
    "j2k-17-gib": lambda: with_frame(j2k_header(68_000, 68_000, 68_000, 4), JPEG2000Lossless),
    "j2k-17-gib-agreed": lambda: with_frame(
        j2k_header(65_500, 65_500, 65_500), JPEG2000Lossless, columns=65_500, rows=65_500
    ),
    "j2k-49mp-of-nothing": lambda: with_frame(j2k_header(7000, 7000, 7000), JPEG2000Lossless, 7000, 7000),
    "j2k-49-million-tiles": lambda: with_frame(j2k_header(7000, 7000, 1), JPEG2000Lossless, 7000, 7000),
    "j2k-62500-tiles": lambda: with_frame(j2k_header(7000, 7000, 28), JPEG2000Lossless, 7000, 7000),
    "j2k-38-bits": lambda: with_frame(j2k_header(600, 500, 600, bits=38), JPEG2000Lossless),
    "j2k-rubbish": lambda: with_frame(j2k_header(600, 500, 600)[:60] + b"\xa5" * 4000, JPEG2000Lossless),
    # compressed otherwise
    "dicom-endless-jpeg": lambda: with_frame(endless_jpeg(3000), JPEGBaseline8Bit, 7000, 7000),
    "dicom-jpeg-rubbish": lambda: with_frame(jpeg(film(21))[:400] + b"\x5a" * 9000, JPEGBaseline8Bit),
    "dicom-jpeg-ls-rubbish": lambda: with_frame(_lossless(0xF7) + b"\x5a" * 9000, JPEGLSLossless),
    "dicom-jpeg-lossless-rubbish": lambda: with_frame(_lossless(0xC3) + b"\x5a" * 9000, JPEGLosslessSV1),
    "dicom-no-frame": lambda: with_frame(b"\0\0", JPEG2000Lossless),
    "dicom-deflated-1-gib": deflated_bomb,
    "dicom-deflated-rubbish": lambda: (
        dicom(film(5), transfer_syntax=DeflatedExplicitVRLittleEndian)[:500] + b"\xa5" * 99
    ),
    "rle-no-segments": lambda: rle(0, b"", b""),
    "rle-4-billion-segments": lambda: rle(2**32 - 1, b"\xff" * 60, b"\x81\x00" * 100),
    "rle-offsets-beyond": lambda: rle(2, struct.pack("<II", 64, 2**31), b"\x81\x00" * 100),
    "rle-offsets-backwards": lambda: rle(2, struct.pack("<II", 4000, 64), b"\x81\x00" * 4000),
    "rle-expands": lambda: rle(2, struct.pack("<II", 64, 64 + (1 << 20)), b"\x81\x00" * (1 << 20)),
    # DICOM headers
    "dicom-nested-10000": lambda: nested(10_000, endless=True),
    "dicom-nested-5000-measured": lambda: nested(5_000, endless=False),
    "dicom-items-without-end": lambda: (
        _META + struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, _ENDLESS) + (_ITEM + bytes(4)) * (1 << 20)
    ),
    "dicom-million-elements": lambda: _META + element(0x00091001, b"LO", b"") * (1 << 20),
    "dicom-value-of-4-gib": lambda: _META + struct.pack("<HH2sHI", 0x0008, 0x0008, b"OB", 0, 2**32 - 2) + b"x" * 999,
    "dicom-pixels-without-end": lambda: _endless_pixels(),
    "dicom-65535-square": _header(Rows=65535, Columns=65535),
    "dicom-no-rows": _header(Rows=0),
    "dicom-million-frames": _header(NumberOfFrames=10**6),
    "dicom-negative-frames": _header(NumberOfFrames=-5),
    "dicom-too-few-pixels": _header(Rows=5000, Columns=5000),
    "dicom-too-many-pixels": _header(Rows=100, Columns=100),
    "dicom-255-samples": _header(SamplesPerPixel=255),
    "dicom-stored-over-allocated": _header(BitsStored=32, HighBit=31),
    "dicom-high-bit": _header(HighBit=60000),
    "dicom-no-bits": _header(BitsAllocated=0),
    "dicom-13-bits": _header(BitsAllocated=13),
    "dicom-photometric": _header(PhotometricInterpretation="GREEN"),
    "dicom-palette-without": _header(PhotometricInterpretation="PALETTE COLOR"),
    "dicom-no-syntax": lambda: dicom(film(9)).replace(b"1.2.840.10008.1.2.1\0", b"1.2.3.4.5.6.7.8.9.0\0", 1),
    "dicom-16-bit-zeros": lambda: flat16(0),
    "dicom-16-bit-ones": lambda: flat16(65535),
    "dicom-16-bit-extremes": extremes16,
    **{f"dicom-slope-{value}": _slope(value) for value in ("nan", "inf", "0", "1e308", "-1", "abc", "1e-40")},
    **{f"dicom-window-{value}": _window(value) for value in ("0", "nan", "-100", "abc", "1e308", "inf", "")},
    # half copied
    **{f"cut-{name}-{tenth}": _cut(name, tenth) for name in _WHOLE for tenth in range(1, 10)},
    **{f"zeroed-{name}-{share}": _zeroed(name, share) for name in _WHOLE for share in (0.1, 0.5, 0.9)},
    "zeroed-dicom-header": lambda: zero_filled(dicom(film(8)), 0.001),
    # polyglots, and what is no film
    "jpeg-and-zip": lambda: jpeg(film(22)) + zipped(),
    "jpeg-with-a-jpeg-behind": lambda: jpeg(film(23)) + jpeg(film(24))[:-500],
    "png-with-appended-data": lambda: png(film(25)) + b"MZ" + b"\x90" * 5000,
    "dicom-behind-an-exe": lambda: with_preamble(b"MZ\x90\0\3\0\0\0"),
    "dicom-behind-a-jpeg": lambda: with_preamble(jpeg(film(26))[:128]),
    "dicom-behind-a-tiff": lambda: with_preamble(b"II*\0\x08\0\0\0"),
    "gif.jpg": lambda: saved(Image.fromarray(film(27)), "GIF"),
    "tiff.jpg": lambda: saved(Image.fromarray(film(27)), "TIFF"),
    "bmp.jpg": lambda: saved(Image.fromarray(film(27)), "BMP"),
    "pdf.jpg": lambda: saved(Image.fromarray(film(27)), "PDF"),
    "html.jpg": lambda: b"<html><script>alert(1)</script></html>",
    "exe.jpg": lambda: b"MZ\x90\0\3\0\0\0" + bytes(range(256)) * 99,
    "zip.jpg": zipped,
    "text.dcm": lambda: b"Dear colleague, please find the film enclosed.\n" * 9,
}
"""Every hostile file that has bytes, by name."""


def _lossless(marker: int) -> bytes:
    frame = struct.pack(">BHHB", 8, 500, 600, 1) + bytes([1, 0x11, 0])
    table = segment(0xC4, bytes([0x00, 1] + [0] * 15) + b"\x00")
    return b"\xff\xd8" + segment(marker, frame) + table + segment(0xDA, bytes([1, 1, 0, 1, 0, 0]))


def _flipped_idat(data: bytes) -> bytes:
    """A PNG one bit of whose picture is another, in a place where it still unpacks."""
    at = data.index(b"IDAT")
    length = struct.unpack_from(">I", data, at - 4)[0]
    return data[: at + 4 + length] + bytes([data[at + 4 + length] ^ 1]) + data[at + 5 + length :]


def _endless_pixels() -> bytes:
    data = with_frame(jpeg(film(21)), JPEGBaseline8Bit)
    return data[: data.rindex(b"\xfe\xff\xdd\xe0")] + (_ITEM + bytes(4)) * 100_000


# --- on the disk ----------------------------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    """A pipe that nobody writes to."""
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    """A socket that nobody listens on."""
    here = os.getcwd()  # noqa: PTH109 - a socket's path is limited to 108 bytes
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path.name)
    finally:
        os.chdir(here)


def device(path: Path) -> None:
    """/dev/zero under another name, which never ends; only root can make one.

    Raises:
        PermissionError: this process may not.
    """
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))


def sparse(path: Path, size: int = 5 * 2**30) -> None:
    """A JPEG of 5 GiB that takes no room."""
    with path.open("wb") as stream:
        stream.write(jpeg(film(28)))
        stream.truncate(size)


def large(path: Path) -> None:
    """A film followed by so many zeros that one byte more would be too many; it is sound, and takes no room."""
    with path.open("wb") as stream:
        stream.write(jpeg(film(40 + int(path.stem[-1]))))
        stream.truncate(128 * 2**20)


def link_out(path: Path) -> None:
    """A link to a film outside the folder."""
    outside = path.parent.parent / "outside.jpg"
    outside.write_bytes(jpeg(film(29)))
    path.symlink_to(outside)


def link_to_folder(path: Path) -> None:
    """A link to a folder outside, with a film in it."""
    outside = path.parent.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "film.jpg").write_bytes(jpeg(film(30)))
    path.symlink_to(outside)


def link_loop(path: Path) -> None:
    """A link to itself."""
    path.symlink_to(path.name)


def link_up(path: Path) -> None:
    """A link to the folder it lies in."""
    path.symlink_to(path.parent)


def dangling(path: Path) -> None:
    """A link to nothing."""
    path.symlink_to("nothing.jpg")


def forbidden(path: Path) -> None:
    """A film that nobody may read; root may."""
    path.write_bytes(jpeg(film(31)))
    path.chmod(0)


ON_DISK: Final[Mapping[str, Callable[[Path], None]]] = {
    "fifo.jpg": fifo,
    "socket.jpg": unix_socket,
    "sparse.jpg": sparse,
    **{f"large-{number}.jpg": large for number in range(4)},
    "link-out.jpg": link_out,
    "link-to-folder.jpg": link_to_folder,
    "link-loop.jpg": link_loop,
    "link-up": link_up,
    "dangling.jpg": dangling,
}
"""What anybody can make, by file name; only the large ones are films. `device` and `forbidden` depend on who asks."""
