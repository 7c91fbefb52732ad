"""Coloured stored values -> grey levels 0..1 and how coloured they are; in strips, for which little memory is enough.

YBR (DICOM PS3.3, C.7.6.3.1.2) is turned into colours by the equations of the standard, which are those of JPEG.
Palettes (C.7.6.3.1.5, C.7.9.2) are read here: pydicom 3.0.2 takes a big-endian file's entries for little endian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.dicom_tags import values
from models.words import entries_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

COLOURS: Final = ("Red", "Green", "Blue")
KEYWORDS: Final = (
    *(f"{colour}PaletteColorLookupTable{part}" for colour in COLOURS for part in ("Descriptor", "Data")),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in COLOURS),
)
_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow turns RGB into grey
_FROM_YBR: Final = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], dtype=np.float32)
_STRIP: Final = 256  # rows


def grey_of_colours(array: NDArray[Any], bits: int, *, ybr: bool) -> tuple[NDArray[np.float32], float]:
    """Grey levels, float32 (height, width), and the mean spread between red, green and blue, both 0..1.

    Args:
        array: (height, width, 3), whole numbers of so many bits.
        ybr: they are luminance and two differences of colour, else red, green and blue.
    """
    grey = np.empty(array.shape[:2], np.float32)
    spread = 0.0
    for top in range(0, len(array), _STRIP):
        strip = array[top : top + _STRIP].astype(np.float32)
        if ybr:
            strip[..., 1:] -= np.float32(2 ** (bits - 1))
            strip = strip @ _FROM_YBR.T
        strip = np.clip(strip / np.float32(2.0**bits - 1), 0.0, 1.0)
        grey[top : top + _STRIP] = strip @ _LUMA
        spread += float((strip.max(axis=2) - strip.min(axis=2)).sum(dtype=np.float64))
    return grey, spread / grey.size


def grey_of_palette(array: NDArray[Any], dataset: Dataset, bits: int) -> tuple[NDArray[np.float32], float]:
    """The same of indices into the dataset's tables, (height, width), of 16 bits at most."""
    if not np.issubdtype(array.dtype, np.integer) or bits > 16:
        raise ValueError("no palette has so many colours")
    first = -(2 ** (bits - 1)) if np.issubdtype(array.dtype, np.signedinteger) else 0
    indices = np.arange(first, first + 2**bits)
    colours = np.stack([_ramp(indices, dataset, colour) for colour in COLOURS], axis=-1)
    greys, spans = colours @ _LUMA, np.ptp(colours, axis=-1)
    grey = np.empty(array.shape, np.float32)
    spread = 0.0
    for top in range(0, len(array), _STRIP):
        places = array[top : top + _STRIP].astype(np.int32) - first
        grey[top : top + _STRIP] = greys[places]
        spread += float(spans[places].sum(dtype=np.float64))
    return grey, spread / grey.size


def _ramp(indices: NDArray[Any], dataset: Dataset, colour: str) -> NDArray[np.float32]:
    """One colour of each index, 0..1; indices before the first and after the last entry take that entry."""
    count, first, bits = (int(n) for n in values(dataset, f"{colour}PaletteColorLookupTableDescriptor")[:3])
    count = count or 2**16
    if first >= 2**15 and indices[0] < 0:
        first -= 2**16
    if segments := values(dataset, f"Segmented{colour}PaletteColorLookupTableData"):
        entries = np.array(_unrolled(entries_of(segments, 0 if bits > 8 else len(segments[0]), dataset).tolist(), bits))
    else:
        entries = entries_of(values(dataset, f"{colour}PaletteColorLookupTableData"), count, dataset)
    entries = entries[:count].astype(np.float32)
    most = 2.0**16 if bits > 8 or entries.max() > 255 else 2.0**8  # some state 8 bits and use 16
    ramp: NDArray[np.float32] = entries[np.clip(indices - first, 0, len(entries) - 1)] / np.float32(most - 1)
    return ramp


def _unrolled(words: list[int], bits: int) -> list[int]:
    """Entries of a segmented table: runs as they are, straight lines, and copies of earlier segments."""
    entries: list[int] = []
    at = 0
    while at + 1 < len(words) and len(entries) <= 2**16:
        at = _segment(words, at, entries, bits, copying=True)
    return entries


def _segment(words: list[int], at: int, entries: list[int], bits: int, *, copying: bool) -> int:
    """Append one segment's entries; where the next one begins. A copy of copies is none (C.7.9.2.3)."""
    kind, count = words[at], words[at + 1]
    if kind == 0:
        entries += words[at + 2 : at + 2 + count]
        return at + 2 + count
    if kind == 1:
        line = np.linspace(entries[-1], words[at + 2], count + 1)[1:]
        entries += np.rint(line).astype(int).tolist()
        return at + 3
    if kind != 2 or not copying:
        raise ValueError("a palette has a segment of an unknown kind")
    wide = 2 if bits > 8 else 4  # words of an offset of 32 bits, the lowest first
    source = sum(word << (32 // wide * place) for place, word in enumerate(words[at + 2 : at + 2 + wide]))
    for _ in range(count):
        if len(entries) > 2**16:  # no table has more; a small file could ask for milliards
            break
        source = _segment(words, source, entries, bits, copying=False)
    return at + 2 + wide
