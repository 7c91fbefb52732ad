"""What of a DICOM picture is film, and in which proportions: shutters and collimators, padding, pixels that are no
squares.

Nothing is looked for in the picture itself: only what the header says is left out, and only where it leaves a film.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from models.dicom_tags import number, values

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

_SIDES: Final = ("LeftVerticalEdge", "RightVerticalEdge", "UpperHorizontalEdge", "LowerHorizontalEdge")
_SPACINGS: Final = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio")
KEYWORDS: Final = (
    *(f"{thing}{what}" for thing in ("Shutter", "Collimator") for what in ("Shape", *_SIDES)),
    *_SPACINGS,
    *("PixelPaddingValue", "PixelPaddingRangeLimit"),
)
MIN_KEPT: Final = 0.5  # of a side; what would leave less is not believed, since it might cut a lung
SQUARE: Final = 1.01  # sides of a pixel that differ by less are alike
_STRIP: Final = 256  # rows or columns at a time, for which little memory is enough
MAX_RATIO: Final = 4.0  # no detector has longer pixels; such a header is not believed


def uncovered(array: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """The part of a picture that neither a rectangular shutter nor a rectangular collimator covers; a view.

    Edges are those of DICOM PS3.3, C.7.6.11 and C.8.7.3: counted from 1, the edge itself is kept.
    """
    height, width = array.shape[:2]
    for thing in ("Shutter", "Collimator"):
        edges = [number(dataset, thing + side) for side in _SIDES]
        if "RECTANGULAR" in (str(shape).strip().upper() for shape in values(dataset, f"{thing}Shape")):
            left, right, upper, lower = (None if edge is None else int(edge) for edge in edges)
            if left is None or right is None or upper is None or lower is None:
                continue
            kept = array[max(upper - 1, 0) : max(lower, 0), max(left - 1, 0) : max(right, 0)]
            if kept.shape[0] >= MIN_KEPT * height and kept.shape[1] >= MIN_KEPT * width:
                return kept
    return array


def background(stored: NDArray[Any], dataset: Dataset, bits: int) -> NDArray[np.bool_] | None:
    """Where a film is padded, (height, width); None where nowhere.

    Padding (C.7.5.1.1.2) is what has the padding value and reaches the edge of the picture along its row or column: the
    value of padding is often 0, and in a MONOCHROME1 film a dense heart may be 0, too.

    Args:
        stored: (height, width), of so many bits; signed where its type is.
    """
    value = _stored_number(stored, dataset, "PixelPaddingValue", bits)
    if value is None:
        return None
    limit = _stored_number(stored, dataset, "PixelPaddingRangeLimit", bits)
    low, high = sorted((value, value if limit is None else limit))
    padded = (stored >= low) & (stored <= high)
    if not padded.any():
        return None
    reached = np.zeros_like(padded)
    for lines, result in ((padded, reached), (padded.T, reached.T)):
        for top in range(0, len(lines), _STRIP):
            strip, there = lines[top : top + _STRIP], result[top : top + _STRIP]
            there |= np.logical_and.accumulate(strip, axis=1)
            there |= np.logical_and.accumulate(strip[:, ::-1], axis=1)[:, ::-1]
    return reached if reached.any() else None


def in_squares(pixels: NDArray[np.float32], dataset: Dataset) -> NDArray[np.float32]:
    """The picture with pixels as high as they are wide: the side that has the finer ones is reduced.

    A spacing in millimetres wins over a ratio (C.7.6.3.1.7). One that no detector has is not believed.
    """
    for keyword in _SPACINGS:
        sides = [_positive(value) for value in values(dataset, keyword)[:2]]
        if len(sides) == 2 and all(sides):
            ratio = sides[0] / sides[1]  # height of a pixel over its width
            break
    else:
        return pixels
    if not 1 / MAX_RATIO <= ratio <= MAX_RATIO or 1 / SQUARE <= ratio <= SQUARE:
        return pixels
    height, width = pixels.shape
    size = (round(width / ratio), height) if ratio > 1 else (width, round(height * ratio))
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize((max(size[0], 1), max(size[1], 1)), Image.Resampling.BILINEAR), dtype=np.float32)


def _positive(value: Any) -> float:
    """A length; 0.0 for what is none."""
    try:
        length = float(value)
    except (TypeError, ValueError):
        return 0.0
    return length if 0.0 < length < 1e6 else 0.0


def _stored_number(stored: NDArray[Any], dataset: Dataset, keyword: str, bits: int) -> int | None:
    """A tag that is written like a stored value, in the sense in which these are taken."""
    found = values(dataset, keyword)
    if not found or not np.issubdtype(stored.dtype, np.integer):
        return None
    value = int.from_bytes(found[0][:2], "little") if isinstance(found[0], bytes) else int(found[0])
    if np.issubdtype(stored.dtype, np.signedinteger):
        return value - 2**16 if value >= 2**15 and bits <= 16 else value
    return value + 2**16 if value < 0 else value
