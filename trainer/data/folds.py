"""Splits by scheme (shares, k-fold, leave one source out), and what leaks between the parts of a split; pure."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from trainer.data.films import Film, Part
from trainer.data.splits import Shares, Unit, divide, group_of, split
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LOOKED_AT: Final = (Part.TRAIN, Part.VALIDATION, Part.TEST)


class Scheme(StrEnum):
    """How films are divided; the value is what the command line calls it."""

    TWO_WAY = "train/validation"
    THREE_WAY = "70/15/15"
    K_FOLD = "k-fold"
    SOURCE_OUT = "leave-one-source-out"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a split; `folds` is of `K_FOLD` alone, `shares.test` of `THREE_WAY` alone."""

    scheme: Scheme
    shares: Shares = field(default_factory=Shares)
    folds: int = 5
    seed: int = 1
    unit: Unit = Unit.PATIENT


def divided(films: Sequence[Film], plan: Plan) -> dict[str, dict[str, Part]]:
    """The splits of a scheme: by name, the part by content hash.

    Returns:
        `split` of the two schemes by shares; `fold-1` to `fold-K`; `without-SOURCE` for each source.

    Raises:
        TrainerError: there are fewer units than folds, or a single source to leave out.
    """
    if plan.scheme is Scheme.K_FOLD:
        return _k_fold(films, plan)
    if plan.scheme is Scheme.SOURCE_OUT:
        return _source_out(films, plan)
    shares = plan.shares if plan.scheme is Scheme.THREE_WAY else Shares(plan.shares.validation, 0.0)
    return {"split": split(films, shares, seed=plan.seed, unit=plan.unit)}


def _k_fold(films: Sequence[Film], plan: Plan) -> dict[str, dict[str, Part]]:
    """Each content is validated on in exactly one fold; folds are as even as their units allow, by source and class."""
    contents: dict[str, list[Film]] = defaultdict(list)
    for film in films:
        contents[film.sha256].append(film)
    units: dict[str, list[Film]] = defaultdict(list)
    for sha256, copies in contents.items():
        # One content under two patients goes with the first of them; `divide` excludes the other's films.
        unit = sha256 if plan.unit is Unit.FILE else min(group_of(film) for film in copies)
        units[unit].append(min(copies, key=lambda film: (film.source, film.label)))
    if len(units) < plan.folds:
        cause = f"{len(units)} units (patients, or blocks of age and sex) cannot make {plan.folds} folds"
        raise TrainerError("split", None, cause, "give fewer --folds, or more films")
    chosen: list[list[Film]] = [[] for _ in range(plan.folds)]
    filled: list[Counter[tuple[str, int]]] = [Counter() for _ in range(plan.folds)]

    def place(unit: str) -> tuple[int, str]:
        return -len(units[unit]), hashlib.sha256(f"{plan.seed}:{unit}".encode()).hexdigest()

    for unit in sorted(units, key=place):  # the largest first, so that the small ones can even them out
        strata = Counter((film.source, film.label) for film in units[unit])
        fold = min(
            range(plan.folds), key=lambda k: (sum(filled[k][s] * n for s, n in strata.items()), len(chosen[k]), k)
        )
        chosen[fold] += units[unit]
        filled[fold] += strata
    return {
        f"fold-{number}": divide(films, {Part.VALIDATION: drawn}, plan.unit) for number, drawn in enumerate(chosen, 1)
    }


def _source_out(films: Sequence[Film], plan: Plan) -> dict[str, dict[str, Part]]:
    """One source is the test part, a share of the others is validated on."""
    names = list(dict.fromkeys(film.source for film in films))
    if len(names) < 2:
        raise TrainerError("split", None, f"there is one source only, {names[0]}", "give several --data, or a scheme")
    splits = {}
    for name in names:
        left = [film for film in films if film.source == name]
        others = [film for film in films if film.source != name]
        parts = split(others, Shares(plan.shares.validation, 0.0), seed=plan.seed, unit=plan.unit)
        drawn = [film for film in others if parts[film.sha256] is Part.VALIDATION]
        splits[f"without-{name}"] = divide(films, {Part.TEST: left, Part.VALIDATION: drawn}, plan.unit)
    return splits


@dataclass(frozen=True, slots=True)
class Leaks:
    """What lies in two parts of a split; films that are excluded lie in none.

    Attributes:
        patients: who are known and have films in several parts.
        patient_films: how many films those patients have there.
        ages: (sex, age) that are validated or tested on while another part has films of that sex within a year, and
            at least one side does not name its patients: they may be the same persons.
        unknown: films that the split does not name.
    """

    patients: tuple[str, ...]
    patient_films: int
    ages: tuple[tuple[str, int], ...]
    unknown: int

    def __bool__(self) -> bool:
        """Whether anything leaks; films that are not named do not."""
        return bool(self.patients or self.ages)


def leaks(films: Sequence[Film], parts: Mapping[str, Part]) -> Leaks:
    """What lies in two parts of a split; one content lies in one part by how a split is stored."""
    where: dict[str, set[Part]] = defaultdict(set)
    count: Counter[str] = Counter()
    ages: dict[Part, dict[tuple[str, int], bool]] = {part: {} for part in _LOOKED_AT}
    for film in films:
        part = parts.get(film.sha256)
        if part not in ages:
            continue
        if film.known_patient:
            where[film.patient].add(part)
            count[film.patient] += 1
        if film.age is not None and film.sex:
            bounded = ages[part].get((film.sex, int(film.age)), False)
            ages[part][film.sex, int(film.age)] = bounded or not film.known_patient
    twice = sorted(patient for patient, found in where.items() if len(found) > 1)
    near = {
        (sex, age)
        for held in (Part.VALIDATION, Part.TEST)
        for (sex, age), bounded in ages[held].items()
        for other in _LOOKED_AT
        if other is not held
        for step in (-1, 0, 1)
        if (sex, age + step) in ages[other] and (bounded or ages[other][sex, age + step])
    }
    unknown = sum(film.sha256 not in parts for film in films)
    return Leaks(tuple(twice), sum(count[patient] for patient in twice), tuple(sorted(near)), unknown)


def check_split(films: Sequence[Film], parts: Mapping[str, Part], unit: Unit = Unit.PATIENT) -> None:
    """Refuse a split that somebody gave where patients lie in two of its parts.

    Args:
        films: that are to be trained, validated or tested on.
        parts: by content hash.
        unit: by file the leak is wanted, to show it.

    Raises:
        TrainerError: something leaks.
    """
    if unit is Unit.FILE:
        return
    found = leaks(films, parts)
    causes = []
    if found.patients:
        causes.append(f"{len(found.patients)} patients with {found.patient_films} films lie in two parts")
    if found.ages:
        causes.append(
            f"films of one sex within a year of age, of unnamed patients, lie in two parts ({len(found.ages)} ages)"
        )
    if causes:
        remedy = "make the split by patient with `cxr-trainer split`"
        raise TrainerError("use the split", None, " and ".join(causes), remedy)
