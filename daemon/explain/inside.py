"""What runs inside a worker when somebody asks: a look to the very end, a film for its heat map, one film of many.

The looks are those of the intake (`daemon.intake.looking`); only where they end is decided here.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.explain.insight import Insight, Picture, Surveyed, developed_as_bytes, surveyed_as_text, written
from daemon.intake import worker
from daemon.intake.looking import Eyes, Seen, fault_of, look
from models.findings import Finding
from models.gate import spread
from models.pixel_gate import burnt_out
from models.radiograph import WHOLE, FilmFormat, UnreadableFilm, read_radiograph, sniff

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.population import Population
    from models.radiograph import FilmTags, Radiograph

_STRIP: Final = 256  # rows at a time: the largest film would take 400 MB more at once
_LONGEST: Final = 16  # characters of a code string (PS3.5, 6.2); what is longer is none, and may be anything


def explained(data: bytes, declared: Population | None) -> str:
    """Look at a film to the end, whatever speaks against it, or to the step that fails."""
    eyes, seen, findings = worker.eyes(), Seen(), list[Finding]()
    insight = Insight()
    try:
        for seen in look(data, declared, eyes):
            findings += seen.findings
            insight = _insight(seen, eyes)
    except BaseException as error:  # noqa: BLE001  (as where it is judged)
        insight = replace(insight, fault=fault_of(error))
    return written(replace(insight, findings=tuple(findings), outline=_outline(data, seen)))


def developed(data: bytes) -> bytes:
    """A whole film in 256 grey levels, for a heat map to be laid over."""
    film = read_radiograph(data, WHOLE).pixels
    levels = np.empty(film.shape, np.uint8)
    for top in range(0, len(film), _STRIP):
        levels[top : top + _STRIP] = _levels(film[top : top + _STRIP])
    return developed_as_bytes(levels)


def surveyed(data: bytes, declared: Population | None) -> str:
    """Judge a film as the daemon does, and say in which transfer syntax it is stored."""
    return surveyed_as_text(Surveyed(worker.judge(data, declared), _syntax(data)))


def _syntax(data: bytes) -> str:
    try:
        kind = sniff(data)
    except UnreadableFilm:
        return "none"
    if kind is not FilmFormat.DICOM:
        return f"none ({kind})"
    from models.dicom_outline import transfer_syntax

    return transfer_syntax(data)


def _tags(tags: FilmTags) -> dict[str, str]:
    """What the gate looks at, as far as it is said; of descriptions only that there are some, for they hold names."""
    said = {
        "modality": tags.modality[:_LONGEST],
        "body_part": tags.body_part[:_LONGEST],
        "view": tags.view[:_LONGEST],
        "rows_run_towards": tags.rows_run[:_LONGEST],
        "image_type": " ".join(value[:_LONGEST] for value in tags.image_type[:4]),
        "photometric": tags.photometric[:_LONGEST],
        "frames": str(tags.frames),
        "for_processing": "yes" if tags.for_processing else "",
        "burned_in": "yes" if tags.burned_in else "",
        "description": "there is one" if tags.description else "",
    }
    return {name: value for name, value in said.items() if value}


def _outline(data: bytes, seen: Seen) -> dict[str, str]:
    if seen.facts.format == FilmFormat.DICOM:
        from models.dicom_outline import outline

        with suppress(UnreadableFilm, MemoryError):
            return outline(data)
    return {}


def _insight(seen: Seen, eyes: Eyes) -> Insight:
    """What is known after a step, but for its findings."""
    facts, film, score = seen.facts, seen.film, seen.score
    insight = Insight(
        format=facts.format,
        tier=facts.tier,
        believed=tuple((facts.believed or "").split()),
        age_years=facts.age_years,
        tags=_tags(seen.tags) if seen.tags else {},
    )
    if film is None or score is None:
        return insight if film is None else replace(insight, picture=_plain(film))
    insight = replace(insight, picture=_plain(film), tensor=_levels(eyes.preprocess(film)[..., 0]))
    if eyes.gate is None or score.gate is None:
        return insight
    margins = dict(zip(eyes.gate.kinds[1:], (score.gate[1:] - score.gate[0]).tolist(), strict=True))
    return replace(insight, margins=margins, unlikeness=seen.unlikeness)


def _plain(film: Radiograph) -> Picture:
    return Picture(film.width, film.height, film.chroma, spread(film.pixels), *burnt_out(film.pixels))


def _levels(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    """0..1 as 256 grey levels."""
    levels: NDArray[np.uint8] = np.rint(np.clip(np.nan_to_num(grey), 0.0, 1.0) * 255.0).astype(np.uint8)
    return levels
