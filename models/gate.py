"""Finds what speaks against scoring an image, with a code each; what a site does about a finding is not decided here.

A header is judged before a picture is decoded: most of what does not belong here says so itself. Descriptions are not
read: "CHEST PA AND LATERAL" names the study, not the image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from models.population import ADULTS_FROM, GROUPS, Policy, group_of
from models.radiograph import MIN_SIDE, FilmFormat, FilmTags, Radiograph, sniff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.operating_points import GroupPolicy
    from models.population import AgeGroup, Population

MODALITIES: Final = frozenset({"CR", "DX"})
CHEST: Final = re.compile(r"CHEST|THORAX|LUNG|THORACIC\W*CAVITY|HEART|PORTABLE")
NOT_CHEST: Final = re.compile(
    r"SPINE|ABD|PELVIS|RIB|STERN|SHOULDER|CLAVIC|NECK|HEAD"
)  # also beside CHEST: CHESTABDOMEN
FRONTAL: Final = frozenset({"", "PA", "AP", "AP_PA", "PA_AP", "AP/PA", "PA/AP", "FRONTAL"})
SPREAD: Final = (1.0, 99.0)  # percentiles
MIN_SPREAD: Final = 0.02  # of the full range; below it there is nothing to see
MAX_CHROMA: Final = 0.10  # films saved as RGB have 0.00, with a coloured mark up to 0.02; photographs 0.15 and more
_SAMPLES: Final = 512  # a side; enough for percentiles, whatever the film's size


class FindingCode(StrEnum):
    """What was found, in one word."""

    MODALITY = "modality"
    BODY_PART = "body-part"
    VIEW = "view"
    MULTI_FRAME = "multi-frame"
    TOO_SMALL = "too-small"
    BLANK = "blank"
    COLOUR = "colour-picture"
    POPULATION = "population"
    # What a bundle's own gate sees on a picture: `models.pixel_gate`.
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


class Tier(StrEnum):
    """How much the file itself says of what is on it."""

    TAGGED = "tagged"
    UNTAGGED = "untagged"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a score would mean nothing; message and remedy are for the person who sent the file."""

    code: FindingCode
    message: str
    remedy: str


def tier(tags: FilmTags | None) -> Tier:
    """`tagged` where age, view and modality are all stated, else `untagged`: the pixels alone speak."""
    if tags is not None and tags.age_years is not None and tags.view and tags.modality:
        return Tier.TAGGED
    return Tier.UNTAGGED


def header_findings(data: bytes) -> tuple[Finding, ...]:
    """What the header of a file's bytes says against it, without decoding; nothing for JPEG and PNG.

    Raises:
        UnreadableFilm: the bytes are no film, or the header cannot be read.
    """
    if sniff(data) is not FilmFormat.DICOM:
        return ()
    from models.dicom import read_tags  # pydicom costs 0.2 s to import

    return tag_findings(read_tags(data))


def findings(film: Radiograph) -> tuple[Finding, ...]:
    """Everything that speaks against a film: its tags first, then its pixels."""
    return (tag_findings(film.tags) if film.tags else ()) + pixel_findings(film)


def tag_findings(tags: FilmTags) -> tuple[Finding, ...]:
    """What a DICOM header says against a film; a tag that is missing speaks against nothing."""
    found = []
    if tags.modality and tags.modality not in MODALITIES:
        found.append(
            Finding(
                FindingCode.MODALITY,
                f"the modality is {tags.modality}, not {' or '.join(sorted(MODALITIES))}",
                "send chest radiographs only",
            )
        )
    if not _is_chest(tags.body_part):
        found.append(
            Finding(
                FindingCode.BODY_PART,
                f"the body part is {tags.body_part}, not the chest",
                "send chest radiographs only",
            )
        )
    if tags.view not in FRONTAL:
        found.append(
            Finding(FindingCode.VIEW, f"the view is {tags.view}, not frontal (PA or AP)", "send the frontal film")
        )
    if tags.frames > 1:
        found.append(
            Finding(FindingCode.MULTI_FRAME, f"the file holds {tags.frames} frames, not one", "send one film a file")
        )
    return tuple(found)


def population_findings(
    age_years: float | None, declared: Population | None, policies: Mapping[AgeGroup, GroupPolicy]
) -> tuple[Finding, ...]:
    """What speaks against a film by who is on it: an age group that the bundle is not for.

    Args:
        age_years: as the file states it, or None.
        declared: who is on films that state no age, as far as their sender said so.
        policies: the bundle's; empty where it states none, which speaks against nobody.
    """
    group = group_of(age_years, declared)
    stated = None if group is None else policies.get(group)
    if group is None or stated is None or stated.policy is not Policy.OUTSIDE:
        return ()
    who = "films without an age are declared so here" if age_years is None else f"the age is {_age(age_years)}"
    message = f"{who}, and the bundle is not for {GROUPS[group]}: {stated.reason.rstrip('.')}"
    return (Finding(FindingCode.POPULATION, message, "read it normally"),)


def _age(years: float) -> str:
    return f"{years:.0f} years" if years >= ADULTS_FROM else f"{years:.2g} years"


def pixel_findings(film: Radiograph) -> tuple[Finding, ...]:
    """What the picture itself says against a film."""
    found = []
    if min(film.width, film.height) < MIN_SIDE:
        found.append(
            Finding(
                FindingCode.TOO_SMALL,
                f"{film.width} x {film.height} pixels; a side has {MIN_SIDE} at least",
                "send the film in full size",
            )
        )
    if _spread(film.pixels) < MIN_SPREAD:
        found.append(Finding(FindingCode.BLANK, "the picture is nearly one grey", "look whether the export worked"))
    if film.chroma > MAX_CHROMA:
        found.append(Finding(FindingCode.COLOUR, "the picture is in colour", "send the radiograph itself"))
    return tuple(found)


def _is_chest(body_part: str) -> bool:
    return not body_part or bool(CHEST.search(body_part) and not NOT_CHEST.search(body_part))


def _spread(pixels: NDArray[np.float32]) -> float:
    """How far the grey levels lie apart, without the outermost percents."""
    step = max(1, min(pixels.shape) // _SAMPLES)
    low, high = np.percentile(pixels[::step, ::step], SPREAD)
    return float(high - low)
