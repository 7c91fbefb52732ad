"""A film that has its size before its content is never taken for a whole one."""

from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
from builders.dicom import dicom, written
from builders.films import grey_film, jpeg, png
from builders.hostile import saved, with_frame, zero_filled
from PIL import Image
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from models import metered
from models.radiograph import FailureCode, UnreadableFilm, read_radiograph
from models.window import stops_in_a_row

FILM = grey_film(900, 700)
WHOLE = {
    "jpeg": jpeg(FILM, 85),
    "optimised jpeg": jpeg(FILM, 75, optimize=True),  # its zeros decode: "no difference, no more in this block"
    "fine jpeg": jpeg(FILM, 98),  # its zeros decode to fewer blocks than they are bytes, and that is enough
    "progressive jpeg": jpeg(FILM, progressive=True),
    "png": png(FILM),
    "stored png": saved(Image.fromarray(FILM), "PNG", compress_level=0),
    "dicom": dicom(FILM, window=(2000, 3000)),
    "8 bits": dicom(FILM, bits=8),
    "signed": dicom(FILM, signed=True),
    "monochrome1": dicom(FILM, photometric="MONOCHROME1"),
    "bare": dicom(FILM, preamble=False),
    "implicit": dicom(FILM, transfer_syntax=ImplicitVRLittleEndian),
    "big endian": dicom(FILM, transfer_syntax=ExplicitVRBigEndian),
    "deflated": dicom(FILM, transfer_syntax=DeflatedExplicitVRLittleEndian),
    "jpeg 2000": dicom(FILM, transfer_syntax=JPEG2000Lossless),
    "rle": dicom(FILM, transfer_syntax=RLELossless),
}


def code_of(data: bytes) -> FailureCode:
    with pytest.raises(UnreadableFilm) as caught:
        read_radiograph(data)
    return caught.value.code


@pytest.mark.parametrize("kind", WHOLE)
def test_a_half_copied_film_is_truncated(kind: str) -> None:
    """Zeros where the rest is to come, from nothing at all to nearly everything: it may be on its way."""
    read_radiograph(WHOLE[kind])
    for share in (0.0, 0.0005, 0.1, 0.33, 0.5, 0.77, 0.9):
        assert code_of(zero_filled(WHOLE[kind], share)) is FailureCode.TRUNCATED, share


def test_a_compressed_frame_without_its_end_is_truncated() -> None:
    """The DICOM file around it is whole, and it decodes: the rest would be one grey."""
    frame = jpeg(grey_film(600, 500))
    read_radiograph(with_frame(frame, JPEGBaseline8Bit))
    assert code_of(with_frame(frame[: len(frame) // 2], JPEGBaseline8Bit)) is FailureCode.TRUNCATED


def shuttered(rows: int, *, left: int = 0, right: int = 0, slope: float = 0.0) -> np.ndarray:
    """A film whose last part is nought, as a shutter leaves it; `slope` columns a row where it was turned."""
    film = np.maximum(grey_film(900, 700), 1)
    y, x = np.mgrid[0:700, 0:900]
    film[(y - x * slope >= rows) | (x < left) | (x >= 900 - right)] = 0
    return film


@pytest.mark.parametrize("rows", [100, 350, 500, 655])
@pytest.mark.parametrize("sides", [(0, 0), (80, 120), (0, 300)])
@pytest.mark.parametrize("slope", [0.0, 0.02, -0.05])
def test_a_shutter_is_no_cut(rows: int, sides: tuple[int, int], slope: float) -> None:
    """Its band of noughts begins where a row ends, or steadily later; such films are sound."""
    left, right = sides
    film = shuttered(rows, left=left, right=right, slope=slope)
    assert not stops_in_a_row(film)


def test_a_round_shutter_is_no_cut() -> None:
    film = np.maximum(grey_film(900, 700), 1)
    y, x = np.mgrid[0:700, 0:900]
    film[(x - 450) ** 2 + (y - 300) ** 2 > 280**2] = 0
    read_radiograph(dicom(film, bits=8))


@pytest.mark.parametrize(("ends", "answer"), [(0, True), (400, True), (898, True), (899, False)])
def test_a_picture_that_stops_in_a_row_is_told_by_the_rows_above(ends: int, answer: bool) -> None:
    """One pixel of 900 is enough."""
    film = np.maximum(grey_film(900, 700), 1)
    film[300, ends + 1 :] = 0
    film[301:] = 0
    assert stops_in_a_row(film) is answer


def test_a_blank_picture_is_the_gates_business() -> None:
    assert not stops_in_a_row(np.zeros((90, 80), np.uint16))


def test_a_header_of_countless_parts_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as it was read too often; a sound film takes a thousandth of what is allowed."""
    monkeypatch.setattr(metered, "MAX_READS", 1000)
    data = dicom()
    read_radiograph(data)
    dataset = pydicom.dcmread(io.BytesIO(data))
    for number in range(1200):
        dataset.add_new(0x00910010 + number * 2, "LO", "x")
    assert code_of(written(dataset)) is FailureCode.CORRUPT
