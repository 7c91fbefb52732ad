"""Judges a DICOM header: what it says against scoring the film, and which of its tags are believed; no pixels.

A tag that is missing speaks against nothing. Where two tags contradict each other the one that speaks against the film
counts: a film that is refused is read in its turn, one that is scored in error may wait too long.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from models.findings import Finding, FindingCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.radiograph import FilmTags

MODALITIES: Final = frozenset({"CR", "DX"})
_FROM: Final = r"(?<![^\W\d_])"  # the ends of a word; an underscore is one, too: "CHEST_LAT", "XR_KNEE"
_TO: Final = r"(?![^\W\d_])"
_CHEST_WORD: Final = rf"CHEST|THORAX|TORAX|TORACE|LUNG|PULM|POUMON|{_FROM}CXR{_TO}|THORACIC\W*CAVITY|BRUST(?!WIRBEL)"
CHEST: Final = re.compile(f"{_CHEST_WORD}|HEART|PORTABLE")
_NAMES_CHEST: Final = re.compile(_CHEST_WORD)  # in a description: "PORTABLE KNEE" is no chest
NOT_CHEST: Final = re.compile(
    r"SPINE|ABD|PELVIS|RIB|STERN|SHOULDER|CLAVIC|NECK|HEAD"
)  # also beside CHEST: CHESTABDOMEN
_OTHER_PART: Final = re.compile(
    rf"{_FROM}(?:[CTL][\W_]?SPINE|SPINE|SKULL|HEAD|NECK|ABDOMEN|ABDO|PELVIS|BECKEN|HIPS?|FEMUR|KNEES?|KNIE|TIBIA|LEGS?|ANKLES?"
    r"|FOOT|FEET|FUSS|TOES?|HANDS?|FINGERS?|THUMB|WRISTS?|FOREARM|ELBOWS?|HUMERUS|SHOULDERS?|SCHULTER|CLAVICLE|RIBS"
    rf"|EXTREMITY|RODILLA|MANO|GENOU|CHEVILLE|MAMMO\w*|BREASTS?){_TO}"
)
FRONTAL: Final = frozenset({"", "PA", "AP", "AP_PA", "PA_AP", "AP/PA", "PA/AP", "FRONTAL"})
_LATERAL_WORD: Final = re.compile(rf"{_FROM}(?:[LR]?LAT|LATERA+LE?|LL|SEITL|SEITLICH|PROFIL|PERFIL){_TO}")
_FRONTAL_WORD: Final = re.compile(rf"{_FROM}(?:P\.?A|A\.?P|FRONTALE?){_TO}")
_FOR_PROCESSING: Final = "1.2.840.10008.5.1.4.1.1.1.1.1"  # the class of digital X-ray, and of nothing for the eye
_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"  # and what begins so: secondary capture of every kind
_OWN: Final = MODALITIES | {""}  # what the device itself makes; a capture that says OT or RG was judged by that
_PROCESSED: Final = re.compile(r"\bCAD\b|SUBTRACT|SUPPRESS|DUAL|ENERGY|ANNOT|SCREEN|SECONDARY")
_REMEDY: Final = "send chest radiographs only"


class Tier(StrEnum):
    """How much the file itself says of what is on it."""

    TAGGED = "tagged"
    UNTAGGED = "untagged"


def believed(tags: FilmTags | None) -> tuple[str, ...]:
    """Which of age, view and modality the file says, in this order; ages that contradict each other are none."""
    if tags is None:
        return ()
    said = {"age": tags.age_years is not None, "view": bool(tags.view), "modality": bool(tags.modality)}
    return tuple(name for name, is_said in said.items() if is_said)


def tier(tags: FilmTags | None) -> Tier:
    """`tagged` where age, view and modality are all believed, else `untagged`: the pixels alone speak."""
    return Tier.TAGGED if len(believed(tags)) == 3 else Tier.UNTAGGED


def tag_findings(tags: FilmTags, modalities: frozenset[str] = MODALITIES) -> tuple[Finding, ...]:
    """What a DICOM header says against a film.

    Args:
        tags: of the header.
        modalities: those that the site takes films of.
    """
    return tuple(_findings(tags, modalities))


def _findings(tags: FilmTags, modalities: frozenset[str]) -> Iterator[Finding]:
    if tags.modality and tags.modality not in modalities:
        said = f"the modality is {tags.modality}, not {' or '.join(sorted(modalities))}"
        yield Finding(FindingCode.MODALITY, said, _REMEDY)
    if said := _other_part(tags):
        yield Finding(FindingCode.BODY_PART, said, _REMEDY)
    if said := _not_frontal(tags):
        yield Finding(FindingCode.VIEW, said, "send the frontal film")
    if tags.rows_run[:1] in ("H", "F"):
        said = f"its rows run towards the patient's {'head' if tags.rows_run[0] == 'H' else 'feet'}"
        yield Finding(FindingCode.ROTATED, said, "turn it upright and send it again")
    if tags.frames > 1:
        said = f"the file holds {tags.frames} frames, not one"
        yield Finding(FindingCode.MULTI_FRAME, said, "send one film a file")
    if tags.for_processing or tags.sop_class == _FOR_PROCESSING:
        said = "it holds the detector's values before processing, which nobody reads"
        yield Finding(FindingCode.FOR_PROCESSING, said, "send the film for presentation")
    if _PROCESSED.search(" ".join(tags.image_type[1:])):
        said = "it was made from another image (a capture, a subtraction, a marked-up copy)"
        yield Finding(FindingCode.PROCESSED, said, "send the film as the modality made it")
    elif tags.sop_class.startswith(_CAPTURE) and tags.modality in _OWN and "SC" not in modalities:
        said = "it is a secondary capture, whatever modality it names"
        remedy = "send the film as the modality made it, or take SC ([gate] modalities) where films are digitised"
        yield Finding(FindingCode.PROCESSED, said, remedy)
    if tags.burned_in:
        said = "something is written into its picture"
        yield Finding(FindingCode.BURNED_IN, said, "send the film without annotations")


def _other_part(tags: FilmTags) -> str:
    """A sentence where the film shows another part of the body; descriptions are asked only where no tag answers."""
    if tags.body_part:
        is_chest = CHEST.search(tags.body_part) and not NOT_CHEST.search(tags.body_part)
        return "" if is_chest else f"the body part is {tags.body_part}, not the chest"
    words = tags.description.upper()
    part = None if _NAMES_CHEST.search(words) else _OTHER_PART.search(words)
    return f"its description names another body part ({part[0]})" if part else ""


def _not_frontal(tags: FilmTags) -> str:
    """A sentence where the film is no frontal one.

    A description is believed only where no tag answers, and only one of the image or its series: "CHEST PA AND LATERAL"
    names the study, not the image.
    """
    if tags.view not in FRONTAL:
        return f"the view is {tags.view}, not frontal (PA or AP)"
    if tags.rows_run[:1] in ("A", "P"):
        return "its rows run from front to back of the patient: a lateral film"
    if _is_lateral(tags.body_part):
        return f"the body part is {tags.body_part}, a lateral film"
    if tags.view:
        return ""
    described = {"series": tags.series, "protocol": tags.protocol, "processing": tags.processing}
    return next((f"its {of} is called lateral" for of, words in described.items() if _is_lateral(words.upper())), "")


def _is_lateral(words: str) -> bool:
    """Whether words in capitals name a lateral view and no frontal one."""
    return bool(_LATERAL_WORD.search(words)) and not _FRONTAL_WORD.search(words)
