"""What is agreed to fits what the daemon reads."""

from __future__ import annotations

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, AllTransferSyntaxes

from daemon.dicom.accepted import STORAGE, SYNTAXES
from models.decoders import _PLUGINS


def _is_read(syntax: str) -> bool:
    """Whether models/decoders.py has a decoder for it."""
    try:
        decoder = get_decoder(UID(syntax))
    except NotImplementedError:
        return False
    plugins = decoder.available_plugins
    return decoder.is_available and (not UID(syntax).is_encapsulated or any(name in plugins for name in _PLUGINS))


def test_every_encoding_that_is_taken_is_read_and_every_one_that_is_read_is_taken() -> None:
    """Else a film is acknowledged that can never be scored, or bounced that could have been."""
    assert set(SYNTAXES) == {str(syntax) for syntax in AllTransferSyntaxes if _is_read(syntax)}


def test_kinds_are_those_that_the_standard_calls_so() -> None:
    """A slip in a UID would refuse every film of a kind."""
    names = {uid: UID(uid).name for uid in STORAGE}
    assert all(name.endswith("Storage") or "Storage - For" in name for name in names.values()), names
    assert {UID(uid).keyword for uid in STORAGE} == {
        "ComputedRadiographyImageStorage",
        "DigitalXRayImageStorageForPresentation",
        "DigitalXRayImageStorageForProcessing",
        "SecondaryCaptureImageStorage",
        "MultiFrameGrayscaleByteSecondaryCaptureImageStorage",
        "MultiFrameGrayscaleWordSecondaryCaptureImageStorage",
        "MultiFrameTrueColorSecondaryCaptureImageStorage",
        "XRayRadiofluoroscopicImageStorage",
        "KeyObjectSelectionDocumentStorage",
    }
