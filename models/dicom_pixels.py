"""Decodes the first frame of a DICOM dataset into stored values, and says in which sense they are to be taken.

The header of the file and that of the compressed frame are compared before anything is decoded, and what they leave
open is decided here, once: which decoder, which bits, which sign, which colours. Windows and tables come after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydicom.encaps import get_frame
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSTransferSyntaxes,
    RLELossless,
)

from models.codestream import FrameHeader, frame_header
from models.decoders import decoder_of, jpeg_of_8_bits, jpeg_of_12_bits, words
from models.dicom_tags import text, whole
from models.radiograph import FailureCode, UnreadableFilm, check_jpeg
from models.stored import Field, contradiction, stored_values
from models.window import stops_in_a_row

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset
    from pydicom.pixels.decoders.base import Decoder

PIXELS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
OVERLAY_BITS: Final = tuple((group << 16) + 0x0102 for group in range(0x6000, 0x6020, 2))  # OverlayBitPosition
KEYWORDS: Final = (
    *PIXELS,
    *("Rows", "Columns", "SamplesPerPixel", "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit"),
    *("PixelRepresentation", "PhotometricInterpretation", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
    "PresentationLUTShape",
)
GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})  # one sample a pixel
COLOUR: Final = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})
J2K_COLOUR: Final = frozenset({"YBR_ICT", "YBR_RCT"})  # which JPEG 2000 makes and undoes itself
SHAPES: Final = {"MONOCHROME1": "INVERSE"}  # PS3.3, C.7.6.1; IDENTITY with all else
DCT: Final = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit})
LOSSY: Final = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 81, 91, 203))
_AGAIN: Final = "wait for the copy to end, or export the film again"


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame.

    Attributes:
        array: stored values, (height, width), or (height, width, 3) of colours; whole numbers or, rarely, floats.
        photometric: MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB or YBR_FULL.
        bits: of a value.
    """

    array: NDArray[Any]
    photometric: str
    bits: int


def first_frame(dataset: Dataset, frames: int) -> Frame:
    """Decode the first of so many frames.

    Raises:
        UnreadableFilm: cut off, corrupt, in a syntax that is not read, or contradicting its header.
    """
    photometric = text(dataset, "PhotometricInterpretation").upper()
    _check_sense(photometric, whole(dataset, "SamplesPerPixel"), text(dataset, "PresentationLUTShape").upper())
    syntax = UID(dataset.file_meta.get("TransferSyntaxUID") or _guessed(dataset))
    decoder = decoder_of(syntax)
    if syntax.is_encapsulated:
        return _compressed(dataset, photometric, decoder, frames)
    _check_length(dataset)
    array = words(dataset, decoder)
    if stops_in_a_row(array):
        raise UnreadableFilm(FailureCode.TRUNCATED, "the picture stops in the middle of a row", _AGAIN)
    if photometric in J2K_COLOUR:
        raise contradiction(f"{photometric} is a way of JPEG 2000 only")
    field = _field(dataset)
    if "PixelData" in dataset and dataset.BitsAllocated != 1:
        array = stored_values(array, field)
    return Frame(array, photometric.removesuffix("_422"), field.bits)


def _check_sense(photometric: str, samples: int | None, shape: str) -> None:
    """Refuse what leaves open whether black is white: viewers decide it one way or the other (docs/dicom.md)."""
    if photometric not in GREY | COLOUR:
        raise UnreadableFilm(
            FailureCode.CORRUPT, "its photometric interpretation is none that is read", "export it as MONOCHROME2"
        )
    if samples != (1 if photometric in GREY else 3):
        raise contradiction(f"{photometric} has not {samples} samples a pixel")
    if shape in ("INVERSE", "IDENTITY") and shape != SHAPES.get(photometric, "IDENTITY"):
        raise contradiction(f"{photometric} and the presentation LUT shape {shape} exclude each other")


def _guessed(dataset: Dataset) -> str:
    """The transfer syntax of a file without its own header, from how its tags were written."""
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _check_length(dataset: Dataset) -> None:
    """Tell a picture that was cut off from one that is broken: the first may still be on its way."""
    bits = (whole(dataset, "BitsAllocated") or 8) * (whole(dataset, "SamplesPerPixel") or 1)
    if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        bits = bits * 2 // 3
    present = next(len(dataset[keyword].value or b"") for keyword in PIXELS if keyword in dataset)
    if present * 8 < dataset.Rows * dataset.Columns * bits:
        raise UnreadableFilm(FailureCode.TRUNCATED, "the picture has fewer bytes than its size asks for", _AGAIN)


def _field(dataset: Dataset) -> Field:
    """Where the header says that a value lies in its word; a highest bit that no word has is not said."""
    allocated, bits = whole(dataset, "BitsAllocated"), whole(dataset, "BitsStored")
    sign = whole(dataset, "PixelRepresentation")
    if "PixelData" not in dataset:  # floats have none of these
        return Field(allocated or 32)
    if allocated is None or bits is None or not 1 <= bits <= allocated or sign not in (0, 1):
        raise UnreadableFilm(FailureCode.CORRUPT, "the header does not say what its bits mean", "export the film again")
    high = whole(dataset, "HighBit")
    low = high + 1 - bits if high is not None and bits <= high + 1 <= allocated else 0
    overlays = (dataset[tag].value for tag in OVERLAY_BITS if tag in dataset)
    return Field(bits, low, signed=sign == 1, overlays=frozenset(bit for bit in overlays if isinstance(bit, int)))


def _compressed(dataset: Dataset, photometric: str, decoder: Decoder, frames: int) -> Frame:
    """A compressed frame: its size, bits and colours as both headers have them."""
    field, syntax = _field(dataset), decoder.UID
    frame = _first_fragment(dataset, frames)
    header = None if syntax == RLELossless else _checked(frame, dataset, syntax)
    if header is None:
        array, photometric = words(dataset, decoder), photometric.removesuffix("_422")
        return Frame(stored_values(array, field), photometric, field.bits)
    if header.bits <= 8 < field.bits:
        raise contradiction(f"the header states {field.bits} bits, the compressed picture {header.bits}")
    if syntax in DCT and header.bits == 8:
        array = jpeg_of_8_bits(frame, header)
    elif syntax in DCT and header.bits == 12:
        array = jpeg_of_12_bits(frame, dataset)
    else:
        array = words(dataset, decoder)
    if photometric in COLOUR:
        photometric = _colours(photometric, header, syntax)
    field = Field(header.bits, 0, field.signed) if header.bits <= field.bits else field
    if header.bits > field.bits and syntax in LOSSY:  # what overshoots is the brightest, and does not wrap over
        array = stored_values(array, Field(header.bits, 0, field.signed))
        np.clip(array, field.least, field.most, out=array)
    else:
        array = stored_values(array, field)
    return Frame(array, photometric, field.bits)


def _first_fragment(dataset: Dataset, frames: int) -> bytes:
    table = None
    if "ExtendedOffsetTable" in dataset:
        table = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    frame: bytes = get_frame(dataset.PixelData, 0, number_of_frames=frames, extended_offsets=table)
    return frame


def _checked(frame: bytes, dataset: Dataset, syntax: UID) -> FrameHeader:
    """The compressed frame's header, where it announces the size of the file's; a decoder would believe the frame."""
    is_jpeg = frame.startswith(b"\xff\xd8")
    plain = syntax not in JPEGLSTransferSyntaxes  # whose scans are stuffed otherwise
    outline = check_jpeg(frame) if is_jpeg and plain else None
    if outline and not outline.ended:
        raise UnreadableFilm(FailureCode.TRUNCATED, "the compressed picture ends early", _AGAIN)
    header = frame_header(frame)
    # gdcm ends the whole process over a header that is damaged, or of more bits than a JPEG may have
    if header is None or (is_jpeg and not 2 <= header.bits <= 16) or (outline and outline.filler):
        raise UnreadableFilm(FailureCode.CORRUPT, "the compressed picture has no header", "export the film again")
    samples = whole(dataset, "SamplesPerPixel") or 1
    if (header.columns, header.rows) != (dataset.Columns, dataset.Rows) or header.components != samples:
        raise UnreadableFilm(
            FailureCode.CORRUPT,
            f"header and picture disagree: {dataset.Columns} x {dataset.Rows} x {samples}"
            f" and {header.columns} x {header.rows} x {header.components}",
            "export the film again",
        )
    return header


def _colours(photometric: str, header: FrameHeader, syntax: UID) -> str:
    """In which colours a decoder leaves a compressed frame: RGB or YBR_FULL."""
    if header.colours == "RGB" or (header.colours and syntax in DCT):  # Pillow has turned it into RGB
        return "RGB"
    if header.transformed != (photometric in J2K_COLOUR) and photometric != "RGB":
        raise contradiction(f"the header states {photometric}, and the compressed picture is another")
    return "RGB" if photometric in J2K_COLOUR | {"RGB"} else "YBR_FULL"
