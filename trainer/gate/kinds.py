"""The kinds of picture that the gate tells apart, in the order of its logits; what each is, no more."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a picture is; `FILM` alone is accepted. The values are the codes of `models.gate.FindingCode` but for it."""

    FILM = "film"
    INVERTED = "inverted"  # black for white
    ROTATED = "rotated"  # more than 30 degrees, or upside down
    UNDER_EXPOSED = "under-exposed"  # too few photons: white, or drowned in noise
    OVER_EXPOSED = "over-exposed"  # too many: black
    CUT_OFF = "cut-off"  # a lung, or half of both, lies outside the picture
    NOT_CHEST = "not-chest"  # another part of the body, another modality
    PHOTOGRAPH = "photograph"
    SCREENSHOT = "screenshot"
    SCANNED_PAGE = "scanned-page"
    BLANK = "blank"  # noise, a gradient, a shutter: nothing on it


KINDS: Final = tuple(Kind)
FROM_FILMS: Final = (Kind.INVERTED, Kind.ROTATED, Kind.UNDER_EXPOSED, Kind.OVER_EXPOSED, Kind.CUT_OFF)
DRAWN: Final = (Kind.NOT_CHEST, Kind.PHOTOGRAPH, Kind.SCREENSHOT, Kind.SCANNED_PAGE, Kind.BLANK)
UNTESTED: Final = ("lateral chest films", "films of other parts of the body", "left-right mirrored films")
