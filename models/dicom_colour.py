"""Coloured stored values -> grey levels 0..1 and how coloured they are; in strips, for which little memory is enough.

YBR (DICOM PS3.3, C.7.6.3.1.2) is turned into colours by the equations of the standard, which are those of JPEG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydicom.pixels.processing import apply_color_lut

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

KEYWORDS: Final = (
    *(
        f"{colour}PaletteColorLookupTable{part}"
        for colour in ("Red", "Green", "Blue")
        for part in ("Descriptor", "Data")
    ),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
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
    signed = np.issubdtype(array.dtype, np.signedinteger)
    first = -(2 ** (bits - 1)) if signed else 0
    indices = np.arange(first, first + 2**bits).astype(array.dtype)
    colours = apply_color_lut(indices[np.newaxis], dataset)[..., :3]
    greys, _ = grey_of_colours(colours, colours.dtype.itemsize * 8, ybr=False)
    spans = np.ptp(colours[0].astype(np.float32), axis=1) / np.float32(np.iinfo(colours.dtype).max)
    grey = np.empty(array.shape, np.float32)
    spread = 0.0
    for top in range(0, len(array), _STRIP):
        places = array[top : top + _STRIP].astype(np.int32) - first
        grey[top : top + _STRIP] = greys[0][places]
        spread += float(spans[places].sum(dtype=np.float64))
    return grey, spread / grey.size
