"""Finds what speaks against scoring an image, with a code each; what a site does about a finding is not decided here.

A header is judged before a picture is decoded: most of what does not belong here says so itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.findings import Finding, FindingCode
from models.population import ADULTS_FROM, GROUPS, Policy, group_of
from models.radiograph import MIN_SIDE, FilmFormat, FilmTags, Radiograph, sniff
from models.tag_gate import tag_findings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.operating_points import GroupPolicy
    from models.population import AgeGroup, Population

SPREAD: Final = (1.0, 99.0)  # percentiles
MIN_SPREAD: Final = 0.02  # of the full range; below it there is nothing to see
MAX_CHROMA: Final = 0.10  # films saved as RGB have 0.00, with a coloured mark up to 0.02; photographs 0.15 and more
_SAMPLES: Final = 512  # a side; enough for percentiles, whatever the film's size


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


def against_tags(finding: Finding, tags: FilmTags | None) -> Finding:
    """The same finding; where the header says the opposite of what the pixels show, it says so.

    Pixels overrule a tag only towards refusal: nothing that a header speaks against is scored because it looks right.
    """
    if tags is None or finding.code is not FindingCode.INVERTED or not tags.photometric:
        return finding
    return replace(finding, message=f"{finding.message}, though the header says {tags.photometric}")


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
    if spread(film.pixels) < MIN_SPREAD:
        found.append(Finding(FindingCode.BLANK, "the picture is nearly one grey", "look whether the export worked"))
    if film.chroma > MAX_CHROMA:
        found.append(Finding(FindingCode.COLOUR, "the picture is in colour", "send the radiograph itself"))
    return tuple(found)


def spread(pixels: NDArray[np.float32]) -> float:
    """How far the grey levels lie apart, without the outermost percents."""
    step = max(1, min(pixels.shape) // _SAMPLES)
    low, high = np.percentile(pixels[::step, ::step], SPREAD)
    return float(high - low)
