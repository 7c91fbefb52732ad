"""Palettes, as C.7.6.3.1.5 and C.7.9.2 of DICOM PS3.3 have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels.processing import apply_color_lut

from models.dicom_colour import COLOURS, grey_of_palette

WEIGHTS = {"Red": 0.299, "Green": 0.587, "Blue": 0.114}


def palette(entries: dict[str, list[int]], first: int = 0, bits: int = 16, **more: Any) -> pydicom.Dataset:
    """A dataset with three tables of words."""
    made = pydicom.Dataset()
    made.set_original_encoding(False, more.get("little", True))
    for colour, values in entries.items():
        made.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [len(values), first % 65536, bits])
        order = "<u2" if more.get("little", True) else ">u2"
        made.add_new(f"{colour}PaletteColorLookupTableData", "OW", np.array(values).astype(order).tobytes())
    return made


def test_each_colour_has_its_table() -> None:
    """Indices before the first and after the last entry take that entry."""
    tables = {"Red": [0, 65535, 100], "Green": [0, 100, 65535], "Blue": [65535, 0, 0]}
    indices = np.array([[3, 5, 6, 7, 9]], np.uint8)
    grey, chroma = grey_of_palette(indices, palette(tables, first=5), 8)
    places = np.clip(indices.astype(int) - 5, 0, 2)
    colours = np.stack([np.array(tables[colour])[places] / 65535 for colour in COLOURS], axis=-1)
    np.testing.assert_allclose(grey, colours @ list(WEIGHTS.values()), atol=1e-6)
    assert chroma == pytest.approx(np.ptp(colours, axis=-1).mean(), abs=1e-6)


def test_signed_indices_begin_below_nought() -> None:
    """The first value is written as 16 bits without a sign."""
    ramp = list(range(0, 65536, 8192))
    indices = np.arange(-6, 6, dtype=np.int16)[np.newaxis]
    grey, _ = grey_of_palette(indices, palette(dict.fromkeys(COLOURS, ramp), first=-4), 16)
    np.testing.assert_allclose(grey, np.array(ramp)[np.clip(indices + 4, 0, 7)] / 65535, atol=1e-6)


@pytest.mark.parametrize("little", [True, False])
def test_entries_have_the_byte_order_of_their_file(little: bool) -> None:
    """pydicom 3.0.2 takes all for little endian: 256 would be 1."""
    ramp = [0, 256, 32768, 65535]
    grey, _ = grey_of_palette(
        np.arange(4, dtype=np.uint8)[np.newaxis], palette(dict.fromkeys(COLOURS, ramp), little=little), 8
    )
    np.testing.assert_allclose(grey[0], np.array(ramp) / 65535, atol=1e-6)


def test_tables_of_8_bits_in_words_of_16_are_no_night() -> None:
    """Stated as 8 bits: 255 is white; and stated as 8 while entries use 16: 65,535 is."""
    for top in (255, 65535):
        tables = palette({colour: [0, top // 2, top] for colour in COLOURS}, bits=8)
        grey, _ = grey_of_palette(np.arange(3, dtype=np.uint8)[np.newaxis], tables, 8)
        np.testing.assert_allclose(grey[0], [0, top // 2 / top, 1], atol=1e-6)


@pytest.mark.parametrize("bits", [8, 16])
def test_segmented_tables_are_unrolled(bits: int) -> None:
    """A run, a line, and a copy of both; against entries written out, and against pydicom."""
    kind, wide = (np.uint8, 4) if bits == 8 else (np.dtype("<u2"), 2)
    run, line = [0, 3, 10, 20, 30], [1, 4, 70]
    copy = [2, 2, 0, *[0] * (wide - 1)]
    written = [10, 20, 30, 40, 50, 60, 70, 10, 20, 30, 40, 50, 60, 70]
    made = pydicom.Dataset()
    made.set_original_encoding(False, True)
    made.PixelRepresentation = 0
    for colour in COLOURS:
        made.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [14, 0, bits])
        content = np.array([*run, *line, *copy], kind).tobytes()
        made.add_new(f"Segmented{colour}PaletteColorLookupTableData", "OW", content)
    indices = np.arange(14, dtype=np.uint8)[np.newaxis]
    grey, _ = grey_of_palette(indices, made, 8)
    np.testing.assert_allclose(grey[0], np.array(written) / (2**bits - 1), atol=1e-6)
    np.testing.assert_allclose(grey, apply_color_lut(indices, made)[..., 0] / (2**bits - 1), atol=1e-6)


@pytest.mark.parametrize(
    "words", [[0, 9], [7, 1, 2], [1, 4, 70], [2, 1, 500, 0], [2, 60000, 0, 0], [0, 2, 5, 6, 2, 65535, 4, 0]]
)
def test_a_segmented_table_that_is_none_fails(words: list[int]) -> None:
    """And ends: a copy of itself, of what lies behind, a line from nowhere."""
    made = pydicom.Dataset()
    made.set_original_encoding(False, True)
    for colour in COLOURS:
        made.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [256, 0, 16])
        made.add_new(f"Segmented{colour}PaletteColorLookupTableData", "OW", np.array(words, "<u2").tobytes())
    with pytest.raises((ValueError, IndexError)):
        grey_of_palette(np.zeros((4, 4), np.uint8), made, 8)


def test_a_table_that_copies_itself_without_end_stops() -> None:
    """60,000 copied lines of 65,535 entries each would be milliards; no table has more than 65,536."""
    made = pydicom.Dataset()
    made.set_original_encoding(False, True)
    words = np.array([0, 1, 5, *[1, 65535, 7] * 3000, 2, 3000, 3, 0], "<u2").tobytes()
    for colour in COLOURS:
        made.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [256, 0, 16])
        made.add_new(f"Segmented{colour}PaletteColorLookupTableData", "OW", words)
    indices = np.arange(256, dtype=np.uint8)[np.newaxis]
    grey, _ = grey_of_palette(indices, made, 8)
    assert grey.max() <= 7 / 65535
