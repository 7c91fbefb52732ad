"""What of a picture is film: shutters, collimators, padding, overlays, pixels that are no squares."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
import pytest
from builders.dicom import dicom, written
from builders.films import grey_film
from pydicom.uid import RLELossless

from models.dicom import read_dicom
from models.radiograph import FailureCode, UnreadableFilm

FILM = grey_film()  # 280 x 320
EDGES = {"LeftVerticalEdge": 41, "RightVerticalEdge": 300, "UpperHorizontalEdge": 21, "LowerHorizontalEdge": 260}


def with_pixels(stored: np.ndarray, **tags: Any) -> bytes:
    """A film of 16-bit words, their fields as the tags say."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(FILM)))
    dataset.Rows, dataset.Columns = stored.shape
    dataset.PixelData = stored.astype("<u2").tobytes()
    for keyword, value in tags.items():
        if keyword.startswith("PixelPadding"):
            dataset.add_new(keyword, "SS" if tags.get("PixelRepresentation") else "US", value)
        else:
            setattr(dataset, keyword, value)
    return written(dataset)


@pytest.mark.parametrize("thing", ["Shutter", "Collimator"])
def test_a_rectangular_shutter_is_cut_off(thing: str) -> None:
    """The edge itself is the first that is shown, counted from 1; the range is that of what is left."""
    framed = FILM.copy()
    framed[:20] = framed[260:] = framed[:, :40] = framed[:, 300:] = 255
    tags = {f"{thing}Shape": "RECTANGULAR", **{thing + side: value for side, value in EDGES.items()}}
    film = read_dicom(dicom(framed, **tags))
    assert (film.width, film.height) == (260, 240)
    np.testing.assert_array_equal(film.pixels, read_dicom(dicom(FILM[20:260, 40:300])).pixels)


def test_edges_beyond_the_picture_cut_nothing() -> None:
    """A collimator may be wider than the detector."""
    tags = dict(zip(("CollimatorLeftVerticalEdge", "CollimatorUpperHorizontalEdge"), ("-30", "-5"), strict=True))
    tags |= {"CollimatorRightVerticalEdge": "900", "CollimatorLowerHorizontalEdge": "281"}
    film = read_dicom(dicom(CollimatorShape=["RECTANGULAR"], **tags))
    np.testing.assert_array_equal(film.pixels, read_dicom(dicom()).pixels)


@pytest.mark.parametrize(
    "tags",
    [
        {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [140, 160], "RadiusOfCircularShutter": 90},
        {"ShutterShape": "RECTANGULAR"},
        {"ShutterShape": "RECTANGULAR", **{f"Shutter{side}": 100 for side in EDGES}},
        {
            "ShutterShape": "RECTANGULAR",
            **{f"Shutter{side}": value for side, value in zip(EDGES, (300, 41, 21, 260), strict=True)},
        },
        {
            "ShutterShape": "RECTANGULAR",
            **{f"Shutter{side}": value for side, value in zip(EDGES, (10, 150, 1, 280), strict=True)},
        },
        {f"Shutter{side}": value for side, value in EDGES.items()},
    ],
    ids=["circular", "no edges", "no area", "changed sides", "less than half", "no shape"],
)
def test_other_shutters_leave_the_picture_alone(tags: dict[str, Any]) -> None:
    """What is not said clearly, or would leave less than half of a side, might cut a lung."""
    film = read_dicom(dicom(**tags))
    np.testing.assert_array_equal(film.pixels, read_dicom(dicom()).pixels)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("value", [-2000, 0, 60000])
def test_padding_is_black_and_has_no_part_in_the_range(photometric: str, signed: bool, value: int) -> None:
    """Whatever its value is, and whichever way the film is stored."""
    value = min(value, 30000) if signed else abs(value)
    film = np.rint(FILM.astype(float) * 4) + 400  # 400 to 1,420: padding lies far outside
    padded = np.full((320, 360), value, float)
    padded[20:300, 20:340] = film
    tags = {"BitsStored": 16, "HighBit": 15, "PhotometricInterpretation": photometric}
    words = padded.astype(np.int64) % 65536
    got = read_dicom(with_pixels(words, PixelRepresentation=int(signed), PixelPaddingValue=value, **tags)).pixels
    plain = read_dicom(with_pixels(film, **tags)).pixels
    np.testing.assert_allclose(got[20:300, 20:340], plain, atol=1e-6)
    got[20:300, 20:340] = 0
    assert not got.any()


def test_padding_may_be_a_range() -> None:
    """From the value to the limit, either way round."""
    padded = np.full((320, 360), 50.0)
    padded[:, :10] = 90
    padded[20:300, 20:340] = FILM.astype(float) * 4 + 400
    for value, limit in ((50, 90), (90, 50)):
        got = read_dicom(with_pixels(padded, PixelPaddingValue=value, PixelPaddingRangeLimit=limit)).pixels
        assert not got[:20].any()
        assert got[20:300, 20:340].max() == 1.0


def test_what_is_dense_is_no_padding() -> None:
    """MONOCHROME1: 0 is white, and a heart that is 0 stays white though padding is 0, too; it reaches no edge."""
    stored = 4095 - FILM.astype(int) * 16
    stored[100:150, 150:200] = 0
    stored[:, :10] = 0
    got = read_dicom(with_pixels(stored, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=0)).pixels
    assert (got[105:145, 155:195] == 1.0).all()
    assert not got[:90, :10].any()


def test_a_picture_of_nothing_but_padding_is_black() -> None:
    """The gate then calls it blank."""
    assert not read_dicom(with_pixels(np.full((80, 80), 7), PixelPaddingValue=7)).pixels.any()


@pytest.mark.parametrize(
    ("tags", "size"),
    [
        ({"PixelAspectRatio": ["2", "1"]}, (160, 280)),  # twice as high as wide: there are too many columns
        ({"PixelAspectRatio": ["3", "4"]}, (320, 210)),
        ({"ImagerPixelSpacing": ["0.1", "0.2"]}, (320, 140)),
        ({"PixelSpacing": ["0.2", "0.1"], "PixelAspectRatio": ["1", "1"]}, (160, 280)),
        ({"PixelSpacing": ["0.000", "0.000"], "PixelAspectRatio": ["2", "1"]}, (160, 280)),
    ],
)
def test_pixels_become_squares(tags: dict[str, Any], size: tuple[int, int]) -> None:
    """By reducing the finer side; millimetres win over a ratio, and noughts are no millimetres."""
    film = read_dicom(dicom(**tags))
    assert (film.width, film.height) == film.pixels.shape[::-1] == size
    assert film.pixels.mean() == pytest.approx(read_dicom(dicom()).pixels.mean(), abs=0.002)


@pytest.mark.parametrize(
    "tags",
    [
        {"PixelAspectRatio": ["1", "1"]},
        {"PixelAspectRatio": ["50", "1"]},
        {"PixelAspectRatio": ["0", "1"]},
        {"PixelAspectRatio": ["1"]},
        {"PixelSpacing": ["0.143", "0.1435"]},
        {"ImagerPixelSpacing": ["-1", "2"]},
    ],
)
def test_squares_and_nonsense_are_left_alone(tags: dict[str, Any]) -> None:
    """No detector has pixels fifty times as high as wide."""
    np.testing.assert_array_equal(read_dicom(dicom(**tags)).pixels, read_dicom(dicom()).pixels)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", str(RLELossless)])
@pytest.mark.parametrize("high", [11, 13, 15])
@pytest.mark.parametrize("signed", [False, True])
def test_the_high_bit_says_where_a_value_is(syntax: str, high: int, signed: bool) -> None:
    """12 bits anywhere in a word of 16, an overlay in the bit above or below."""
    low = high - 11
    dataset = pydicom.dcmread(io.BytesIO(dicom(FILM, signed=signed)))
    words = (np.frombuffer(dataset.PixelData, "<u2") & 4095) << low
    bit = low - 1 if low else 15
    words[::3] |= 1 << bit
    dataset.PixelData, dataset.HighBit = words.astype("<u2").tobytes(), high
    dataset.add_new(0x60000102, "US", bit)
    got = read_dicom(written(dataset, syntax)).pixels
    np.testing.assert_array_equal(got, read_dicom(dicom(FILM)).pixels)


def test_an_overlay_in_the_high_bits_is_never_seen() -> None:
    """Even one with which the words as a whole look like a film of 13 bits: the header says that it is none."""
    words = FILM.astype(int) * 32  # 13 bits
    data = with_pixels(words)
    with pytest.raises(UnreadableFilm) as caught:
        read_dicom(data)
    assert caught.value.code is FailureCode.CONTRADICTORY
    dataset = pydicom.dcmread(io.BytesIO(data))
    dataset.add_new(0x60020102, "US", 12)
    np.testing.assert_allclose(read_dicom(written(dataset)).pixels, (words & 4095) / (words & 4095).max(), atol=1e-6)


def test_an_overlay_plane_is_not_burned_in() -> None:
    """Letters in group 60xx belong to the workstation."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(FILM)))
    dataset.add_new(0x60000010, "US", 280)
    dataset.add_new(0x60000011, "US", 320)
    dataset.add_new(0x60000040, "CS", "G")
    dataset.add_new(0x60000050, "SS", [1, 1])
    dataset.add_new(0x60000100, "US", 1)
    dataset.add_new(0x60000102, "US", 0)
    dataset.add_new(0x60003000, "OW", b"\xff" * (280 * 320 // 8))
    np.testing.assert_array_equal(read_dicom(written(dataset)).pixels, read_dicom(dicom(FILM)).pixels)
