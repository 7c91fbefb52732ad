"""Asks the libraries to decode one frame, each for what it is hardy in; what they give are words of bits, unchanged.

Which bits of a word are a value, and which colours three of them are, is decided in `models.dicom_pixels`: pydicom's
own corrections are switched off here, since they trust the header.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageFile
from pydicom.pixels.decoders.base import get_decoder

from models.radiograph import FailureCode, UnreadableFilm

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset
    from pydicom.pixels.decoders.base import Decoder
    from pydicom.uid import UID

    from models.codestream import FrameHeader

# One decoder a syntax, the hardiest that knows it. gdcm stands last: a JPEG 2000 frame of rubbish aborts the process in
# it (python-gdcm 3.2.6), while openjpeg says so. JPEG lossless and JPEG-LS are left to it.
_PLUGINS: Final = ("pydicom", "pylibjpeg", "pillow", "gdcm")
# Unsigned and as they are: pydicom takes the lowest bits for the value, whatever HighBit says.
_AS_THEY_ARE: Final[dict[str, Any]] = {
    "raw": True,
    "pixel_representation": 0,
    "correct_unused_bits": False,
    "apply_j2k_sign_correction": False,
    "apply_jls_sign_correction": False,
}


def decoder_of(syntax: UID) -> Decoder:
    """The decoder of a transfer syntax.

    Raises:
        UnreadableFilm: there is none.
    """
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        decoder = None
    if decoder is None or not decoder.is_available:
        raise UnreadableFilm(
            FailureCode.UNSUPPORTED_SYNTAX,
            f"the transfer syntax {syntax.name} is not read",
            "export the film uncompressed",
        )
    return decoder


def words(dataset: Dataset, decoder: Decoder) -> NDArray[Any]:
    """The first frame's words, (height, width) or (height, width, samples): unsigned whole numbers, or floats."""
    plugin = next((name for name in _PLUGINS if name in decoder.available_plugins), "")
    array: NDArray[Any] = decoder.as_array(dataset, index=0, decoding_plugin=plugin, **_AS_THEY_ARE)[0]
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def jpeg_of_8_bits(frame: bytes, header: FrameHeader) -> NDArray[Any]:
    """JPEG baseline or extended: RGB where the frame says its colours, else the components as they are."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # a process-wide switch that another library might have thrown
    with Image.open(io.BytesIO(frame), formats=("JPEG",)) as image:
        if header.components == 3 and not header.colours:
            image.draft("YCbCr", image.size)
        return np.array(image)


def jpeg_of_12_bits(frame: bytes, dataset: Dataset) -> NDArray[Any]:
    """JPEG extended, (height, width): gdcm knows it, pydicom 3.0.2 does not ask it (Pillow knows 8 bits only)."""
    import gdcm  # type: ignore[import-untyped]

    if dataset.SamplesPerPixel != 1 or dataset.BitsAllocated != 16:
        raise UnreadableFilm(FailureCode.CORRUPT, "JPEG of 12 bits is read in grey only", "export the film again")
    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(frame)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((dataset.Columns, dataset.Rows, 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, 0))
    content = image.GetBuffer().encode("utf-8", "surrogateescape")  # gdcm returns char* as a text
    return np.frombuffer(content, dtype="<u2").reshape(dataset.Rows, dataset.Columns).astype(np.uint16)
