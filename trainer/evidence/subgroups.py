"""The same figures for parts of the films: by age, sex, view, source, population, subtype; pure.

Sensitivity and specificity are those of `next` or `first`, at each film's own operating point. Patients are drawn for
the interval of an AUC where there are `FEW` at least; fewer draws say little, and of one patient nothing at all: there
films are counted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from trainer.evidence.rates import discrimination, shares
from trainer.evidence.sample import UNKNOWN, sample_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.bundle import OperatingPoint
    from models.population import Population
    from trainer.data.sources import Film
    from trainer.evidence.scoring import Scored

AGES: Final = ((1, "under 1 year"), (6, "1 to 5 years"), (18, "6 to 17 years"), (40, "18 to 39 years"),
               (65, "40 to 64 years"), (float("inf"), "65 years and over"))  # fmt: skip
FEW: Final = 20  # patients
NOT_STATED: Final = "not stated"
_KERMANY: Final = re.compile(r"person\d+_(virus|bacteria)_")  # how the children's set names its films


def age_band(age: float | None) -> str:
    """The band of an age in years."""
    return NOT_STATED if age is None else next(name for below, name in AGES if age < below)


def subtype(film: Film) -> str:
    """What the finding is of, where the folder or, in the children's set, the file's name says it."""
    match = _KERMANY.match(film.path.name)
    return film.subtype or (match[1] if match else "")


_KINDS: Final[Mapping[str, Callable[[Scored], str]]] = {
    "population": lambda s: s.population or UNKNOWN,
    "source": lambda s: s.film.source,
    "age": lambda s: age_band(s.age if s.age is not None else s.film.age),
    "sex": lambda s: s.film.sex or NOT_STATED,
    "view": lambda s: s.view or s.film.view or NOT_STATED,
}


def subgroups(
    scored: Sequence[Scored], points: Mapping[Population, OperatingPoint], draws: int
) -> list[dict[str, Any]]:
    """One entry a subgroup: kind, name, films, AUC, sensitivity and specificity with their intervals."""
    rows = []
    for kind, named in _KINDS.items():
        found: dict[str, list[Scored]] = {}
        for s in scored:
            found.setdefault(named(s), []).append(s)
        order = [name for _, name in AGES] if kind == "age" else sorted(found)
        names = [name for name in (*order, NOT_STATED) if name in found]
        rows += [_row(kind, name, found[name], points, draws) for name in dict.fromkeys(names)]
    return rows + _subtypes(scored, points, draws)


def _subtypes(
    scored: Sequence[Scored], points: Mapping[Population, OperatingPoint], draws: int
) -> list[dict[str, Any]]:
    """Films with pneumonia of one kind; their AUC is against all films without it of the same sources."""
    found: dict[str, list[Scored]] = {}
    for s in scored:
        if s.film.label and (name := subtype(s.film)):
            found.setdefault(name, []).append(s)
    rows = []
    for name, some in sorted(found.items()):
        sources = {s.film.source for s in some}
        normals = [s for s in scored if not s.film.label and s.film.source in sources]
        both = _row("subtype", name, some + normals, points, draws)
        own = _row("subtype", name, some, points, draws)
        area = {key: both[key] for key in ("auc", "auc_ci", "auc_ci_by")}
        rows.append({**own, **area, "negatives_of_auc": len(normals)})
    return rows


def _row(
    kind: str, name: str, scored: Sequence[Scored], points: Mapping[Population, OperatingPoint], draws: int
) -> dict[str, Any]:
    sample = sample_of(scored, points)
    found = discrimination(sample, draws)
    unit = "patients" if len(set(sample.patients)) >= FEW else "films"
    return {
        "kind": kind,
        "name": name,
        **sample.counts(),
        "auc": found["auc"],
        "auc_ci": found["auc_ci"] if unit == "patients" else found["auc_ci_films"],
        "auc_ci_by": unit,
        **shares(sample, sample.above()["next_or_first"]),
    }
