"""The lists of a collection, in the trainer's format: one row a film, patients as numbers; pure.

`daemon` may not import `trainer`; that the trainer reads what is written here is held by
tests/end_to_end/test_collect.py.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.collect.choosing import Reason
from db.states import Verdict

MANIFEST: Final = "manifest.csv"
UNLABELLED: Final = "unlabelled.csv"
FILMS: Final = "films"
LABELS: Final = {Verdict.PNEUMONIA: "PNEUMONIA", Verdict.NOT: "NORMAL"}
"""The trainer's words; its manifest has no place for a film that is neither."""
COLUMNS: Final = ("file", "label", "sha256", "patient", "age", "view", "population", "case", "reason", "probability")
"""`case`, `reason` and `probability` are ours: the trainer leaves columns alone that it does not know."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A film that is in the collection.

    Attributes:
        number: its name.
        sha256: of the written file.
        ties: whatever it shares with other films of its patient; none of it is written.
        blanked: share of the picture.
        case: the number of its study in the collection.
        probability: of its case to be in the random sample; None where there is none, or the case was not in it.
    """

    number: int
    sha256: str
    ties: frozenset[tuple[str, str]]
    age: int | None
    view: str
    population: str | None
    verdict: Verdict | None
    blanked: float
    case: int
    reasons: tuple[Reason, ...]
    probability: float | None


def name_of(number: int) -> str:
    """The file of a film, relative to the collection."""
    return f"{FILMS}/{number:06d}.png"


def patients(films: Sequence[Taken]) -> list[int]:
    """Whose film each is, as numbers from 1 in the order of the films: who shares anything is one patient.

    Together is the side that cannot leak: two that share a patient's number are one, and so are a patient that two
    numbers were given to and that one study ties together.
    """
    owner: dict[tuple[str, str], int] = {}
    parent = list(range(len(films)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for index, film in enumerate(films):
        for tie in film.ties:
            parent[root(index)] = root(owner.setdefault(tie, index))
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(index), len(numbers) + 1) for index in range(len(films))]


def lists(films: Sequence[Taken]) -> tuple[str, str]:
    """The manifest of the films that have a label, and the list of those that have none."""
    numbered = list(zip(films, patients(films), strict=True))
    labelled = [(film, patient) for film, patient in numbered if film.verdict in LABELS]
    others = [(film, patient) for film, patient in numbered if film.verdict not in LABELS]
    return _text(labelled), _text(others)


def _text(films: Iterable[tuple[Taken, int]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")  # RFC 4180, as the trainer writes it
    writer.writerow(COLUMNS)
    for film, patient in films:
        writer.writerow(
            (
                name_of(film.number),
                LABELS.get(film.verdict, "") if film.verdict else "",
                film.sha256,
                f"{patient:06d}",
                "" if film.age is None else film.age,
                film.view,
                film.population or "" if film.age is None else "",
                film.case,
                " ".join(film.reasons),
                "" if film.probability is None else f"{film.probability:.6g}",
            )
        )
    return stream.getvalue()
