"""Cuts the values of pixels out of the words that hold them, and tells where the header cannot mean these words.

It knows bits, not files. A word has `BitsAllocated` bits; the value is in `BitsStored` of them, of which the highest is
`HighBit` (DICOM PS3.5, 8.1.1). What is beside it, old overlays or rubbish, is masked.

A wrong number of bits or a wrong sign wraps grey levels over: dark becomes bright, and the picture is still a picture.
A film is smooth, and a wrapped one leaps from one end of the range to the other: where another reading of the same
words takes these leaps away and brings no others, neither is believed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.radiograph import FailureCode, UnreadableFilm

if TYPE_CHECKING:
    from numpy.typing import NDArray

# RG1 and RG3 of pydicom-data, read with a wrong sign or fewer bits, leap at 0.0023 to 0.036 of their steps, and read
# soundly at 0.0001 at most; of 94 real grey files and 3,600 readings of training films as they are, none leaps so.
LEAPS: Final = 0.0007  # of the steps from pixel to pixel
MORE: Final = 8.0  # times the other reading's
_ROWS: Final = 256  # looked at; enough for a mean


@dataclass(frozen=True, slots=True)
class Field:
    """Where in a word of so many bits a value lies.

    Attributes:
        bits: of the value.
        low: of the word, below the value.
        signed: two's complement.
        overlays: the bits of a word, from 0, that the header gives to overlays.
    """

    bits: int
    low: int = 0
    signed: bool = False
    overlays: frozenset[int] = frozenset()

    @property
    def least(self) -> int:
        """The lowest value that it can hold."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def most(self) -> int:
        """The highest."""
        return self.least + (1 << self.bits) - 1


def stored_values(words: NDArray[Any], field: Field) -> NDArray[Any]:
    """The values of unsigned words, of any shape; in place where they are no view of something else.

    Raises:
        UnreadableFilm: the words have no room for such values, or hold other ones; `contradictory`.
    """
    width = words.dtype.itemsize * 8
    if field.bits < 1 or field.low < 0 or field.low + field.bits > width:
        raise contradiction(f"{field.bits} bits of a value do not fit into {width}")
    if words.ndim == 2:
        _check(np.ascontiguousarray(words[:: max(1, len(words) // _ROWS)]), field, width)
    return _cut(words, field, width)


def wrapped(read: NDArray[Any], other: NDArray[Any], field: Field) -> bool:
    """Whether one reading of the same words leaps where the other goes on smoothly, and hardly ever the reverse.

    No leap is counted beside an end of the range or beside an even ground: frames, padding and letters are so.

    Args:
        read, other: whole numbers, (height, width).
        field: of `read`.
    """
    if read.shape[1] < 2:
        return False
    steps, others = (np.abs(np.diff(levels.astype(np.int64), axis=1)) for levels in (read, other))
    film = (read != field.least) & (read != field.most)
    film[:, 1:] &= steps > 0
    film[:, :-1] &= steps > 0
    whole = 2**field.bits
    leaps = float(((steps > whole // 2) & (others < whole // 8) & film[:, 1:] & film[:, :-1]).mean())
    return leaps >= LEAPS and leaps > MORE * float(((others > whole // 2) & (steps < whole // 4)).mean())


def contradiction(cause: str) -> UnreadableFilm:
    """The header says something that the picture, or another part of the header, denies."""
    return UnreadableFilm(FailureCode.CONTRADICTORY, cause, "let the device's maker mend its export, and send it again")


def _cut(words: NDArray[Any], field: Field, width: int) -> NDArray[Any]:
    """Shifted up until the value's highest bit is the word's, and down again; the sign comes with it."""
    above = width - field.low - field.bits
    if not words.flags.writeable and (above or field.low):
        words = words.copy()
    if above:
        np.left_shift(words, above, out=words)
    if field.signed:
        words = words.view(np.dtype(f"i{width // 8}"))
    if above + field.low:
        np.right_shift(words, above + field.low, out=words)
    return words


def _check(rows: NDArray[Any], field: Field, width: int) -> None:
    """Compare the reading that the header asks for with the others that the same words allow."""
    high = field.low + field.bits
    read = _cut(rows.copy(), field, width)
    if field.low and not field.overlays.intersection(range(field.low)):
        below = rows & (2**field.low - 1)
        if below.any() and int(rows.max()) < 2**field.bits:
            raise contradiction(f"the values lie in the lowest bits, not from bit {field.low} on")
    more = high < width and not field.overlays.intersection(range(high, width)) and bool((rows >> high).any())
    if more and wrapped(read, rows >> field.low, field):
        raise contradiction(f"the values need more than the {field.bits} bits that are stated")
    if field.bits <= 8:
        return  # such pictures are letters as often as films, and never signed
    if wrapped(read, _cut(rows.copy(), replace(field, signed=not field.signed), width), field):
        stated, meant = ("signed", "unsigned") if field.signed else ("unsigned", "signed")
        raise contradiction(f"the values are stated as {stated} and look {meant}")
