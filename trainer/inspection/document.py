"""The figures of an inspection as one document, which JSON, page and findings are all made from; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trainer.data.films import CLASSES, Part
from trainer.data.folds import leaks
from trainer.data.sources import manifest_of
from trainer.data.splits import Shares, Unit, split
from trainer.data.terms import terms_of
from trainer.inspection import confounds
from trainer.inspection.duplicates import exact, near
from trainer.inspection.look import OTHER, classes_of
from trainer.inspection.panel import agreement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from trainer.data.films import Film
    from trainer.inspection.duplicates import Pair
    from trainer.inspection.look import Inspected, Look

SCHEMA: Final = 1
FLAT: Final = 0.05  # flatness below which a film's grey levels were equalised
LISTED: Final = 50  # pairs, groups and files that are named; all are counted
UNDER: Final = 18.0  # years
EVERYWHERE: Final = "all sources"


def figures(
    inspected: Inspected,
    parts: Mapping[str, Part] | None = None,
    *,
    seed: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Everything that was found, but the findings in words.

    Args:
        inspected: the films.
        parts: of a split, by content hash.
        seed: of the folds, and of the split by file that shows what it would leak.
        report: told what is being worked out.
    """
    looks = inspected.looks
    report("looking for duplicates")
    groups, pairs = exact(looks), near(looks)
    sources = {}
    for source in inspected.sources:
        report(f"what gives the label away in {source.name}")
        some = [look for look in looks if look.given == source.name]
        unread = [each for each in inspected.unread if each.source == source.name]
        sources[source.name] = {
            **_described(some, seed),
            "folder": str(source.folder),
            "manifest": manifest_of(source) is not None,
            "population": source.population,
            "terms": terms_of(source),
            "missing_classes": [name for name, label in CLASSES.items() if all(x.film.label != label for x in some)],
            "folders": inspected.folders[source.name],
            "unreadable": len(unread),
            "panel": agreement(source),
            **({} if parts is None else {"parts": _parts([look.film for look in some], parts)}),
        }
    report("what gives the label away in all sources")
    labelled = [look for look in looks if look.film.label != OTHER]
    return {
        "schema": SCHEMA,
        "films": len(looks),
        "seed": seed,
        "sources": sources,
        "confounds": confounds.as_figures(confounds.told(labelled, seed)) if len(sources) > 1 else {},
        "exact_duplicates": _groups(looks, groups),
        "near_duplicates": _pairs(looks, pairs, parts),
        "unreadable": [{"file": str(e.path), "source": e.source, "cause": e.cause} for e in inspected.unread[:LISTED]],
        **({} if parts is None else {"leaks": leaked([look.film for look in looks], parts)}),
    }


def _described(looks: Sequence[Look], seed: int) -> dict[str, Any]:
    """The figures of one source."""
    labelled = [look for look in looks if look.film.label != OTHER]
    return {
        "films": len(looks),
        "classes": {name: _class([look for look in looks if look.class_name == name]) for name in classes_of(looks)},
        "one_size": _only({f"{look.width} x {look.height}" for look in looks}),
        "square": sum(look.width == look.height for look in looks),
        "flat": sum(look.measures.flatness < FLAT for look in looks),
        "patients": _patients([look.film for look in labelled]),
        "ages": _ages([look.film for look in looks]),
        "by_file": _by_file([look.film for look in labelled], seed),
        "confounds": confounds.as_figures(confounds.told(labelled, seed)),
    }


def _class(looks: Sequence[Look]) -> dict[str, Any]:
    return {
        "films": len(looks),
        "patients": len({look.film.patient for look in looks}),
        "width": _spread(look.width for look in looks),
        "height": _spread(look.height for look in looks),
        "aspect": _spread(look.width / look.height for look in looks),
        "mean": _spread(look.measures.mean for look in looks),
        "quality": _spread(look.quality for look in looks),
        "modes": _counted(look.mode for look in looks),
        "formats": _counted(look.format for look in looks),
        "bits": _counted(look.bits for look in looks),
        "views": _counted(look.film.view for look in looks),
        "sexes": _counted(look.film.sex for look in looks),
        "subtypes": _counted(look.film.subtype for look in looks),
        "ages": _spread(look.film.age for look in looks),
    }


def _spread(values: Iterable[float | None]) -> dict[str, float] | None:
    """Least, median and most of those values that are known."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return {"least": float(min(known)), "median": float(np.median(known)), "most": float(max(known))}


def _counted(values: Iterable[Any]) -> dict[str, int]:
    """The commonest first; what is not said is `unknown`."""
    return dict(Counter("unknown" if value in ("", None) else str(value) for value in values).most_common())


def _only(values: set[str]) -> str | None:
    return next(iter(values)) if len(values) == 1 else None


def _patients(films: Sequence[Film]) -> dict[str, int]:
    """How many patients are named, and how many films have no named one."""
    named = Counter(film.patient for film in films if film.known_patient and not _alone(film))
    return {
        "named": len(named),
        "films_of_named": named.total(),
        "with_several": sum(count > 1 for count in named.values()),
        "films_of_several": sum(count for count in named.values() if count > 1),
        "most_films": max(named.values(), default=0),
        "bounded_films": sum(not film.known_patient for film in films),
        "bounds": len({film.patient for film in films if not film.known_patient}),
        "unnamed_films": sum(_alone(film) for film in films),
    }


def _alone(film: Film) -> bool:
    """Whether the film's own file name is all that stands for its patient."""
    return film.known_patient and film.patient.rpartition("/")[2].rpartition(":")[2] == film.path.name


def _ages(films: Sequence[Film]) -> dict[str, Any]:
    known = [film.age for film in films if film.age is not None]
    return {
        "unknown": len(films) - len(known),
        "under_18": sum(age < UNDER for age in known),
        "years": _spread(known),
    }


def _by_file(films: Sequence[Film], seed: int) -> dict[str, int]:
    """What a split by file, 15 % to validate on, would put into two parts."""
    found = leaks(films, split(films, Shares(), seed=seed, unit=Unit.FILE))
    return {"patients": len(found.patients), "films": found.patient_films}


def _parts(films: Sequence[Film], parts: Mapping[str, Part]) -> dict[str, dict[str, int]]:
    """Films by part and class; `unnamed` are those that the split does not know."""
    names = {label: name for name, label in CLASSES.items()}
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for film in films:
        if film.label != OTHER:
            counts = found[parts.get(film.sha256, "unnamed")]
            counts[names[film.label]] = counts.get(names[film.label], 0) + 1
    return dict(found)


def leaked(films: Sequence[Film], parts: Mapping[str, Part]) -> dict[str, int]:
    """How much lies in two parts of a split."""
    found = leaks([film for film in films if film.label != OTHER], parts)
    return {
        "patients": len(found.patients),
        "films": found.patient_films,
        "ages": len(found.ages),
        "unnamed": found.unknown,
    }


def _groups(looks: Sequence[Look], groups: Sequence[Sequence[int]]) -> dict[str, Any]:
    def across(key: Callable[[Look], Any]) -> int:
        return sum(len({key(looks[number]) for number in group}) > 1 for group in groups)

    return {
        "groups": len(groups),
        "films": sum(map(len, groups)),
        "by_source": _counted(name for group in groups for name in {looks[number].given for number in group}),
        "across_sources": across(lambda look: look.given),
        "across_classes": across(lambda look: look.class_name),
        "across_patients": across(lambda look: look.film.patient),
        "listed": [[str(looks[number].film.path) for number in group] for group in groups[:LISTED]],
    }


def _pairs(looks: Sequence[Look], pairs: Sequence[Pair], parts: Mapping[str, Part] | None) -> dict[str, Any]:
    def ends(pair: Pair) -> tuple[Look, Look]:
        return looks[pair.first], looks[pair.second]

    def sides(pair: Pair) -> set[Part]:
        given = parts or {}
        return {given.get(look.film.sha256, Part.EXCLUDED) for look in ends(pair)} - {Part.EXCLUDED}

    between: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        between[ends(pair)[0].given, ends(pair)[1].given].append(pair)
    return {
        "pairs": len(pairs),
        "between": [
            {
                "sources": list(names),
                "pairs": len(some),
                "films": [len({pair.first for pair in some}), len({pair.second for pair in some})],
                "other_size": sum((a.width, a.height) != (b.width, b.height) for a, b in map(ends, some)),
            }
            for names, some in sorted(between.items())
        ],
        "across_classes": sum(a.class_name != b.class_name for a, b in map(ends, pairs)),
        "across_patients": sum(a.film.patient != b.film.patient for a, b in map(ends, pairs)),
        "across_parts": sum(len(sides(pair)) > 1 for pair in pairs),
        "listed": [
            {"files": [str(look.film.path) for look in ends(pair)], "correlation": round(pair.correlation, 4)}
            for pair in sorted(pairs, key=lambda pair: pair.correlation)[:LISTED]
        ],
    }
