"""Measured films -> the `reference` block of a bundle, and a bundle with it; the network stays as it is."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.bundle import DOCUMENT, MODEL, Bundle, read_bundle, write_bundle
from models.film_statistics import NAMES, VERSION
from models.radiograph import UnreadableFilm, read_radiograph
from models.reference import COLUMNS, KEY, POINTS
from trainer.data.films import Part
from trainer.data.sources import find_all
from trainer.data.splits import read_split
from trainer.errors import TrainerError
from trainer.evidence.scoring import choose, population_of
from trainer.reference.measuring import Measured, Meter

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.data.films import Film, Source

PREVALENCE: Final = 0.1  # of pneumonia, that films are weighted to; that of the films themselves is nobody's
CARD: Final = "MODEL_CARD.md"
FEWEST: Final = 50  # films of a population; fewer say nothing
Report = Callable[[int, int], None]  # films done, films


def measure(films: Sequence[Film], bundle: Bundle, report: Report) -> dict[str, list[tuple[int, Measured]]]:
    """Label and numbers of films by population; what cannot be read, or is of no known population, is left out."""
    meter, found = Meter.of(bundle), defaultdict[str, list[tuple[int, Measured]]](list)
    for number, film in enumerate(films, 1):
        try:
            seen = read_radiograph(film.path.read_bytes())
        except (UnreadableFilm, OSError):
            report(number, len(films))
            continue
        who = population_of(film, seen, None)
        if who is not None:
            found[who.value].append((film.label, meter(seen)))
        report(number, len(films))
    return found


def reference_document(measured: Mapping[str, Sequence[tuple[int, Measured]]], part: Part) -> dict[str, Any]:
    """The block: how the numbers of each population are spread, at a stated prevalence.

    A population without enough films of either class is left out; maybe none is left.
    """
    populations = {who: stated for who, films in sorted(measured.items()) if (stated := _population(films)) is not None}
    return {"statistics": VERSION, "part": part.value, "populations": populations}


def _population(films: Sequence[tuple[int, Measured]]) -> dict[str, Any] | None:
    labels = np.asarray([label for label, _ in films], bool)
    if len(labels) < FEWEST or labels.all() or not labels.any():
        return None
    weights = np.where(labels, PREVALENCE / labels.sum(), (1 - PREVALENCE) / (~labels).sum())
    columns = {name: [getattr(one, name) for _, one in films] for name in ("logit", "unlikeness")}
    columns |= {name: [getattr(one.statistics, name) for _, one in films] for name in COLUMNS if name in NAMES}
    refused = np.asarray([one.code is not None for _, one in films])
    quantiles = {name: _quantiles(columns[name], weights) for name in COLUMNS}
    return {
        "films": len(films),
        "refused": round(float(weights @ refused), 5),
        "prevalence": PREVALENCE,
        "quantiles": {name: cells for name, cells in quantiles.items() if cells},
    }


def _quantiles(values: Sequence[float | None], weights: NDArray[np.float64]) -> list[float]:
    """`POINTS` quantiles of those that are known, each film at the middle of its weight."""
    known = np.asarray([value is not None for value in values])
    if known.sum() < FEWEST:
        return []
    numbers, shares = np.asarray([value for value in values if value is not None]), weights[known]
    order = np.argsort(numbers)
    places = np.cumsum(shares[order]) - shares[order] / 2
    return [float(f"{x:.5g}") for x in np.interp(np.linspace(0, 1, POINTS), places / shares.sum(), numbers[order])]


def _renamed(card: str, old: str, name: str) -> str:
    """The card under its new name, with what was added to the bundle."""
    said = (
        f"It is `{old}`, with the spread of scores and pictures in its validation films added (`cxr-trainer reference`)"
    )
    return card.replace(f"# {old}\n", f"# {name}\n\n{said}; network, thresholds and figures are the same.\n", 1)


def add_reference(bundle: Path, sources: Sequence[Source], output: Path, report: Report) -> dict[str, Any]:
    """Write a bundle beside an existing one, with the same files and a reference of the validation part.

    Its name is that of the new folder, in its card as well; hashes and seal are made anew, the network's stays.

    Raises:
        TrainerError: the data hold no film of the bundle's validation part.
        BundleError: the bundle cannot be read, or the new one not be written.
    """
    old = read_bundle(bundle)
    if output.exists():
        raise TrainerError("write bundle", output, "something is there already", "give a new folder")
    films = choose(find_all(sources), read_split(bundle / "split.csv"), Part.VALIDATION)
    stated = reference_document(measure(films, old, report), Part.VALIDATION)
    if not stated["populations"]:
        cause = f"no population has {FEWEST} films, with pneumonia and without"
        raise TrainerError("describe the films of", bundle, cause, "add films, or say their population=children|adults")
    document = {key: value for key, value in old.document.items() if key not in ("format", "files", "seal")}
    name = output.resolve().name
    document |= {"name": name, KEY: stated}
    files = {each: old.model if each == MODEL else (bundle / each).read_bytes() for each in old.document["files"]}
    if CARD in files:
        files[CARD] = _renamed(files[CARD].decode("utf-8"), old.name, name).encode("utf-8")
    write_bundle(output, document_without_files=document, files=files)
    written: dict[str, Any] = json.loads((output / DOCUMENT).read_text())
    return written
