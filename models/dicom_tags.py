"""Takes from a DICOM header what the gate and the queue need; it decodes no picture and never looks at a name.

A value that is missing, malformed or not to be read is "not said": one bad tag costs no film.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from models.radiograph import FilmTags

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DESCRIPTIONS: Final = ("StudyDescription", "SeriesDescription", "ProtocolName")
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
OLDEST: Final = 130.0  # years; beyond it a birth date is a placeholder, such as 19000101 in a film of 2040
_AGE: Final = re.compile(r"(\d{1,3})([DWMY])")
_YEARS: Final = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_DATE: Final = re.compile(r"(\d{4})[.]?(\d\d)[.]?(\d\d)")  # the dots are of ACR-NEMA, and still met
_TIME: Final = re.compile(r"(\d\d):?(\d\d)?:?(\d\d)?")
_MAX_TEXT: Final = 256
_MAX_REQUESTS: Final = 100  # items of a sequence; a film answers one request, seldom two
_MAX_REQUEST_BYTES: Final = 1 << 16
_PRIORITIES: Final = {"STAT": "stat", "HIGH": "urgent"}  # all other words are routine: PS3.3 C.4.11


def tags_of(dataset: Dataset) -> FilmTags:
    """What a header says, each value cleaned; see `FilmTags`."""
    return FilmTags(
        modality=text(dataset, "Modality").upper(),
        body_part=text(dataset, "BodyPartExamined").upper(),
        view=text(dataset, "ViewPosition").upper(),
        description=" ".join(filter(None, (text(dataset, keyword) for keyword in DESCRIPTIONS))),
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
    """Years, from the age that is stated, else from the dates; "000Y" is what some exports write for unknown."""
    if (match := _AGE.fullmatch(text(dataset, "PatientAge").upper())) and int(match[1]):
        age = int(match[1]) * _YEARS[match[2]]
    else:
        born, taken = _date(text(dataset, "PatientBirthDate")), _acquired_at(dataset)
        if born is None or taken is None:
            return None
        age = (taken.date() - born).days / 365.25
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
