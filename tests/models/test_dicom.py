"""DICOM: every way of storing the same picture gives the same picture, and what is broken has a code."""

from __future__ import annotations

import io
import logging
import struct
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pydicom
import pytest
from builders.dicom import dicom, multi_frame, written
from builders.films import grey_film, jpeg, photograph, truncated
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from models import decoders
from models import dicom as dicom_module
from models.dicom import read_dicom, read_tags
from models.radiograph import FailureCode, FilmFormat, UnreadableFilm, read_radiograph

SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
]


def code_of(data: bytes) -> FailureCode:
    with pytest.raises(UnreadableFilm) as caught:
        read_radiograph(data)
    assert "\n" not in str(caught.value)
    return caught.value.code


def changed(data: bytes, **tags: Any) -> bytes:
    """The same file with tags set, or with None removed, and the picture left as it is."""
    dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    for keyword, value in tags.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return written(dataset, ExplicitVRLittleEndian)


def stretched(picture: np.ndarray) -> np.ndarray:
    """A picture as it is shown without a window: its range over 0..1."""
    low, high = int(picture.min()), int(picture.max())
    return (picture.astype(np.float32) - low) / (high - low)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
def test_every_transfer_syntax_gives_the_same_film(syntax: str) -> None:
    """To the last bit: all of these are lossless."""
    film = read_dicom(dicom(transfer_syntax=syntax))
    assert (film.format, film.width, film.height, film.chroma) == (FilmFormat.DICOM, 320, 280, 0.0)
    np.testing.assert_array_equal(film.pixels, read_dicom(dicom()).pixels)
    np.testing.assert_allclose(film.pixels, stretched(grey_film()), atol=1e-3)


def test_a_file_without_its_preamble_is_read() -> None:
    """And one without any file header, from how its tags are written."""
    np.testing.assert_array_equal(read_radiograph(dicom(preamble=False)).pixels, read_dicom(dicom()).pixels)
    dataset = pydicom.Dataset(pydicom.dcmread(io.BytesIO(dicom())))
    for implicit in (True, False):
        stream = io.BytesIO()
        pydicom.dcmwrite(stream, dataset, implicit_vr=implicit, little_endian=True)
        bare = stream.getvalue()
        assert bare[:2] == b"\x08\x00"
        np.testing.assert_array_equal(read_radiograph(bare).pixels, read_dicom(dicom()).pixels)


@pytest.mark.parametrize("bits", [8, 10, 12, 15, 16])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_depth_sign_and_sense_do_not_change_the_film(bits: int, signed: bool, photometric: str) -> None:
    """MONOCHROME1 stores the negative; bright is dense in all of them."""
    film = read_dicom(dicom(bits=bits, signed=signed, photometric=photometric))
    np.testing.assert_allclose(film.pixels, stretched(grey_film()), atol=2 / 255)


def test_unused_high_bits_are_not_part_of_the_film() -> None:
    """Old overlays live there (DICOM PS3.5, 8.1.1)."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(bits=12)))
    stored = np.frombuffer(dataset.PixelData, "<u2").copy()
    stored[::7] |= 0x8000
    np.testing.assert_array_equal(
        read_dicom(changed(dicom(), PixelData=stored.tobytes())).pixels, read_dicom(dicom()).pixels
    )


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_window_decides_what_is_black_and_white(photometric: str) -> None:
    """In stored values, before MONOCHROME1 is inverted; outside it there is one grey."""
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    pixels = read_dicom(dicom(ramp, bits=8, window=(100, 51), photometric=photometric)).pixels[0]
    if photometric == "MONOCHROME1":
        pixels = 1 - pixels[::-1]
    assert (pixels[:75].max(), pixels[126:].min()) == (0.0, 1.0)
    assert pixels[100] == pytest.approx(0.51)
    assert np.all(np.diff(pixels[75:125]) > 0)


def test_the_first_of_several_windows_counts() -> None:
    """A workstation opens the film with it."""
    one = read_dicom(dicom(window=(1500, 900)))
    several = read_dicom(dicom(WindowCenter=[1500, 9], WindowWidth=[900, 3]))
    np.testing.assert_array_equal(several.pixels, one.pixels)


@pytest.mark.parametrize("window", [(100, 0), (100, 1), (-9000, 100), (60000, 10)])
def test_a_window_that_shows_nothing_is_left_out(window: tuple[float, float]) -> None:
    """Without width, or beside every value: the film would be one grey."""
    np.testing.assert_array_equal(read_dicom(dicom(window=window)).pixels, read_dicom(dicom()).pixels)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("slope", [1, 2.5])
def test_windows_agree_with_pydicom(function: str, slope: float) -> None:
    """After the rescale, and normalised to 0..1, to a rounding error of single precision."""
    data = dicom(window=(1800, 2200), RescaleSlope=slope, RescaleIntercept=-300, VOILUTFunction=function)
    dataset = pydicom.dcmread(io.BytesIO(data))
    reference = pydicom.pixels.apply_windowing(pydicom.pixels.apply_modality_lut(dataset.pixel_array, dataset), dataset)
    low, high = -300, 4095 * slope - 300
    np.testing.assert_allclose(read_dicom(data).pixels, (reference - low) / (high - low), atol=1e-5)


def lookup_table(first: int, entries: np.ndarray, bits: int) -> pydicom.Dataset:
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    return item


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_voi_table_wins_over_a_window(signed: bool, bits: int) -> None:
    """A table that inverts 12-bit values, in 8, 12 or 16 bits, gives the negative."""
    first = -2048 if signed else 0
    entries = np.linspace(2**bits - 1, 0, 4096).round()
    data = dicom(signed=signed, window=(50, 10), VOILUTSequence=[lookup_table(first, entries, bits)])
    expected = 1 - grey_film().astype(np.float32) / 255
    np.testing.assert_allclose(read_dicom(data).pixels, expected, atol=1.5 / 255)


def test_a_modality_table_comes_before_the_window() -> None:
    """Stored 0..4095 becomes 4095..0, then the window 0..4096 shows it: the negative."""
    table = lookup_table(0, np.arange(4095, -1, -1), 12)
    film = read_dicom(dicom(ModalityLUTSequence=[table], window=(2048, 4096)))
    np.testing.assert_allclose(film.pixels, 1 - grey_film().astype(np.float32) / 255, atol=2e-3)


def test_colour_becomes_grey_and_chroma() -> None:
    """A film in RGB has none; a photograph has, and ends up as a JPEG of it would."""
    film = read_dicom(dicom(np.repeat(grey_film()[..., None], 3, axis=2)))
    assert film.chroma == 0.0
    np.testing.assert_allclose(film.pixels, grey_film() / 255, atol=1e-3)
    photo = read_dicom(dicom(photograph()))
    assert photo.chroma > 0.15
    assert photo.pixels.shape == (240, 320)


def test_a_jpeg_inside_is_read() -> None:
    """Baseline, as secondary captures have it."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(bits=8)))
    dataset.PixelData = encapsulate([jpeg(grey_film())])
    film = read_dicom(written(dataset, JPEGBaseline8Bit))
    np.testing.assert_allclose(film.pixels, stretched(grey_film()), atol=0.08)


def test_only_the_first_of_many_frames_is_decoded() -> None:
    """The gate refuses the file; its frames are counted."""
    film = read_dicom(multi_frame(5))
    assert film.tags is not None
    assert film.tags.frames == 5
    np.testing.assert_array_equal(film.pixels, read_dicom(dicom()).pixels)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_a_cut_file_is_truncated(syntax: str, share: float) -> None:
    """It may still be on its way, whatever it is compressed with."""
    assert code_of(truncated(dicom(transfer_syntax=syntax), share)) is FailureCode.TRUNCATED


@pytest.mark.parametrize("length", [132, 140, 200, 400, 700])
def test_a_file_that_was_cut_in_its_header_is_truncated(length: int) -> None:
    """Or holds no picture, where the cut falls between two tags; never anything else."""
    assert code_of(dicom()[:length]) in (FailureCode.TRUNCATED, FailureCode.NO_PIXELS)


def test_a_document_without_a_picture_has_no_pixels() -> None:
    """A structured report, for one; its tags are there to refuse it by."""
    report = changed(dicom(modality="SR"), PixelData=None, Rows=None, Columns=None)
    assert code_of(report) is FailureCode.NO_PIXELS
    assert read_tags(report).modality == "SR"


@pytest.mark.parametrize("size", [(60_000, 60_000), (65_535, 1_000)])
def test_a_header_that_asks_for_too_much_is_refused_undecoded(size: tuple[int, int]) -> None:
    """By its own numbers, whatever follows."""
    data = dicom(transfer_syntax=JPEG2000Lossless)
    dataset = pydicom.dcmread(io.BytesIO(data))
    dataset.Rows, dataset.Columns = size
    stream = io.BytesIO()
    dataset.save_as(stream)
    assert code_of(stream.getvalue()) is FailureCode.TOO_MANY_PIXELS


def test_a_frame_that_asks_for_more_than_the_header_is_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """620 bytes of JPEG 2000 can ask for 17.5 GiB: the header says 320 x 280, the frame 65,000 x 65,000."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(transfer_syntax=JPEG2000Lossless)))
    frame = bytearray(pydicom.encaps.get_frame(dataset.PixelData, 0, number_of_frames=1))
    at = frame.find(b"\xff\x4f\xff\x51") + 8
    frame[at : at + 8] = struct.pack(">II", 65_000, 65_000)
    dataset.PixelData = encapsulate([bytes(frame)])
    stream = io.BytesIO()
    dataset.save_as(stream)
    assert code_of(stream.getvalue()) is FailureCode.CORRUPT


def test_a_deflated_bomb_is_stopped_while_it_inflates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a megabyte can hold a gigabyte; here the limit is lowered instead."""
    monkeypatch.setattr(dicom_module, "MAX_BYTES", 100_000)
    assert code_of(dicom(transfer_syntax=DeflatedExplicitVRLittleEndian)) is FailureCode.TOO_LARGE


def test_deflated_rubbish_is_corrupt() -> None:
    """The content is no deflate stream at all."""
    data = dicom(transfer_syntax=DeflatedExplicitVRLittleEndian)
    at = len(data) - 30_000
    assert code_of(data[:at] + b"\xff" * 30_000) in (FailureCode.CORRUPT, FailureCode.TRUNCATED)
    head = data[: data.find(b"1.2.840.10008.1.2.1.99") + 22]
    assert code_of(head + b"\x07" * 400) is FailureCode.CORRUPT


def test_an_unknown_transfer_syntax_is_named() -> None:
    """A film is no video; the message says what it is."""
    dataset = pydicom.dcmread(io.BytesIO(dicom()))
    dataset.PixelData = encapsulate([b"\0" * 100])
    with pytest.raises(UnreadableFilm, match="MPEG2") as caught:
        read_dicom(written(dataset, MPEG2MPML))
    assert caught.value.code is FailureCode.UNSUPPORTED_SYNTAX


@pytest.mark.parametrize(
    "tags",
    [
        {"BitsAllocated": 7},
        {"BitsStored": 40},
        {"SamplesPerPixel": 9},
        {"PixelRepresentation": None},
        {"PhotometricInterpretation": "NONSENSE"},
        {"PhotometricInterpretation": "PALETTE COLOR"},
        {"VOILUTSequence": [pydicom.Dataset()]},
    ],
)
def test_a_header_that_contradicts_itself_has_a_code(tags: dict[str, Any]) -> None:
    """The film fails; nothing else is raised."""
    assert code_of(changed(dicom(), **tags)) in (FailureCode.CORRUPT, FailureCode.CONTRADICTORY)


class Panic(BaseException):
    """What a decoder written in Rust raises: no Exception."""


def test_a_decoder_that_panics_fails_the_film_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A BaseException of a decoder is the film's failure."""

    def panicking(_uid: str) -> Any:
        raise Panic("index out of bounds")

    monkeypatch.setattr(decoders, "get_decoder", panicking)
    assert code_of(dicom()) is FailureCode.CORRUPT


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_stop_is_not_swallowed(monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]) -> None:
    """Ctrl-C while a film is decoded ends the program."""

    def stopping(_uid: str) -> Any:
        raise stop

    monkeypatch.setattr(decoders, "get_decoder", stopping)
    with pytest.raises(stop):
        read_dicom(dicom())


@pytest.fixture(name="service_log")
def log_of_a_service() -> Iterator[io.StringIO]:
    """What a handler of the root logger writes (pytest's own also listens to loggers that do not propagate)."""
    written_lines, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(written_lines), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written_lines
    root.setLevel(level)
    root.removeHandler(handler)


def test_nothing_of_the_header_is_printed_logged_or_told(
    service_log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """pydicom's messages quote what they stumble over; ours name the kind of failure."""
    secret = "Geheimer^Name"
    dataset = pydicom.dcmread(io.BytesIO(dicom(PatientName=secret, frames=2, transfer_syntax=JPEG2000Lossless)))
    frame = pydicom.encaps.get_frame(dataset.PixelData, 0, number_of_frames=2)
    dataset.PixelData = encapsulate([frame[:80] + secret.encode() * 400])  # a sound header, and rubbish behind it
    stream = io.BytesIO()
    dataset.save_as(stream)
    data = stream.getvalue().replace(b"IS\x02\x002 ", b"IS\x02\x00x?")  # a number of frames that pydicom warns of
    capfd.readouterr()
    service_log.truncate(service_log.seek(0))  # the encoder tells its steps
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with pytest.raises(UnreadableFilm) as caught:
            read_dicom(data)
    assert secret not in "".join(capfd.readouterr()) + str(caught.value)
    assert service_log.getvalue() == ""
    assert not shown
