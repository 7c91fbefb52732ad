"""Modality and VOI: the formulas of DICOM PS3.3, C.11.1 and C.11.2, written out here once more in double precision."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
import pytest
from builders.dicom import dicom, written
from builders.films import grey_film
from hypothesis import assume, given
from hypothesis import strategies as st

from models.dicom import read_dicom
from models.radiograph import FailureCode, UnreadableFilm
from models.window import shown

RAMP = np.linspace(0, 4095, 315).round().reshape(7, 45).astype(np.uint16)


def dataset(**tags: Any) -> pydicom.Dataset:
    made = pydicom.Dataset()
    for keyword, value in tags.items():
        setattr(made, keyword, value)
    made.set_original_encoding(False, True)
    return made


def table(first: int, entries: Any, bits: int) -> pydicom.Dataset:
    """An item with a lookup table, its descriptor written as 16 bits without a sign."""
    item = dataset()
    item.add_new("LUTDescriptor", "US", [len(entries) % 65536, first % 65536, bits])
    item.add_new("LUTData", "OW", np.asarray(entries).astype("<u2").tobytes())
    return item


def voi(x: float, centre: float, width: float, function: str) -> float:
    """One value through C.11.2.1.2.1, C.11.2.1.3.1 or C.11.2.1.3.2, to 0..1."""
    if function == "SIGMOID":
        return float(1 / (1 + np.exp(-4 * (x - centre) / width)))
    if function == "LINEAR_EXACT":
        if x <= centre - width / 2:
            return 0.0
        return 1.0 if x > centre + width / 2 else (x - centre) / width + 0.5
    if x <= centre - 0.5 - (width - 1) / 2:
        return 0.0
    return 1.0 if x > centre - 0.5 + (width - 1) / 2 else (x - (centre - 0.5)) / (width - 1) + 0.5


@given(
    centre=st.floats(-500, 5000),
    width=st.floats(2, 6000),
    slope=st.sampled_from([0.25, 1.0, 2.5, -1.0]),
    intercept=st.sampled_from([0.0, -1024.0, 0.5]),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
    inverted=st.booleans(),
)
def test_windows_are_those_of_the_standard(
    centre: float, width: float, slope: float, intercept: float, function: str, inverted: bool
) -> None:
    """Wherever one in a hundred pixels lies inside."""
    units = RAMP * slope + intercept
    assume((np.abs(units - centre + 0.5) < (width - 1) / 2).mean() > 0.02)
    tags = dataset(
        RescaleSlope=slope, RescaleIntercept=intercept, WindowCenter=centre, WindowWidth=width, VOILUTFunction=function
    )
    centre, width = float(tags.WindowCenter), float(tags.WindowWidth)  # as a decimal string holds them
    expected = np.vectorize(lambda x: voi(x, centre, width, function))(units)
    got = shown(RAMP, tags, inverted=inverted)
    np.testing.assert_allclose(got, 1 - expected if inverted else expected, atol=2e-5 + 2e-3 / width)


@given(data=st.data(), bits=st.integers(2, 16), signed=st.booleans())
def test_a_voi_table_is_that_of_the_standard(data: st.DataObject, bits: int, signed: bool) -> None:
    """C.11.2.1.1: what lies before the first or after the last entry takes that entry."""
    stored = RAMP.astype(np.int16) - 2048 if signed else RAMP
    entries = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=2, max_size=40))
    first = data.draw(st.integers(int(stored.min()), int(stored.max()) - 1))
    tags = dataset(PixelRepresentation=int(signed), VOILUTSequence=[table(first, entries, bits)])
    expected = [[entries[min(max(int(x) - first, 0), len(entries) - 1)] / (2**bits - 1) for x in row] for row in stored]
    np.testing.assert_allclose(shown(stored, tags, inverted=False), expected, atol=1e-6)


@given(first=st.integers(0, 4000), count=st.integers(2, 4096), seed=st.integers(0, 99), signed=st.booleans())
def test_a_modality_table_is_that_of_the_standard(first: int, count: int, seed: int, signed: bool) -> None:
    """C.11.1.1: in the manufacturer's units, which the range of the values then shows; a rescale beside it is idle."""
    stored = RAMP.astype(np.int16) - 2048 if signed else RAMP
    first -= 2048 if signed else 0
    entries = np.random.default_rng(seed).integers(0, 65536, count).tolist()
    tags = dataset(PixelRepresentation=int(signed), RescaleSlope=3, RescaleIntercept=1)
    tags.ModalityLUTSequence = [table(first, entries, 16)]
    units = np.array([[entries[min(max(int(x) - first, 0), count - 1)] for x in row] for row in stored], float)
    assume(np.ptp(units) > 0)
    expected = (units - units.min()) / np.ptp(units)
    np.testing.assert_allclose(shown(stored, tags, inverted=False), expected, atol=1e-6)


def test_the_first_window_counts_and_a_table_wins_over_it() -> None:
    """What a workstation opens the film with; the second is another view of it."""
    one = shown(RAMP, dataset(WindowCenter=1500, WindowWidth=900), inverted=False)
    both = dataset(WindowCenter=[1500, 9], WindowWidth=[900, 3])
    np.testing.assert_array_equal(shown(RAMP, both, inverted=False), one)
    both.VOILUTSequence = [table(0, [0, 65535], 16), table(0, [65535, 0], 16)]
    np.testing.assert_array_equal(shown(RAMP, both, inverted=False), (RAMP > 0).astype(np.float32))


@pytest.mark.parametrize(("centre", "width"), [(5, 9), (-9000, 100), (9000, 100), (2000, 1), (2000, 0), (2000, -5)])
def test_a_window_that_leaves_nothing_to_see_is_left_out(centre: float, width: float) -> None:
    """Fewer than one pixel in a hundred inside: a picture of black and white, or of one grey."""
    got = shown(RAMP, dataset(WindowCenter=centre, WindowWidth=width), inverted=False)
    np.testing.assert_allclose(got, RAMP / RAMP.max(), atol=1e-6)


@pytest.mark.parametrize("width", [None, "x"])
def test_half_a_window_is_none(width: str | None) -> None:
    """A centre without a width, or with one that is no number."""
    tags = dataset(WindowCenter=100)
    if width:
        tags.add_new("WindowWidth", "LO", width)
    np.testing.assert_allclose(shown(RAMP, tags, inverted=False), RAMP / RAMP.max(), atol=1e-6)


def test_the_first_value_of_a_table_does_not_wrap() -> None:
    """Unsigned values, rescaled below nought: the table begins at -1024, written as 64,512 without a sign."""
    entries = np.linspace(0, 65535, 4096)
    tags = dataset(
        PixelRepresentation=0, RescaleSlope=1, RescaleIntercept=-1024, VOILUTSequence=[table(-1024, entries, 16)]
    )
    np.testing.assert_allclose(shown(RAMP, tags, inverted=False), RAMP / 4095, atol=1e-4)
    high = RAMP.astype(np.uint16) + 60000  # and here 60,000 is meant
    tags = dataset(PixelRepresentation=0, VOILUTSequence=[table(60000, entries, 16)])
    np.testing.assert_allclose(shown(high, tags, inverted=False), RAMP / 4095, atol=1e-4)


def test_a_table_beside_all_values_is_left_out_or_fails() -> None:
    """A VOI LUT like a window; a modality LUT says what the values are, and cannot be left out."""
    tags = dataset(VOILUTSequence=[table(20000, [0, 9, 99], 16)])
    np.testing.assert_allclose(shown(RAMP, tags, inverted=False), RAMP / RAMP.max(), atol=1e-6)
    with pytest.raises(UnreadableFilm) as caught:
        shown(RAMP, dataset(ModalityLUTSequence=[table(20000, [0, 9, 99], 16)]), inverted=False)
    assert caught.value.code is FailureCode.CONTRADICTORY


def test_a_table_that_states_too_few_bits_is_not_cut_off() -> None:
    """8 bits stated, entries up to 4,095: the bright half of the film would be white."""
    entries = np.arange(4096)
    got = shown(RAMP, dataset(VOILUTSequence=[table(0, entries, 8)]), inverted=False)
    np.testing.assert_allclose(got, RAMP / 4095, atol=1e-6)


def test_a_table_of_bytes_is_read_in_either_byte_order() -> None:
    """Entries of 8 bits, two in a word: in a big-endian file their places are changed."""
    entries = np.array([0, 90, 160, 255], np.uint8)
    for little in (True, False):
        tags = dataset(VOILUTSequence=[table(0, [0], 8)])
        tags.set_original_encoding(False, little)
        data = entries if little else entries.reshape(-1, 2)[:, ::-1].ravel()
        tags.VOILUTSequence[0].LUTDescriptor = [4, 0, 8]
        tags.VOILUTSequence[0].add_new("LUTData", "OW", data.tobytes())
        np.testing.assert_allclose(shown(RAMP >> 10, tags, inverted=False), entries[RAMP >> 10] / 255, atol=1e-6)


@pytest.mark.parametrize("kind", ["FloatPixelData", "DoubleFloatPixelData"])
def test_floats_are_read(kind: str) -> None:
    """Their range is shown; what is no number is nought."""
    made = pydicom.Dataset()
    picture = grey_film(64, 64).astype(np.float32 if kind == "FloatPixelData" else np.float64) / 7
    picture[0, 0] = np.nan
    got = shown(picture, made, inverted=False)
    assert got[0, 0] == 0.0
    np.testing.assert_allclose(got[1:], picture[1:] / picture[1:].max(), atol=1e-6)


def test_the_rescale_comes_before_the_window() -> None:
    """In a whole file, with a negative slope: the film is its own negative."""
    plain = read_dicom(dicom(window=(2048, 4096)))
    turned = read_dicom(dicom(window=(2048, 4096), RescaleSlope=-1, RescaleIntercept=4095))
    np.testing.assert_allclose(turned.pixels, 1 - plain.pixels, atol=1e-4)


@pytest.mark.parametrize(("keyword", "bits"), [("FloatPixelData", 32), ("DoubleFloatPixelData", 64)])
def test_a_file_of_floats_is_read(keyword: str, bits: int) -> None:
    """Parametric maps have them; a film would not, and is read all the same."""
    made = pydicom.dcmread(io.BytesIO(dicom()))
    picture = grey_film().astype(f"<f{bits // 8}") / 7
    del made.PixelData, made.BitsStored, made.HighBit, made.PixelRepresentation
    made.BitsAllocated = bits
    setattr(made, keyword, picture.tobytes())
    low, high = picture.min(), picture.max()
    np.testing.assert_allclose(read_dicom(written(made)).pixels, (picture - low) / (high - low), atol=1e-6)
