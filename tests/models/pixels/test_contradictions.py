"""Where header and picture exclude each other, a film fails with a code: the picture would be plausible, and wrong."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pydicom
import pytest
from builders import hostile
from builders.dicom import dicom, written
from builders.encoded import Cell, encoded
from builders.films import grey_film, jpeg, jpeg_rgb
from builders.hostile import with_frame
from builders.real_files import real_files
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    JPEG2000,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from models import dicom_pixels
from models.dicom import read_dicom
from models.radiograph import FailureCode, UnreadableFilm

FILM = grey_film()
CHEST = ("RG1_UNCR.dcm", "RG3_UNCR.dcm")


def code_of(data: bytes) -> FailureCode:
    with pytest.raises(UnreadableFilm) as caught:
        read_dicom(data)
    return caught.value.code


def changed(data: bytes, words: np.ndarray | None = None, **tags: Any) -> bytes:
    """The same film with other tags, and other words of 16 bits."""
    dataset = pydicom.dcmread(io.BytesIO(data))
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    if words is not None:
        dataset.PixelData = words.astype("<u2").tobytes()
    stream = io.BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("photometric", "shape"), [("MONOCHROME1", "IDENTITY"), ("MONOCHROME2", "INVERSE"), ("RGB", "INVERSE")]
)
def test_a_lut_shape_that_denies_the_photometric_interpretation(photometric: str, shape: str) -> None:
    """PS3.3, C.7.6.1: INVERSE with MONOCHROME1, IDENTITY with all else. Viewers believe one or the other."""
    film = np.repeat(FILM[..., None], 3, axis=2) if photometric == "RGB" else FILM
    assert code_of(dicom(film, photometric=photometric, PresentationLUTShape=shape)) is FailureCode.CONTRADICTORY


@pytest.mark.parametrize(("photometric", "shape"), [("MONOCHROME1", "INVERSE"), ("MONOCHROME2", "IDENTITY")])
def test_the_right_lut_shape_changes_nothing(photometric: str, shape: str) -> None:
    """INVERSE beside MONOCHROME1 is the same inversion, said twice."""
    film = read_dicom(dicom(photometric=photometric, PresentationLUTShape=shape))
    np.testing.assert_array_equal(film.pixels, read_dicom(dicom(photometric=photometric)).pixels)


@pytest.mark.parametrize(
    "tags",
    [
        {"SamplesPerPixel": 3},
        {"PhotometricInterpretation": "RGB"},
        {"PhotometricInterpretation": "YBR_RCT"},
        {"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_RCT", "PlanarConfiguration": 0, "Columns": 106},
    ],
)
def test_a_photometric_interpretation_that_the_samples_deny(tags: dict[str, Any]) -> None:
    """One sample is no colour, three are no grey, and JPEG 2000's colours are JPEG 2000's."""
    assert code_of(changed(dicom(bits=8), **tags)) is FailureCode.CONTRADICTORY


@pytest.mark.parametrize("name", CHEST)
@pytest.mark.parametrize("zero", [0.3, 0.5])
def test_signed_values_that_are_stated_as_unsigned(name: str, zero: float) -> None:
    """-1 would be the brightest: dark lungs turn white in spots. On real films, and the other way round."""
    path = real_files().get(f"pydicom-data/{name}")
    if path is None:
        pytest.skip("the package pydicom-data is not installed")
    data = path.read_bytes()
    dataset = pydicom.dcmread(io.BytesIO(data))
    words, most = np.frombuffer(dataset.PixelData, "<u2").astype(np.int64), 2**dataset.BitsStored
    assert code_of(changed(data, PixelRepresentation=1)) is FailureCode.CONTRADICTORY
    if name == "RG1_UNCR.dcm" or zero == 0.5:  # the other's darkest and brightest lie further apart than that sign
        shifted = (words - int(zero * most)) % most
        assert code_of(changed(data, shifted)) is FailureCode.CONTRADICTORY


@pytest.mark.parametrize("name", CHEST)
@pytest.mark.parametrize("fewer", [1, 2, 3])
def test_values_that_need_more_bits_than_are_stated(name: str, fewer: int) -> None:
    """Masking them would wrap bright over to dark."""
    path = real_files().get(f"pydicom-data/{name}")
    if path is None:
        pytest.skip("the package pydicom-data is not installed")
    bits = pydicom.dcmread(path, stop_before_pixels=True).BitsStored - fewer
    assert code_of(changed(path.read_bytes(), BitsStored=bits, HighBit=bits - 1)) is FailureCode.CONTRADICTORY


def test_values_that_lie_in_the_lowest_bits() -> None:
    """The header says bits 4 to 15, and all is below bit 12: four bits of the film would be lost."""
    data = changed(dicom(), HighBit=15)
    assert code_of(data) is FailureCode.CONTRADICTORY


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit])
def test_a_jpeg_of_8_bits_whose_header_states_12(syntax: str) -> None:
    """A window in the header's units would show it black."""
    assert code_of(with_frame(jpeg(grey_film(600, 500)), syntax, bits=12)) is FailureCode.CONTRADICTORY


def test_a_jpeg_in_colour_whose_header_says_grey() -> None:
    """Luminance and two differences are no grey levels."""
    assert code_of(with_frame(jpeg_rgb(grey_film(600, 500)), JPEGBaseline8Bit)) is FailureCode.CORRUPT


def test_jpeg_2000_whose_colours_are_not_those_of_the_header(tmp_path: Any) -> None:
    """Stated as transformed and not, or the reverse under another name."""
    plain = encoded(Cell("JPEG 2000 lossless", "RGB", "8"), tmp_path)
    assert code_of(changed(plain, PhotometricInterpretation="YBR_RCT")) is FailureCode.CONTRADICTORY
    transformed = encoded(Cell("JPEG 2000 lossless", "YBR_RCT", "8"), tmp_path)
    assert code_of(changed(transformed, PhotometricInterpretation="YBR_FULL")) is FailureCode.CONTRADICTORY
    as_rgb = read_dicom(changed(transformed, PhotometricInterpretation="RGB"))  # many write so; it is RGB when decoded
    np.testing.assert_array_equal(as_rgb.pixels, read_dicom(transformed).pixels)


def test_a_jpeg_says_its_colours_itself() -> None:
    """A marker in the frame wins over the header, as in libjpeg: JFIF is YBR; components named R, G, B are RGB."""
    colours = np.stack([grey_film(600, 500)] * 3, axis=-1)
    colours[..., 0] //= 2
    dataset = pydicom.dcmread(io.BytesIO(dicom(colours)))
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(colours).save(stream, "JPEG", quality=95, subsampling=0)
    jfif = stream.getvalue()
    named = rgb_named(colours)
    films = []
    for frame in (jfif, named):
        for photometric in ("RGB", "YBR_FULL", "YBR_FULL_422"):
            dataset.PhotometricInterpretation = photometric
            dataset.PixelData = encapsulate([frame])
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True
            films.append(read_dicom(written(dataset, JPEGBaseline8Bit)))
    for film in films:
        np.testing.assert_allclose(film.pixels, colours / 255 @ [0.299, 0.587, 0.114], atol=0.06)
        assert film.chroma == pytest.approx(np.ptp(colours / 255, axis=2).mean(), abs=0.02)


def rgb_named(colours: np.ndarray) -> bytes:
    """A JPEG of untransformed components named R, G and B, without any marker of an application."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(colours).save(stream, "JPEG", quality=95, keep_rgb=True)
    data = stream.getvalue()
    at = 2
    while data[at + 1] in range(0xE0, 0xF0):
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return data[:2] + data[at:]


@pytest.mark.parametrize("segments", [1, 3, 4])
def test_rle_of_another_number_of_segments(segments: int) -> None:
    """Two bytes a pixel are two segments."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(transfer_syntax=RLELossless)))
    frame = bytearray(get_frame(dataset.PixelData, 0, number_of_frames=1))
    frame[:4] = struct.pack("<I", segments)
    assert code_of(with_frame(bytes(frame), RLELossless, 320, 280, bits=12)) is FailureCode.CORRUPT


@pytest.mark.parametrize("signed", [False, True])
def test_jpeg_2000_of_the_other_sign_is_read_by_its_bits(signed: bool) -> None:
    """Many encoders leave the sign out: the same bits are the same film (pydicom's J2K_pixelrep_mismatch.dcm)."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(FILM, signed=signed, transfer_syntax=JPEG2000Lossless)))
    frame = bytearray(get_frame(dataset.PixelData, 0, number_of_frames=1))
    at = frame.find(b"\xff\x4f\xff\x51") + 42
    frame[at] ^= 0x80  # and the decoder's level shift goes the other way: the highest bit of each value is another
    dataset.PixelData = encapsulate([bytes(frame)])
    stream = io.BytesIO()
    dataset.PixelRepresentation = int(not signed)
    dataset.save_as(stream)
    np.testing.assert_array_equal(read_dicom(stream.getvalue()).pixels, read_dicom(dicom(FILM)).pixels)


def test_what_overshoots_in_a_lossy_frame_does_not_wrap_over() -> None:
    """12 bits stated in a codestream of 16: the brightest values are a little over 4,095, and stay the brightest."""
    picture = FILM.astype(np.uint16) * 16
    picture[100:140] = 4100
    dataset = pydicom.dcmread(io.BytesIO(dicom(FILM, bits=16)))
    dataset.PixelData = picture.tobytes()
    dataset.compress(JPEG2000, j2k_psnr=[90])
    dataset.BitsStored, dataset.HighBit = 12, 11
    stream = io.BytesIO()
    dataset.save_as(stream)
    assert read_dicom(stream.getvalue()).pixels[105:135].min() == 1.0


@pytest.mark.parametrize(
    ("syntax", "frame"),
    [
        (
            JPEGLosslessSV1,
            hostile.segment(0xC3, struct.pack(">BHHBBBB", 12, 500, 600, 1, 1, 0x11, 0)) + b"\xfe\xc4\0\3\0",
        ),
        (JPEGLSLossless, hostile.segment(0xF7, struct.pack(">BHHBBBB", 136, 500, 600, 1, 1, 0x11, 0))),
    ],
    ids=["a segment without its marker", "136 bits"],
)
def test_a_damaged_header_never_reaches_gdcm(syntax: str, frame: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end the whole process."""
    asked: list[str] = []
    monkeypatch.setattr(dicom_pixels, "words", lambda *_: asked.append(syntax))
    scan = hostile.segment(0xDA, bytes([1, 1, 0, 1, 0, 0])) + bytes(900) + b"\xff\xd9"
    assert code_of(with_frame(b"\xff\xd8" + frame + scan, syntax, bits=12)) is FailureCode.CORRUPT
    assert not asked
