"""Each way of storing a picture is read as a decoder reads it that shares nothing with ours; see docs/dicom.md."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from builders import references
from builders.encoded import LOSSY, NATIVE, UIDS, Cell, encoded, palette, picture_of
from pydicom.encaps import get_frame

from models.codestream import frame_header
from models.dicom import read_dicom
from models.dicom_pixels import first_frame

GREY = ("MONOCHROME1", "MONOCHROME2")
DEEP = ("8", "10", "12", "12s", "16", "16s")
# Greatest difference from the reference, in levels of so many bits; 0 for all that is not named.
FARTHEST = {
    ("JPEG baseline", "8"): 1,
    ("JPEG extended", "8"): 1,
    ("JPEG extended", "12"): 1,
    ("JPEG 2000", "8"): 1,
    ("JPEG 2000", "12"): 1,
    ("JPEG 2000", "16"): 1,
    ("HTJ2K", "8"): 1,
    ("HTJ2K", "12"): 9,
    ("HTJ2K", "16"): 41,
}


def matrix() -> Iterator[Cell]:
    """Every cell of the table."""
    grey = dict.fromkeys(GREY, DEEP)
    native = {
        **grey,
        "PALETTE COLOR": ("8", "16"),
        "RGB": ("8", "8p", "16"),
        "YBR_FULL": ("8", "8p"),
        "YBR_FULL_422": ("8",),
    }
    lossless = {**grey, "PALETTE COLOR": ("8",), "RGB": ("8",), "YBR_FULL": ("8",)}
    ways = {
        **dict.fromkeys(NATIVE, native),
        "RLE": {**grey, "PALETTE COLOR": ("8", "16"), "RGB": ("8", "16"), "YBR_FULL": ("8",)},
        "JPEG baseline": dict.fromkeys((*GREY, "RGB", "YBR_FULL", "YBR_FULL_422"), ("8",)),
        "JPEG extended": dict.fromkeys(GREY, ("8", "12")),
        "JPEG lossless, process 14": lossless,
        "JPEG lossless, SV1": lossless,
        "JPEG-LS lossless": lossless,
        "JPEG-LS near-lossless": {**dict.fromkeys(GREY, ("8", "10", "12", "16")), "RGB": ("8",)},
        "JPEG 2000 lossless": {**lossless, "YBR_RCT": ("8",)},
        "JPEG 2000": {**dict.fromkeys(GREY, ("8", "12", "16")), "YBR_ICT": ("8",)},
        "HTJ2K lossless": {"MONOCHROME2": ("8", "12", "16"), "YBR_RCT": ("8",)},
        "HTJ2K lossless, RPCL": {"MONOCHROME2": ("12",)},
        "HTJ2K": {"MONOCHROME2": ("8", "12", "16"), "YBR_ICT": ("8",)},
    }
    for syntax, photometrics in ways.items():
        for photometric, depths in photometrics.items():
            for bits in depths:
                yield Cell(syntax, photometric, bits)


CELLS = tuple(matrix())


def signed_codestream(frame: bytes) -> bool:
    """Whether a JPEG 2000 frame's samples are signed: the first bit of Ssiz."""
    at = frame.find(b"\xff\x4f\xff\x51")
    return at >= 0 and bool(frame[at + 42] & 0x80)


def words_of(cell: Cell, data: bytes, dataset: pydicom.Dataset) -> np.ndarray:
    """The stored values by the other decoder; of HTJ2K, which no other here knows, what was encoded."""
    if cell.syntax in NATIVE:
        content = references.native_bytes(data, UIDS[cell.syntax])
        words = references.native(content, dataset, big="Big" in cell.syntax)
    elif cell.syntax == "RLE":
        words = references.rle(get_frame(dataset.PixelData, 0, number_of_frames=1), dataset)
    elif cell.syntax.startswith("HTJ2K"):
        return picture_of(cell)
    else:
        frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
        words = references.grey_words(
            dataset, dataset.file_meta.TransferSyntaxUID, frame_header(frame).bits, signed_codestream(frame)
        )
    mask = 2**cell.stored - 1
    values = words & mask
    return np.where(values > mask // 2, values - mask - 1, values) if cell.signed else values


@pytest.mark.system("dcmtk ffmpeg")
@pytest.mark.parametrize("cell", [cell for cell in CELLS if not cell.is_colour], ids=str)
def test_stored_values_are_those_of_another_decoder(cell: Cell, tmp_path: Path) -> None:
    """Grey films and indices into palettes; and where the syntax is lossless, those that were put in."""
    data = encoded(cell, tmp_path)
    dataset = pydicom.dcmread(io.BytesIO(data))
    frame = first_frame(dataset, 1)
    assert dataset.file_meta.TransferSyntaxUID == UIDS[cell.syntax]
    assert (frame.photometric, frame.bits) == (cell.photometric, cell.stored)
    farthest = np.abs(frame.array.astype(np.int64) - words_of(cell, data, dataset)).max()
    assert farthest <= FARTHEST.get((cell.syntax, cell.bits), 0)
    if cell.syntax not in LOSSY:
        np.testing.assert_array_equal(frame.array, picture_of(cell))


@pytest.mark.system("dcmtk ffmpeg")
@pytest.mark.parametrize("cell", [cell for cell in CELLS if not cell.is_colour], ids=str)
def test_films_are_bright_where_they_are_dense(cell: Cell, tmp_path: Path) -> None:
    """The picture itself, MONOCHROME1 or 2: its range over 0..1, or the palette's greys."""
    film = read_dicom(encoded(cell, tmp_path))
    put_in = picture_of(cell)
    if cell.photometric == "PALETTE COLOR":
        expected = (palette(cell.stored)[put_in] / 65535) @ [0.299, 0.587, 0.114]
    else:
        expected = (put_in - put_in.min()) / np.ptp(put_in)
        expected = 1 - expected if cell.photometric == "MONOCHROME1" else expected
    tolerance = 0.04 if cell.syntax in LOSSY else 1e-4
    np.testing.assert_allclose(film.pixels, expected, atol=tolerance)


@pytest.mark.system("dcmtk ffmpeg")
@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.is_colour], ids=str)
def test_colours_are_those_of_another_decoder(cell: Cell, tmp_path: Path) -> None:
    """As grey levels and as how coloured they are: libraries differ in whose business the conversion is."""
    data = encoded(cell, tmp_path)
    dataset = pydicom.dcmread(io.BytesIO(data))
    assert dataset.PhotometricInterpretation == cell.photometric
    film = read_dicom(data)
    if cell.syntax in (*NATIVE, "RLE"):
        rgb = references.rgb_of(words_of(cell, data, dataset), ybr=cell.photometric.startswith("YBR"), bits=cell.stored)
    elif cell.syntax.startswith("HTJ2K"):
        rgb = references.rgb_of(picture_of(cell), ybr=False)
    else:
        parts, _ = references.components(get_frame(dataset.PixelData, 0, number_of_frames=1), cell.syntax)
        rgb = references.rgb_of(parts, ybr=cell.photometric.startswith("YBR_FULL"))
    tolerance = 1.5 / 255 if cell.syntax in LOSSY else 1e-5
    np.testing.assert_allclose(film.pixels, rgb @ [0.299, 0.587, 0.114], atol=tolerance)
    assert film.chroma == pytest.approx(np.ptp(rgb, axis=2).mean(), abs=0.004 if cell.syntax in LOSSY else 1e-5)
    put_in = picture_of(cell)[:, : film.width] / (2**cell.stored - 1)
    np.testing.assert_allclose(film.pixels, put_in @ [0.299, 0.587, 0.114], atol=0.04)
    assert film.chroma == pytest.approx(np.ptp(put_in, axis=2).mean(), abs=0.01)
