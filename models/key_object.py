"""Reads a rejection note: a Key Object Selection by which a sender takes images back (IHE's profile IOCM).

Only images of the note's own study count: its evidence names each study, and another's is passed over. What is larger
than any note a person makes is not read: it must cost neither memory nor, half read, the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from models.radiograph import FailureCode, UnreadableFilm

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY_OBJECT: Final = "1.2.840.10008.5.1.4.1.1.88.59"  # Key Object Selection Document Storage
MAX_NOTE_BYTES: Final = 2 << 20  # some 130 a reference
MAX_IMAGES: Final = 10_000
REASONS: Final = {  # by the code of its title in DCM, PS3.16 CID 7011
    "113001": "rejected for quality reasons",
    "113037": "rejected for patient safety reasons",
    "113038": "incorrect modality worklist entry",
    "113039": "data retention expired",
}
_KEYWORDS: Final = ("StudyInstanceUID", "ConceptNameCodeSequence", "CurrentRequestedProcedureEvidenceSequence")


@dataclass(frozen=True, slots=True)
class RejectionNote:
    """What a note takes back, and why.

    Attributes:
        reason: of `REASONS`.
        instance_uids: SOPInstanceUIDs of images of the note's own study, each once; may be empty.
    """

    reason: str
    instance_uids: tuple[str, ...]


def read_note(data: bytes) -> RejectionNote | None:
    """The note that the bytes of a Key Object Selection are; None where it rejects nothing.

    Raises:
        UnreadableFilm: it cannot be read, or is larger than any note.
    """
    from models.dicom import read_header  # pydicom costs 0.2 s to import
    from models.dicom_tags import text, values

    if len(data) > MAX_NOTE_BYTES:
        raise _too_large(f"{len(data) / 2**20:.0f} MiB are over the {MAX_NOTE_BYTES >> 20} of a note")
    header = read_header(data, _KEYWORDS, MAX_NOTE_BYTES)
    title = next(iter(values(header, "ConceptNameCodeSequence")), None)
    if title is None or text(title, "CodingSchemeDesignator") != "DCM":
        return None
    reason = REASONS.get(text(title, "CodeValue"))
    if reason is None:
        return None
    study, found = text(header, "StudyInstanceUID"), dict[str, None]()
    for uid in _references(header, study) if study else ():
        found[uid] = None
        if len(found) > MAX_IMAGES:
            raise _too_large(f"it names over {MAX_IMAGES:,} images")
    return RejectionNote(reason, tuple(found))


def _references(header: Any, study: str) -> Iterator[str]:
    from models.dicom_tags import text, values

    for evidence in values(header, "CurrentRequestedProcedureEvidenceSequence"):
        if text(evidence, "StudyInstanceUID") != study:
            continue
        for series in values(evidence, "ReferencedSeriesSequence"):
            for image in values(series, "ReferencedSOPSequence"):
                if uid := text(image, "ReferencedSOPInstanceUID"):
                    yield uid


def _too_large(cause: str) -> UnreadableFilm:
    return UnreadableFilm(
        FailureCode.TOO_LARGE, f"a note takes images back, and {cause}", "withdraw them in several notes"
    )
