"""Says how the picture of a DICOM file is stored, for people who ask; nothing that is found here decides anything."""

from __future__ import annotations

from typing import Final

from pydicom.filereader import read_dataset
from pydicom.uid import UID

from models.dicom import read_header
from models.dicom_tags import text
from models.metered import Metered
from models.radiograph import MAX_BYTES

TEXTS: Final = {
    "columns": "Columns",
    "rows": "Rows",
    "samples": "SamplesPerPixel",
    "photometric": "PhotometricInterpretation",
    "bits_allocated": "BitsAllocated",
    "bits_stored": "BitsStored",
    "signed": "PixelRepresentation",
    "frames": "NumberOfFrames",
    "rescale_slope": "RescaleSlope",
    "rescale_intercept": "RescaleIntercept",
    "window_centre": "WindowCenter",
    "window_width": "WindowWidth",
    "voi_function": "VOILUTFunction",
    "presentation_shape": "PresentationLUTShape",
}
TABLES: Final = {"modality_lut": "ModalityLUTSequence", "voi_lut": "VOILUTSequence"}
UNKNOWN: Final = "one that is not known"
_LONGEST: Final = 64  # characters; no number or code string is longer


def outline(data: bytes) -> dict[str, str]:
    """How the picture is stored, as the header says it, by the names above; what it does not say is left out.

    Raises:
        UnreadableFilm: there is no header that can be read, or it ends early.
    """
    header = read_header(data, [*TEXTS.values(), *TABLES.values()], MAX_BYTES)
    said = {name: text(header, keyword)[:_LONGEST] for name, keyword in TEXTS.items()}
    said |= {name: "yes" for name, keyword in TABLES.items() if keyword in header}
    return {"transfer_syntax": transfer_syntax(data), **{name: value for name, value in said.items() if value}}


def transfer_syntax(data: bytes) -> str:
    """The transfer syntax by its name, `UNKNOWN`, or "not said"; a file without one of its own is read by guessing.

    A UID that no standard knows is not repeated: it may be anything.
    """
    stream = Metered(data)
    stream.seek(132 if data[128:132] == b"DICM" else 0)
    try:
        meta = read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)
        uid = text(meta, "TransferSyntaxUID")
    except Exception:  # noqa: BLE001  (a header may be anything, too)
        return "not said"
    if not uid:
        return "not said"
    name = str(UID(uid).name)
    return UNKNOWN if name == uid else name
