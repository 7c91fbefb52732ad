"""What a DICOM header says of a film and its patient; a patient leaves here as a hash, never as an identifier."""

from __future__ import annotations

import hashlib
from typing import Final

from models.radiograph import FilmFormat, UnreadableFilm, sniff
from trainer.data.rows import Row, number_text

MAGIC_AT: Final = 128  # bytes of preamble before "DICM" (DICOM PS3.10, 7.1)
MAGIC: Final = b"DICM"
_PREFIX: Final = "dicom"  # shared by all sources: one hospital's patient is the same in each of its folders
_PERSON: Final = ("PatientID", "IssuerOfPatientID", "PatientSex")


def header_row(data: bytes) -> Row:
    """Age, sex, view and patient as far as the header says them; nothing for a plain image or a broken header.

    The patient is SHA-256 of issuer and PatientID, cut to 64 bits: it groups films without showing an identifier. It is
    a pseudonym and no more, since whoever has a list of identifiers can hash them too.
    """
    try:
        if sniff(data) is not FilmFormat.DICOM:
            return {}
        from models.dicom import read_tags, read_texts  # pydicom costs 0.2 s to import

        tags, person = read_tags(data), read_texts(data, _PERSON)
    except UnreadableFilm:
        return {}  # whoever reads the picture says so
    row = {"view": tags.view, "sex": person["PatientSex"].upper()}
    if tags.age_years is not None:
        row["age"] = number_text(tags.age_years)
    if person["PatientID"]:
        whose = f"{person['IssuerOfPatientID']}\0{person['PatientID']}"
        row["patient"] = f"{_PREFIX}:{hashlib.sha256(whose.encode()).hexdigest()[:16]}"
    return {key: value for key, value in row.items() if value}
