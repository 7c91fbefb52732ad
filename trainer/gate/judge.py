"""Judges a bundle's gate as the daemon runs it: what it accepts of what it must not, and refuses of chest films.

Pictures come from a set of generators (`trainer.gate.generators`; made of films that were held out) and from folders,
which no step of the training has seen. A kind that could not be had stands there as untested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.contract import VERSIONS
from models.gate import findings
from models.pixel_gate import gate_of
from models.radiograph import Radiograph, UnreadableFilm, read_radiograph
from models.scorer import Scorer
from trainer.data.films import Film
from trainer.errors import TrainerError
from trainer.gate.counting import upper
from trainer.gate.generators import Suite
from trainer.gate.kinds import DRAWN, UNTESTED, Kind
from trainer.gate.pictures import radiograph_of, read_pixels

if TYPE_CHECKING:
    from models.bundle import Bundle

EACH: Final = 300
GENERATED: Final = "generated"
SHIFTED: Final = "shifted"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of pictures: of one kind that must be refused, or (`FILM`) of chest films that must not."""

    kind: Kind
    path: Path


def judge_gate(
    bundle: Bundle,
    films: Sequence[Film],
    folders: Sequence[Folder],
    suite: Suite,
    each: int,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    """Count.

    Args:
        bundle: with a gate.
        films: chest films that were held out.
        folders: of other pictures.
        suite: the generators.
        each: pictures generated of a kind; chest films are shifted as often.
        seed: of the generated ones.
        progress: told of pictures judged.

    Returns:
        `refuse`: by kind and where the pictures are from, n, accepted, its share's upper 95 % limit, and how the others
        were called; `accept`: by source, n, refused, upper limit, codes; `untested`.

    Raises:
        TrainerError: the bundle has no gate, or a folder no picture.
    """
    scorer = Scorer(bundle)
    gate = gate_of(bundle, scorer)
    if gate is None:
        raise TrainerError("judge gate of", bundle.folder, "the bundle has none", "fit one: cxr-trainer gate fit")
    preprocess = VERSIONS[bundle.preprocessing]

    def code_of(film: Radiograph) -> str | None:
        found = findings(film) or gate.picture_findings(film)
        if not found:
            seen = scorer.score(preprocess(film)).gate
            found = gate.findings(seen) if seen is not None else ()
        return str(found[0].code) if found else None

    listed = {folder: sorted(p for p in folder.path.iterdir() if p.is_file()) for folder in _checked(folders)}
    total = len(films) + each * (len(suite.makers) + 1) + sum(map(len, listed.values()))
    seen: dict[tuple[Kind, str], Counter[str | None]] = {}
    for done, (kind, origin, picture) in enumerate(_pictures(films, listed, suite, each, seed), 1):
        counted = seen.setdefault((kind, origin), Counter())
        if picture is not None:
            counted[code_of(picture)] += 1
        progress(done, total)
    return {
        "refuse": [_row(kind, origin, counted) for (kind, origin), counted in seen.items() if kind is not Kind.FILM],
        "accept": [_chest(origin, counted) for (kind, origin), counted in seen.items() if kind is Kind.FILM],
        "untested": list(UNTESTED),
    }


def _pictures(
    films: Sequence[Film], listed: dict[Folder, list[Path]], suite: Suite, each: int, seed: int
) -> Iterator[tuple[Kind, str, Radiograph | None]]:
    """Every picture with what it is and where it is from; None for a file that cannot be read."""
    for film in films:
        yield Kind.FILM, film.source, _read(film.path)
    order = np.random.default_rng(seed).permutation(len(films))
    for number, (kind, make) in enumerate([*suite.makers.items(), (Kind.FILM, suite.shifted)]):
        rng = np.random.default_rng([seed, number])
        for i in range(each if len(films) else 0):
            picture = read_pixels(films[order[i % len(films)]])
            origin = SHIFTED if kind is Kind.FILM else GENERATED
            yield kind, origin, radiograph_of(make(picture, rng))
    for folder, paths in listed.items():
        for path in paths:
            yield folder.kind, folder.path.name, _read(path)


def _read(path: Path) -> Radiograph | None:
    try:
        return read_radiograph(path.read_bytes())
    except (UnreadableFilm, OSError):
        return None


def _checked(folders: Sequence[Folder]) -> Sequence[Folder]:
    for folder in folders:
        if not folder.path.is_dir():
            raise TrainerError("read pictures", folder.path, "there is no such folder", "give a folder of pictures")
    return folders


def _row(kind: Kind, origin: str, counted: Counter[str | None]) -> dict[str, Any]:
    n, accepted = counted.total(), counted[None]
    called = {code: count for code, count in sorted((c or "", v) for c, v in counted.items()) if code}
    row = {"kind": kind.value, "from": origin, "n": n, "accepted": accepted, "upper": upper(accepted, n)}
    return {**row, "named": called, "made_of_films": kind not in DRAWN}


def _chest(origin: str, counted: Counter[str | None]) -> dict[str, Any]:
    n, accepted = counted.total(), counted[None]
    codes = {code: count for code, count in sorted((c or "", v) for c, v in counted.items()) if code}
    return {"from": origin, "n": n, "refused": n - accepted, "upper": upper(n - accepted, n), "by_code": codes}
