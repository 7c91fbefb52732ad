"""What runs inside a confined worker: the bytes of a film in, a picture that may leave and a few facts out.

Of the header nothing leaves as it stood. The patient and the study come out as texts, for grouping only; who asked
turns them into numbers and lets go of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from daemon.collect.blanking import cleaned
from daemon.collect.lettering import SIDES, shrunk
from daemon.intake import worker
from models.gate import MAX_CHROMA
from models.radiograph import WHOLE, FilmFormat, FilmTags, Radiograph, UnreadableFilm, read_radiograph, sniff

LARGEST_SIDE: Final = 1400  # pixels; the square of it, in 16 bits, fits into what a worker may answer
OLDEST: Final = 90  # who is older is of a group so small that the age tells who it is (45 CFR 164.514(b)(2)(i)(C))
VIEWS: Final = frozenset({"PA", "AP"})
_ASKED: Final = ("PatientID", "SOPClassUID", "BurnedInAnnotation", "ConversionType")
_SECONDARY: Final = "1.2.840.10008.5.1.4.1.1.7"  # and what begins so: secondary capture of every kind
_OTHER: Final = frozenset({"OT", "SC"})
_LONGEST: Final = 256


class LeftOut(StrEnum):
    """Why a film was not taken."""

    GONE = "gone"  # or cannot be read
    CHANGED = "changed"  # it is not the content that was judged
    UNREADABLE = "unreadable"
    FAILED = "failed"  # decoding it took too long, too much memory, or the worker's life
    ANNOTATED = "annotated"  # it says itself that something is written on it
    SECONDARY = "secondary-capture"  # a picture of a screen or of paper
    COLOUR = "colour-picture"
    FRAMES = "multi-frame"
    WRITING = "writing"  # that cannot be taken out with confidence


@dataclass(frozen=True, slots=True)
class Developed:
    """A picture that may leave, and what is known of its film.

    Attributes:
        picture: uint16 (height, width), bright where dense.
        blanked: share of it.
        patient, study: as the header says, for grouping alone; "" where it does not.
        age: full years, `OLDEST` at most.
        view: PA or AP, else "".
    """

    picture: NDArray[np.uint16]
    blanked: float
    patient: str
    study: str
    age: int | None
    view: str


def start() -> None:
    """Prepare this process: give up what developing does not need."""
    worker.detach()
    worker.confined()


def develop(data: bytes, side: int) -> tuple[str, bytes]:
    """Develop one film, in the form in which it goes back; `read` takes it."""
    try:
        return _developed(data, side)
    except UnreadableFilm:
        return json.dumps(LeftOut.UNREADABLE), b""
    except BaseException:  # noqa: BLE001  (a decoder's fault must cost one film; one in Rust panics with this)
        return json.dumps(LeftOut.FAILED), b""


def read(answer: Any, side: int) -> Developed | LeftOut:
    """What a worker answered; it is checked, not believed.

    Raises:
        ValueError: it is nothing that `develop` could have answered.
    """
    if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[0], str):
        raise ValueError("not an answer")
    text, data = answer
    fields = json.loads(text)
    if isinstance(fields, str):
        return LeftOut(fields)
    height, width, age = fields["height"], fields["width"], fields["age"]
    if not all(type(number) is int and 1 <= number <= side for number in (height, width)):
        raise ValueError("not the size of a picture")
    if not isinstance(data, bytes) or len(data) != 2 * height * width:
        raise ValueError("not a picture of that size")
    if age is not None and (type(age) is not int or not 0 <= age <= OLDEST):
        raise ValueError("not an age")
    return Developed(
        picture=np.frombuffer(data, np.uint16).reshape(height, width),
        blanked=float(fields["blanked"]),
        patient=str(fields["patient"])[:_LONGEST],
        study=str(fields["study"])[:_LONGEST],
        age=age,
        view=fields["view"] if fields["view"] in VIEWS else "",
    )


def _developed(data: bytes, side: int) -> tuple[str, bytes]:
    tags, said = FilmTags(), dict.fromkeys(_ASKED, "")
    if sniff(data) is FilmFormat.DICOM:
        from models.dicom import read_tags, read_texts

        tags, said = read_tags(data), read_texts(data, _ASKED)
    if reason := _declared(tags, said):
        return json.dumps(reason), b""
    film = read_radiograph(data, WHOLE)
    if film.chroma > MAX_CHROMA:
        return json.dumps(LeftOut.COLOUR), b""
    clean = cleaned(_workable(film), side)
    if clean is None:
        return json.dumps(LeftOut.WRITING), b""
    picture = np.rint(np.clip(clean.picture, 0.0, 1.0) * 65535.0).astype(np.uint16)
    facts = {
        "height": picture.shape[0],
        "width": picture.shape[1],
        "blanked": round(clean.blanked, 4),
        "patient": said["PatientID"].strip(),
        "study": tags.study_uid,
        "age": None if tags.age_years is None else min(int(tags.age_years), OLDEST),
        "view": tags.view if tags.view in VIEWS else "",
    }
    return json.dumps(facts), picture.tobytes()


def _declared(tags: FilmTags, said: dict[str, str]) -> LeftOut | None:
    """What the header itself says against letting a film go."""
    if said["BurnedInAnnotation"].strip().upper() == "YES":
        return LeftOut.ANNOTATED
    if said["SOPClassUID"].startswith(_SECONDARY) or said["ConversionType"] or tags.modality in _OTHER:
        return LeftOut.SECONDARY
    return LeftOut.FRAMES if tags.frames > 1 else None


def _workable(film: Radiograph) -> NDArray[np.float32]:
    """The picture, or its half, third ... where it has more pixels than are needed to find writing in it."""
    return np.ascontiguousarray(shrunk(film.pixels, max(1, max(film.pixels.shape) // max(SIDES))))
