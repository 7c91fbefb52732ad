"""Builds DICOM Part 10 files around synthetic pictures; every identifier in them is made up."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from builders.films import grey_film
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

COMPRESSED: Final = frozenset({"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", str(RLELossless)})


def dicom(
    pixels: NDArray[Any] | None = None,
    *,
    photometric: str = "MONOCHROME2",
    bits: int = 12,
    signed: bool = False,
    window: tuple[float, float] | None = None,
    transfer_syntax: str = ExplicitVRLittleEndian,
    frames: int = 1,
    modality: str | None = "CR",
    body_part: str | None = "CHEST",
    view: str | None = "PA",
    age: str | None = "045Y",
    accession: str | None = "A0001",
    study_uid: str | None = None,
    instance_uid: str | None = None,
    preamble: bool = True,
    **tags: Any,
) -> bytes:
    """One file; None leaves a tag out, and `tags` sets any other by its keyword (``PatientBirthDate="20200101"``).

    Args:
        pixels: uint8, (height, width) or (height, width, 3), as it is to be *seen*: MONOCHROME1 stores it inverted.
            Spread over `bits`; colour stays at 8 bits. The default is a `grey_film`.
        bits: stored bits of a grey film, 2 to 16; 8 or fewer are stored in a byte.
        window: (centre, width) in stored values.
        transfer_syntax: any uncompressed one, deflated, JPEG 2000 (lossless) or RLE.
        preamble: False leaves out the preamble and the file's own header, as some exports do.
    """
    picture = grey_film() if pixels is None else pixels
    stored = picture if picture.ndim == 3 else _stored(picture, photometric, bits, signed)
    dataset = Dataset()
    dataset.SOPClassUID = (
        DigitalXRayImageStorageForPresentation if modality == "DX" else ComputedRadiographyImageStorage
    )
    entropy = [
        str(hash_of(stored)),
        str(sorted(tags.items())),
        str((photometric, bits, window, frames, age, accession)),
    ]
    dataset.SOPInstanceUID = instance_uid or generate_uid(entropy_srcs=["instance", *entropy])
    dataset.StudyInstanceUID = study_uid or generate_uid(entropy_srcs=["study", *entropy])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", *entropy])
    for keyword, value in {
        "Modality": modality,
        "BodyPartExamined": body_part,
        "ViewPosition": view,
        "PatientAge": age,
        "AccessionNumber": accession,
        "PatientID": "made-up",
        "StudyDate": "20261122",
        "StudyTime": "081500",
        **tags,
    }.items():
        if value is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # malformed values are what some tests are about
                setattr(dataset, keyword, value)
    if window is not None:
        dataset.WindowCenter, dataset.WindowWidth = window
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    set_pixels(dataset, stored, photometric, bits, signed=signed, frames=frames)
    return written(dataset, transfer_syntax, preamble=preamble)


def set_pixels(
    dataset: Dataset, stored: NDArray[Any], photometric: str, bits: int, *, signed: bool = False, frames: int = 1
) -> None:
    """Put stored values into a dataset, with everything that describes them."""
    dataset.Rows, dataset.Columns = stored.shape[:2]
    dataset.PhotometricInterpretation = photometric if stored.ndim == 2 else "RGB"
    dataset.SamplesPerPixel = 1 if stored.ndim == 2 else 3
    if stored.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = stored.dtype.itemsize * 8
    dataset.BitsStored = bits if stored.ndim == 2 else 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(signed)
    if frames > 1:
        dataset.NumberOfFrames = frames
    data = stored.tobytes() * frames
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if stored.dtype.itemsize == 1 else "OW"


def written(dataset: Dataset, transfer_syntax: str = ExplicitVRLittleEndian, *, preamble: bool = True) -> bytes:
    """The bytes of a dataset, compressed where the transfer syntax asks for it."""
    if transfer_syntax in COMPRESSED:
        dataset.compress(transfer_syntax)
    if (
        transfer_syntax == "1.2.840.10008.1.2.2" and dataset.BitsAllocated == 16
    ):  # big endian: swap, as pydicom does not
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = transfer_syntax
    stream = io.BytesIO()
    if preamble:
        dataset.save_as(stream, enforce_file_format=True)
    else:
        dataset.save_as(stream, implicit_vr=False, little_endian=True)
    return stream.getvalue()


def multi_frame(frames: int = 3, **options: Any) -> bytes:
    """A file of several frames, as an ultrasound loop has."""
    return dicom(frames=frames, **options)


def hash_of(array: NDArray[Any]) -> str:
    """A short text that tells pictures apart, the same in every process."""
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


def not_chest() -> Sequence[tuple[str, bytes]]:
    """Files that the gate refuses by their tags, with the code that it gives."""
    return (
        ("modality", dicom(modality="CT")),
        ("body-part", dicom(body_part="KNEE")),
        ("view", dicom(view="LATERAL")),
    )


def _stored(picture: NDArray[np.uint8], photometric: str, bits: int, signed: bool) -> NDArray[Any]:
    """A picture's grey levels as stored values of so many bits."""
    top = 2**bits - 1
    values = np.rint(picture.astype(np.float64) * top / 255).astype(np.int64)
    if photometric == "MONOCHROME1":
        values = top - values
    if signed:
        values -= 2 ** (bits - 1)
    kind = ("i" if signed else "u") + ("1" if bits <= 8 else "2")
    return values.astype(kind)
