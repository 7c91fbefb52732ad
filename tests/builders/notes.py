"""Builds Key Object Selection documents: rejection notes, as IOCM has them, and notes of other kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from builders.dicom import written
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

KEY_OBJECT: Final = "1.2.840.10008.5.1.4.1.1.88.59"
QUALITY: Final = "113001"


def note(
    study_uid: str,
    references: Sequence[str] | Mapping[str, Sequence[str]],
    *,
    code: str = QUALITY,
    scheme: str = "DCM",
    transfer_syntax: str = ExplicitVRLittleEndian,
    **tags: object,
) -> bytes:
    """A note of a study about images, by their SOPInstanceUIDs: of the same study, or by the study that it names."""
    by_study = references if isinstance(references, Mapping) else {study_uid: references}
    dataset = Dataset()
    dataset.SOPClassUID = KEY_OBJECT
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["note", study_uid, code, str(by_study), str(tags)])
    dataset.StudyInstanceUID = study_uid
    dataset.Modality = "KO"
    title = Dataset()
    title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning = code, scheme, "as the code says"
    dataset.ConceptNameCodeSequence = Items([title])
    dataset.CurrentRequestedProcedureEvidenceSequence = Items([_evidence(s, uids) for s, uids in by_study.items()])
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return written(dataset, transfer_syntax)


def _evidence(study_uid: str, instance_uids: Sequence[str]) -> Dataset:
    evidence, series = Dataset(), Dataset()
    evidence.StudyInstanceUID = study_uid
    series.SeriesInstanceUID = f"{study_uid}.1"
    series.ReferencedSOPSequence = Items([_image(uid) for uid in instance_uids])
    evidence.ReferencedSeriesSequence = Items([series])
    return evidence


def _image(uid: str) -> Dataset:
    image = Dataset()
    image.ReferencedSOPClassUID = ComputedRadiographyImageStorage
    image.ReferencedSOPInstanceUID = uid
    return image
