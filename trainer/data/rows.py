"""What a row says of a film, wherever it stands (labels.csv, manifest.csv, a header, the name); pure, it reads no file.

Cells are text, stripped; an empty cell means "not said".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from models.population import Population

Row = Mapping[str, str]
LABELS_KEYS: Final = ("patient", "age", "sex", "view", "subtype")
OLDEST: Final = 150.0  # years
_KERMANY: Final = re.compile(r"(?:person(?P<person>\d+)_(?P<subtype>bacteria|virus)?|(?:NORMAL2-)?IM-(?P<normal>\d+)-)")


def number_text(value: float) -> str:
    """A number as the shortest text that reads back as the same number: 40, not 40.0."""
    return str(int(value)) if value == int(value) else repr(value)


def age_of(row: Row) -> float | None:
    """The age in years, or None where the row does not say one.

    Raises:
        ValueError: it is no number from 0 to 150.
    """
    text = row.get("age", "")
    if not text:
        return None
    age = float(text)
    if not 0.0 <= age <= OLDEST:
        raise ValueError(f"{text} is no age in years")
    return age


def weight_of(row: Row) -> float:
    """The film's own weight, 1 where the row does not say one.

    Raises:
        ValueError: it is no number above 0 and at most 1.
    """
    text = row.get("weight", "")
    weight = float(text) if text else 1.0
    if not 0.0 < weight <= 1.0:
        raise ValueError(f"{text} is no weight: it lies above 0 and at most at 1")
    return weight


def population_said(row: Row) -> Population | None:
    """The population that the row names, for a film without an age.

    Raises:
        ValueError: there is no such population.
    """
    text = row.get("population", "")
    if text and text not in tuple(Population):
        raise ValueError(f"{text!r} is no population: {' or '.join(Population)}")
    return Population(text) if text else None


def patient_of(source: str, relative: Path, row: Row) -> tuple[str, bool]:
    """Whose film it is, and whether that is known or only bounded by age and sex.

    A patient written with a colon, as `clinic:17`, is the same one in every source; without, the source's own.
    """
    if patient := row.get("patient"):
        return (patient if ":" in patient else f"{source}:{patient}"), True
    age = age_of(row)
    if age is not None and row.get("sex"):
        return f"{source}:{row['sex']}:{number_text(age)}", False
    if match := _KERMANY.match(relative.name):
        # IM-0115 and NORMAL2-IM-0115 may or may not be one child; together is the side that cannot leak.
        return f"kermany:{'person' if match['person'] else 'IM'}{int(match['person'] or match['normal'])}", True
    return f"{source}:{relative.as_posix()}", True


def subtype_of(relative: Path, row: Row) -> str:
    """What kind of pneumonia: as the row says, else as a name of the Kermany set does."""
    match = _KERMANY.match(relative.name)
    return row.get("subtype") or (match["subtype"] or "" if match else "")
