"""The size that a compressed frame states of itself."""

from __future__ import annotations

import io
import struct

import pydicom
import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg, jpeg_rgb, truncated
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import get_frame
from pydicom.uid import JPEG2000Lossless

from models.codestream import FrameHeader, frame_header


def j2k_frame() -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom(transfer_syntax=JPEG2000Lossless)))
    return get_frame(dataset.PixelData, 0, number_of_frames=1)


ADOBE = b"\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
THREE = b"\xff\xc0\x00\x11\x08\x00\x10\x00\x20\x03%c\x11\x00%c\x11\x00%c\x11\x00"
COLOURED = {  # what libjpeg makes of them (jdapimin.c): JFIF, then Adobe's transform, then the components' names
    "adobe rgb": (ADOBE + b"\x00", (1, 2, 3), "RGB"),
    "adobe ybr": (ADOBE + b"\x01", (1, 2, 3), "YBR"),
    "names": (b"\xff\xd8", (82, 71, 66), "RGB"),
    "jfif first": (b"\xff\xd8" + JFIF + ADOBE[2:] + b"\x00", (82, 71, 66), "YBR"),
    "none": (b"\xff\xd8", (1, 2, 3), ""),
}


@pytest.mark.parametrize(
    ("frame", "size"),
    [
        (jpeg(grey_film(300, 200)), FrameHeader(300, 200, 1, 8)),
        (jpeg_rgb(grey_film(300, 200)), FrameHeader(300, 200, 3, 8, colours="YBR")),
        (jpeg(grey_film(300, 200), progressive=True, exif=b"Exif\0\0" + bytes(500)), FrameHeader(300, 200, 1, 8)),
        (j2k_frame(), FrameHeader(320, 280, 1, 12)),
        (b"\xff\xd8\xff\xf7\x00\x0b\x08\x00\x10\x00\x20\x01", FrameHeader(32, 16, 1, 8)),
        (b"\xff\xd8\xff\xff\xc3\x00\x0b\x0c\x00\x10\x00\x20\x01", FrameHeader(32, 16, 1, 12)),
        *((marks + THREE % ids, FrameHeader(32, 16, 3, 8, colours=said)) for marks, ids, said in COLOURED.values()),
    ],
    ids=["grey", "rgb", "progressive", "jpeg2000", "jpeg-ls", "lossless after a fill byte", *COLOURED],
)
def test_a_frame_states_its_size(frame: bytes, size: FrameHeader) -> None:
    """Columns, rows and components."""
    assert frame_header(frame) == size


@pytest.mark.parametrize(
    "frame", [b"", b"\xff\xd8", b"\xff\xd8\x00\x00\x00", bytes(99), b"\xff\x4f\xff\x51\0\0", b"\xff\xd8\xff\xc0\x00"]
)
def test_a_frame_without_a_header_states_none(frame: bytes) -> None:
    """None, whatever is missing."""
    assert frame_header(frame) is None


def test_an_image_without_extent_states_none() -> None:
    """The offset lies beyond the end, or a tile has no width."""
    extents = struct.pack(">HHIIIIIIIIH", 41, 0, 10, 10, 20, 0, 10, 10, 0, 0, 1)
    assert frame_header(b"\xff\x4f\xff\x51" + extents) is None


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff\xe0", b"\xff\x4f\xff\x51"]))
def test_no_bytes_break_it(rubbish: bytes, start: bytes) -> None:
    """A size or None."""
    size = frame_header(start + rubbish)
    assert size is None or isinstance(size, FrameHeader)


@given(st.floats(0, 1))
def test_a_cut_frame_states_its_size_or_none(share: float) -> None:
    """Never another one."""
    assert frame_header(truncated(jpeg(grey_film(64, 48)), share)) in (None, FrameHeader(64, 48, 1, 8))
