"""What is agreed to at the start of an association: kinds of objects and their encodings; a table, it decides nothing.

Films, and what says that a film is withdrawn. All else is rejected when the association is made, so that the sender's
own log says so at once: a CT series that was routed here by mistake would put two thousand objects in front of readers.
Which of the films is a frontal chest radiograph is not asked here; that is the gate's, with a code that staff see.
"""

from __future__ import annotations

from typing import Final

VERIFICATION: Final = "1.2.840.10008.1.1"

STORAGE: Final = {
    "1.2.840.10008.5.1.4.1.1.1": "Computed Radiography",
    "1.2.840.10008.5.1.4.1.1.1.1": "Digital X-Ray, for presentation",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "Digital X-Ray, for processing",  # refused by the gate, visibly
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture",
    "1.2.840.10008.5.1.4.1.1.7.2": "Secondary Capture, several frames of bytes",
    "1.2.840.10008.5.1.4.1.1.7.3": "Secondary Capture, several frames of words",
    "1.2.840.10008.5.1.4.1.1.7.4": "Secondary Capture, several frames in colour",
    "1.2.840.10008.5.1.4.1.1.12.2": "X-Ray Radiofluoroscopic",
    "1.2.840.10008.5.1.4.1.1.88.59": "Key Object Selection",  # rejection notes
}

# In order of preference, since the acceptor chooses where a sender offers several: as it is, then without loss, then
# with loss. Each is read by models/dicom.py; a test holds the two together.
SYNTAXES: Final = {
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
    "1.2.840.10008.1.2.2": "Explicit VR Big Endian",
    "1.2.840.10008.1.2.1.99": "Deflated Explicit VR Little Endian",
    "1.2.840.10008.1.2.5": "RLE",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless, first order",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
    "1.2.840.10008.1.2.4.201": "HTJ2K Lossless",
    "1.2.840.10008.1.2.4.202": "HTJ2K Lossless, RPCL",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.81": "JPEG-LS near lossless",
    "1.2.840.10008.1.2.4.50": "JPEG Baseline",
    "1.2.840.10008.1.2.4.51": "JPEG Extended",
}
