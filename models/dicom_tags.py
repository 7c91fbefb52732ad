"""Takes from a DICOM header what the gate and the queue need; it decodes no picture and never looks at a name.

A value that is missing, malformed or not to be read is "not said": one bad tag costs no film.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from models.population import age_group_of
from models.radiograph import FilmTags

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DESCRIPTIONS: Final = (
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "AcquisitionDeviceProcessingDescription",  # where many a CR reader writes its menu's "CHEST LAT", and nowhere else
)
TIMES: Final = (
    ("AcquisitionDateTime", ""),
    ("AcquisitionDate", "AcquisitionTime"),
    ("ContentDate", "ContentTime"),
    ("StudyDate", "StudyTime"),
)
KEYWORDS: Final = (
    "SpecificCharacterSet",
    "Modality",
    "BodyPartExamined",
    "ViewPosition",
    "PhotometricInterpretation",
    "NumberOfFrames",
    "PatientAge",
    "PatientBirthDate",
    "AnatomicRegionSequence",
    "ViewCodeSequence",
    "PatientOrientation",
    "ImageType",
    "PresentationIntentType",
    "BurnedInAnnotation",
    "StudyInstanceUID",
    "SOPInstanceUID",
    "AccessionNumber",
    "SOPClassUID",
    "RequestedProcedurePriority",
    "RequestAttributesSequence",
    "StudyPriorityID",
    *DESCRIPTIONS,
    *(keyword for pair in TIMES for keyword in pair if keyword),
)
OLDEST: Final = 130.0  # years
PLACEHOLDER: Final = date(1900, 1, 1)  # what some systems write for an unknown birth date: a child would be an adult
_AGE: Final = re.compile(r"(\d{1,3})([DWMY])")
_YEARS: Final = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_DATE: Final = re.compile(r"(\d{4})[.]?(\d\d)[.]?(\d\d)")  # the dots are of ACR-NEMA, and still met
_TIME: Final = re.compile(r"(\d\d):?(\d\d)?:?(\d\d)?")
_MAX_TEXT: Final = 256
_MAX_WORD: Final = 16  # characters of a code string (PS3.5, 6.2)
_MAX_VALUES: Final = 16
_APART: Final = 2.0  # years by which a stated age and one from dates may differ before neither is believed
_MAX_REQUESTS: Final = 100  # items of a sequence; a film answers one request, seldom two
_MAX_REQUEST_BYTES: Final = 1 << 16
_SNOMED: Final = frozenset({"SCT", "SRT", "SNM3"})
_CODES: Final = {  # PS3.16, CID 4031 and 4010, as they are and as they were
    **dict.fromkeys(("816094009", "51185008", "43799004", "T-D3000", "T-D3200"), "CHEST"),
    **dict.fromkeys(("272479007", "R-10214", "R-40888"), "PA"),
    **dict.fromkeys(("399348003", "R-10206"), "AP"),
}
_PRIORITIES: Final = {  # STAT and HIGH of PS3.3, C.4.11, and what people write; all other words are routine
    "STAT": "stat",
    "EMERGENCY": "stat",
    "HIGH": "urgent",
    "URGENT": "urgent",
    "ASAP": "urgent",
}


def tags_of(dataset: Dataset) -> FilmTags:
    """What a header says, each value cleaned; see `FilmTags`."""
    return FilmTags(
        modality=text(dataset, "Modality").upper(),
        body_part=text(dataset, "BodyPartExamined").upper() or _meaning(dataset, "AnatomicRegionSequence"),
        view=_view_of(text(dataset, "ViewPosition").upper() or _meaning(dataset, "ViewCodeSequence")),
        description=" ".join(filter(None, (text(dataset, keyword) for keyword in DESCRIPTIONS))),
        series=text(dataset, "SeriesDescription"),
        protocol=text(dataset, "ProtocolName"),
        processing=text(dataset, "AcquisitionDeviceProcessingDescription"),
        rows_run=text(dataset, "PatientOrientation").upper(),
        image_type=tuple(
            str(value).strip().upper()[:_MAX_WORD] for value in values(dataset, "ImageType")[:_MAX_VALUES]
        ),
        for_processing=text(dataset, "PresentationIntentType").upper() == "FOR PROCESSING",
        burned_in=text(dataset, "BurnedInAnnotation").upper() == "YES",
        photometric=text(dataset, "PhotometricInterpretation").upper(),
        frames=max(whole(dataset, "NumberOfFrames") or 1, 1),
        age_years=_age(dataset),
        study_uid=text(dataset, "StudyInstanceUID"),
        instance_uid=text(dataset, "SOPInstanceUID"),
        accession=text(dataset, "AccessionNumber"),
        sop_class=text(dataset, "SOPClassUID"),
        urgency=_urgency(dataset),
        acquired_at=_acquired_at(dataset),
    )


def values(dataset: Dataset, keyword: str) -> list[Any]:
    """All values of a tag; an empty list where it is missing, empty, or cannot be converted."""
    try:
        value = dataset.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom converts on access, and raises what the converter of the moment raises
        return []
    if value is None or isinstance(value, (str, bytes)):
        return [value] if value else []
    try:
        return list(value)
    except TypeError:
        return [value]


def text(dataset: Dataset, keyword: str) -> str:
    """The first value as printable text, without the padding; "" where there is none."""
    found = values(dataset, keyword)
    if not found or found[0] is None or isinstance(found[0], bytes):
        return ""
    return "".join(letter for letter in str(found[0]) if letter.isprintable()).strip()[:_MAX_TEXT]


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value as a finite number, or None."""
    found = values(dataset, keyword)
    try:
        value = float(found[0])
    except (IndexError, TypeError, ValueError, OverflowError):
        return None
    return value if abs(value) < 1e30 else None  # NaN compares false, too


def whole(dataset: Dataset, keyword: str) -> int | None:
    """The first value as a whole number, or None."""
    value = number(dataset, keyword)
    return None if value is None else int(value)


def _meaning(dataset: Dataset, keyword: str) -> str:
    """What a coded value's first item means, in capitals: by its code where that is known, else by its words.

    The words may be in any language, and are for people (PS3.3, 8.3). "" where there is none.
    """
    items = values(dataset, keyword)
    if not items or not hasattr(items[0], "get"):
        return ""
    known = text(items[0], "CodingSchemeDesignator").upper() in _SNOMED
    meaning = _CODES.get(text(items[0], "CodeValue")) if known else None
    return meaning or text(items[0], "CodeMeaning").upper()


def _view_of(view: str) -> str:
    """PA and AP in letters, however they are written: "POSTEROANTERIOR", "postero-anterior", "P.A."."""
    letters = "".join(letter for letter in view if letter.isalpha())
    return {"POSTEROANTERIOR": "PA", "ANTEROPOSTERIOR": "AP", "PA": "PA", "AP": "AP"}.get(letters, view)


def _urgency(dataset: Dataset) -> str:
    """The most urgent priority that the request states, in itself or in an item of its attributes; "" for none.

    The study's own priority (0032,000C) is retired, and counts where the request's is missing.
    """
    requests = [dataset, *_requests(dataset)]
    stated = [text(item, "RequestedProcedurePriority").upper() for item in requests]
    stated = [word for word in stated if word] or [text(dataset, "StudyPriorityID").upper()]
    found = {_PRIORITIES.get(word, "routine") for word in stated if word}
    return next((urgency for urgency in ("stat", "urgent", "routine") if urgency in found), "")


def _requests(dataset: Dataset) -> list[Any]:
    """The items of the request's attributes; a sequence of a size that no request has is not looked at."""
    try:
        raw = dataset.get_item("RequestAttributesSequence")
    except Exception:  # noqa: BLE001 - as in `values`
        return []
    if (getattr(raw, "length", None) or 0) > _MAX_REQUEST_BYTES:  # a million items are 762 MiB of objects
        return []
    return values(dataset, "RequestAttributesSequence")[:_MAX_REQUESTS]


def _age(dataset: Dataset) -> float | None:
    """Years, from the age that is stated, else from the dates; None where they contradict each other.

    "000Y" is what some exports write for unknown; nobody counts in days, weeks or months who does not know a child.
    """
    stated, counted = _stated_age(dataset), _counted_age(dataset)
    if stated is None or counted is None:
        return counted if stated is None else stated
    differ = age_group_of(stated) is not age_group_of(counted) and abs(stated - counted) > _APART
    return None if differ else stated


def _stated_age(dataset: Dataset) -> float | None:
    match = _AGE.fullmatch(text(dataset, "PatientAge").upper())
    if match is None or (int(match[1]) == 0 and match[2] == "Y"):
        return None
    return _possible(int(match[1]) * _YEARS[match[2]])


def _counted_age(dataset: Dataset) -> float | None:
    born, taken = _date(text(dataset, "PatientBirthDate")), _acquired_at(dataset)
    return None if born in (None, PLACEHOLDER) or taken is None else _possible((taken.date() - born).days / 365.25)


def _possible(age: float) -> float | None:
    return age if 0 <= age <= OLDEST else None


def _acquired_at(dataset: Dataset) -> datetime | None:
    """The modality's wall clock, from the most exact pair of tags that is there; midnight where no time is given."""
    for date_keyword, time_keyword in TIMES:
        stamp = text(dataset, date_keyword)
        if (day := _date(stamp)) is None:
            continue
        match = _TIME.match(text(dataset, time_keyword) if time_keyword else stamp[8:])
        hour, minute, second = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
        if hour < 24 and minute < 60:
            return datetime.fromisoformat(f"{day}T{hour:02}:{minute:02}:{min(second, 59):02}")  # 60: a leap second
        return datetime.fromisoformat(f"{day}T00:00:00")
    return None


def _date(stamp: str) -> date | None:
    match = _DATE.match(stamp)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
