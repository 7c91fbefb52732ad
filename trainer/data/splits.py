"""Splits films into training and validation by patient and by content; pure, and the same for the same seed.

Where patients are known they decide. Where only age and sex are (RSNA), blocks of five years of one sex decide, since
films of one patient share the age or are one year apart; the year on either side of a held-out block is then left out
of training. The blocks are shared by all sources, because RSNA's films were drawn from NIH's patients.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from trainer.data.sources import Film, Part
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

AGE_BLOCK: Final = 5  # years
COLUMNS: Final = ("sha256", "source", "label", "part")


def _share(key: str, seed: int) -> float:
    """A number in 0..1 that depends on nothing but the key and the seed."""
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


class Unit(StrEnum):
    """What never parts."""

    PATIENT = "patient"
    FILE = "file"  # the leak of the student projects: one patient on both sides; only ever for comparison


@dataclass(frozen=True, slots=True)
class Shares:
    """Which shares of the units are not trained on, each 0..1."""

    validation: float = 0.15
    test: float = 0.0


def group_of(film: Film) -> str:
    """The unit that is drawn: an age block where age and sex are known, else the patient."""
    if film.age is not None and film.sex:
        return f"age-block:{film.sex}:{int(film.age) // AGE_BLOCK}"
    return film.patient


def split(
    films: Sequence[Film], shares: Shares, *, seed: int, hold_out: Iterable[str] = (), unit: Unit = Unit.PATIENT
) -> dict[str, Part]:
    """Assign each film to a part by a draw that is the same for the same seed.

    Args:
        films: all films, of all sources.
        shares: of the units, to validate and to test on.
        seed: of the draw.
        hold_out: patients and content hashes that are validated on whatever the draw says.
        unit: what is drawn.

    Returns:
        The part by content hash; one content has one part.
    """
    held = set(hold_out)

    def drawn(film: Film) -> Part | None:
        if film.patient in held or film.sha256 in held:
            return Part.VALIDATION
        share = _share(group_of(film) if unit is Unit.PATIENT else film.sha256, seed)
        if share < shares.validation:
            return Part.VALIDATION
        return Part.TEST if share < shares.validation + shares.test else None

    return divide(
        films,
        {
            Part.VALIDATION: [f for f in films if drawn(f) is Part.VALIDATION],
            Part.TEST: [f for f in films if drawn(f) is Part.TEST],
        },
        unit,
    )


def divide(films: Sequence[Film], chosen: Mapping[Part, Sequence[Film]], unit: Unit = Unit.PATIENT) -> dict[str, Part]:
    """The part of each film, where some were chosen for the parts that are not trained on.

    A content goes to the first part that chose it. Whoever could leak into such a part from another one is excluded:
    a patient with films in it, and, where only age and sex tell patients apart, their age and the year on either side.

    Args:
        films: all films.
        chosen: what was drawn for each part; the order decides.
        unit: by file, nobody is excluded.
    """
    parts: dict[str, Part] = {}
    for part, drawn in chosen.items():
        for film in drawn:
            parts.setdefault(film.sha256, part)
    if unit is Unit.PATIENT:
        kept: set[str] = set()
        for part in chosen:
            contents = {sha256 for sha256, given in parts.items() if given is part}
            # One content under two names brings its second patient along, who must be guarded like the first.
            some = [film for film in films if film.sha256 in contents]
            patients = {f.patient for f in some if f.known_patient}
            ages = {(f.sex, int(f.age)) for f in some if f.age is not None and f.sex}
            guard = {(sex, age + step) for sex, age in ages for step in (-1, 0, 1)}
            kept |= contents
            for film in films:
                known = film.age is not None and (film.sex, int(film.age)) in guard
                if film.sha256 not in kept and (film.patient in patients or known):
                    parts[film.sha256] = Part.EXCLUDED
    return {film.sha256: parts.get(film.sha256, Part.TRAIN) for film in films}


def split_text(films: Sequence[Film], parts: Mapping[str, Part]) -> str:
    """The manifest of a split as CSV, one line a film, in the films' order."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((f.sha256, f.source, f.label, parts[f.sha256]) for f in films)
    return stream.getvalue()


def read_split(path: Path) -> dict[str, Part]:
    """Read a manifest: the part by content hash, of those films that it names.

    Raises:
        TrainerError: the file cannot be read or is no manifest.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = {(row["sha256"], Part(row["part"])) for row in csv.DictReader(stream)}
        parts = dict(rows)
        if not parts:
            raise ValueError("it names no film")
        if twice := len(rows) - len(parts):
            raise ValueError(f"{twice} contents lie in two parts")
    except (OSError, KeyError, ValueError, csv.Error) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise TrainerError("read split", path, cause, "give the split.csv of a run or a bundle") from error
    return parts
