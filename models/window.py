"""Stored values -> grey levels 0..1 as a workstation shows them: modality LUT or rescale, then VOI LUT or window.

DICOM PS3.3, C.11.1 and C.11.2. Written out here, in single precision and in place, because pydicom's functions work in
double precision (400 MB for the largest film) and index an 8-bit VOI LUT with 8-bit numbers (pydicom 3.0.2, apply_voi).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.dicom_tags import number, text, values
from models.stored import contradiction
from models.words import entries_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

KEYWORDS: Final = (
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
)
_BAND: Final = 16  # one part in so many; a smaller band of noughts hardly changes what is seen
_LOOK_BACK: Final = 8  # rows
_MIN_SHOWN: Final = 0.01  # of a film's pixels; a window with fewer leaves a picture of two greys
_SAMPLES: Final = 512  # a side; enough for a share


def shown(
    stored: NDArray[Any], dataset: Dataset, *, inverted: bool, background: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Grey levels of stored values, (height, width).

    The first VOI LUT wins over the first window, and either over the range of the values. What leaves next to nothing
    to see, because it lies beside the values, is left out, since nobody read the film with it.

    Args:
        inverted: the stored values grow where the film is dark (MONOCHROME1).
        background: padding, which is black whatever its value, and has no part in the range.
    """
    levels = _modality(stored, dataset)
    film = None if background is None else ~background
    seen: Any = True if film is None else film
    low, high = float(np.min(levels, where=seen, initial=np.inf)), float(np.max(levels, where=seen, initial=-np.inf))
    if not low <= high:  # nothing but padding
        return np.zeros_like(levels)
    table = _table(dataset, "VOILUTSequence")
    if table and (first := _meeting(table, low, high)) is not None:
        levels = _looked_up(levels, first, table.entries)
        levels /= np.float32(2.0**table.bits - 1)
    else:
        _window(levels, dataset, low, high, film)
    np.clip(levels, 0.0, 1.0, out=levels)
    if inverted:
        np.subtract(1.0, levels, out=levels)
    if background is not None:
        levels[background] = 0.0
    return levels


def _modality(stored: NDArray[Any], dataset: Dataset) -> NDArray[np.float32]:
    """Stored values to the manufacturer's units."""
    if table := _table(dataset, "ModalityLUTSequence"):
        first = _meeting(table, float(stored.min()), float(stored.max()))
        if first is None:
            raise contradiction("the modality LUT lies beside all values")
        return _looked_up(stored, first, table.entries)
    levels: NDArray[np.float32] = stored.astype(np.float32)
    if not np.issubdtype(stored.dtype, np.integer):
        np.nan_to_num(levels, copy=False, posinf=0.0, neginf=0.0)
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    if slope:
        levels *= np.float32(slope)
    if intercept:
        levels += np.float32(intercept)
    return levels


def _window(
    levels: NDArray[np.float32], dataset: Dataset, low: float, high: float, film: NDArray[np.bool_] | None
) -> None:
    """Spread the first window, or else the range of the values, over 0..1, in place."""
    centre, width = number(dataset, "WindowCenter"), number(dataset, "WindowWidth")
    function = text(dataset, "VOILUTFunction").upper() or "LINEAR"
    if centre is not None and width is not None and function == "LINEAR":
        centre, width = centre - 0.5, width - 1.0  # C.11.2.1.2.1: the window's ends are the centres of two levels
    if centre is None or width is None or width <= 0 or not _shows(levels, film, centre, width):
        centre, width, function = (low + high) / 2, max(high - low, 1e-6), "RANGE"
    if function == "SIGMOID":
        levels -= np.float32(centre)
        levels *= np.float32(-4.0 / width)
        np.exp(np.clip(levels, -60.0, 60.0, out=levels), out=levels)
        levels += np.float32(1.0)
        np.reciprocal(levels, out=levels)
    else:
        levels -= np.float32(centre - width / 2)
        levels /= np.float32(width)


def _shows(levels: NDArray[np.float32], film: NDArray[np.bool_] | None, centre: float, width: float) -> bool:
    """Whether enough of a film lies within a window: beside it all is black or white."""
    step = max(1, min(levels.shape) // _SAMPLES)
    inside = np.abs(levels[::step, ::step] - centre) < width / 2
    return float(inside.mean() if film is None else inside[film[::step, ::step]].mean()) >= _MIN_SHOWN


@dataclass(frozen=True, slots=True)
class _Table:
    """A lookup table: the value of its first entry as written, its entries, and their bits."""

    first: int
    entries: NDArray[np.float32]
    bits: int


def _table(dataset: Dataset, keyword: str) -> _Table | None:
    """The first lookup table of a sequence; None without one."""
    sequence = values(dataset, keyword)
    if not sequence:
        return None
    count, first, bits = (int(value) for value in values(sequence[0], "LUTDescriptor")[:3])
    count = count or 2**16
    table = entries_of(values(sequence[0], "LUTData"), count, dataset)[:count].astype(np.float32)
    if not len(table) or not 1 <= bits <= 16:
        raise ValueError("a lookup table has no entries, or none of 1 to 16 bits")
    return _Table(first, table, max(bits, int(table.max()).bit_length()))  # some state fewer bits than they use


def _meeting(table: _Table, low: float, high: float) -> int | None:
    """The value of a table's first entry, in the sense in which the table meets most of the values from low to high.

    It is one of 16 bits, signed or not; which of both, the standard leaves to what the values are (C.11.2.1.1), and
    exports get it wrong. None where the table lies beside all values: one grey.
    """
    last = len(table.entries) - 1

    def met(first: int) -> float:
        return min(high, first + last) - max(low, first)

    senses = sorted(
        {table.first, table.first % 2**16, (table.first + 2**15) % 2**16 - 2**15}, key=lambda f: f != table.first
    )
    best = max(senses, key=met)
    return best if met(best) > 0 or low == high else None


def _looked_up(array: NDArray[Any], first: int, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each value's entry; values before the first and after the last entry take that entry."""
    index = np.clip(array.astype(np.int32 if array.dtype.itemsize <= 2 else np.int64) - first, 0, len(table) - 1)
    looked_up: NDArray[np.float32] = table[index]
    return looked_up


def stops_in_a_row(stored: NDArray[Any]) -> bool:
    """Whether stored values stop in the middle of a row and all that follows, at least a sixteenth, is nought.

    So looks a file that has its size before its content. A shutter, too, leaves a band of exact noughts at the foot of
    a film, but it ends rows where those above end, or steadily earlier (a corner, a film that was turned).
    """
    if stored[-max(len(stored) // _BAND, 1) :].any():
        return False
    rows = stored.reshape(len(stored), -1)
    filled = np.flatnonzero(rows.any(axis=1))
    if not len(filled):
        return False  # one grey: the gate's business
    last = int(filled[-1])
    above = [int(np.flatnonzero(row)[-1]) if row.any() else -1 for row in rows[max(last - _LOOK_BACK, 0) : last]]
    end = int(np.flatnonzero(rows[last])[-1])
    return not above or min(above) - end > 2 * (max(above) - min(above))
