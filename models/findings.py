"""What can speak against scoring an image, one code each; by tags, pixels or a bundle's gate it is found elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingCode(StrEnum):
    """What was found, in one word."""

    # What tags say: `models.tag_gate`.
    MODALITY = "modality"
    BODY_PART = "body-part"
    VIEW = "view"
    MULTI_FRAME = "multi-frame"
    FOR_PROCESSING = "for-processing"
    PROCESSED = "processed"
    BURNED_IN = "burned-in-annotation"
    POPULATION = "population"
    # What any picture shows: `models.gate`.
    TOO_SMALL = "too-small"
    BLANK = "blank"
    COLOUR = "colour-picture"
    # What a bundle's own gate sees on a picture: `models.pixel_gate`; tags may say `rotated`, too.
    INVERTED = "inverted"
    ROTATED = "rotated"
    UNDER_EXPOSED = "under-exposed"
    OVER_EXPOSED = "over-exposed"
    CUT_OFF = "cut-off"
    NOT_CHEST = "not-chest"
    PHOTOGRAPH = "photograph"
    SCREENSHOT = "screenshot"
    SCANNED_PAGE = "scanned-page"
    UNLIKE = "unlike"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a score would mean nothing; message and remedy are for the person who sent the file."""

    code: FindingCode
    message: str
    remedy: str
