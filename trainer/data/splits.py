"""Splits films into training and validation by patient and by content; pure, and the same for the same seed.

Where patients are known they decide. Where only age and sex are (RSNA), blocks of five years of one sex decide, since
films of one patient share the age or are one year apart; the year on either side of a held-out block is then left out
of training. The blocks are shared by all sources, because RSNA's films were drawn from NIH's patients.
"""

from __future__ import annotations

import csv
import hashlib
import io
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


def group_of(film: Film) -> str:
    """The unit that is drawn: an age block where age and sex are known, else the patient."""
    if film.age is not None and film.sex:
        return f"age-block:{film.sex}:{int(film.age) // AGE_BLOCK}"
    return film.patient


def split(films: Sequence[Film], *, fraction: float, seed: int, hold_out: Iterable[str] = ()) -> dict[str, Part]:
    """Assign each film to a part.

    Args:
        films: all films, of all sources.
        fraction: share of the groups to validate on, 0..1.
        seed: of the draw.
        hold_out: patients and content hashes that are validated on whatever the draw says.

    Returns:
        The part by content hash; one content has one part.
    """
    held = set(hold_out)
    drawn = (f for f in films if f.patient in held or f.sha256 in held or _share(group_of(f), seed) < fraction)
    contents = {f.sha256 for f in drawn}
    # One content under two names brings its second patient along, who must be guarded like the first.
    validation = [f for f in films if f.sha256 in contents]
    patients = {f.patient for f in validation if f.known_patient}
    ages = {(f.sex, int(f.age)) for f in validation if f.age is not None and f.sex}
    guard = {(sex, age + step) for sex, age in ages for step in (-1, 0, 1)}
    parts: dict[str, Part] = {}
    for film in films:
        if film.sha256 in contents:
            parts[film.sha256] = Part.VALIDATION
        elif film.patient in patients or (film.age is not None and (film.sex, int(film.age)) in guard):
            parts[film.sha256] = Part.EXCLUDED
        else:
            parts.setdefault(film.sha256, Part.TRAIN)
    return parts


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
            parts = {row["sha256"]: Part(row["part"]) for row in csv.DictReader(stream)}
        if not parts:
            raise ValueError("it names no film")
    except (OSError, KeyError, ValueError, csv.Error) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise TrainerError("read split", path, cause, "give the split.csv of a run or a bundle") from error
    return parts
