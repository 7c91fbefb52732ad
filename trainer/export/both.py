"""Puts the same films and pictures through the network as it was trained and through the exported file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.bundle import OperatingPoint, point_for
from models.contract import Preprocessing
from models.radiograph import read_radiograph
from models.scorer import Scorer
from trainer.export.certificate import Pairs, logits_of
from trainer.shift.conditions import CLEAN, HEAVIEST, Condition
from trainer.shift.suite import draw, under

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from models.population import Population
    from trainer.data.films import Film
    from trainer.evidence.scoring import Scored

TOGETHER: Final = 32  # tensors a forward pass
SHIFTED_FILMS: Final = 40  # of a source and class: with 20 conditions 4,000 tensors, two minutes
Progress = Callable[[int, int], None]  # films done, films


@dataclass(frozen=True, slots=True)
class Networks:
    """The two that are compared.

    Attributes:
        trained: from (n, 224, 224, 1) to maps.
        exported: the file's scorer.
        preprocess: the version of the contract that both see films through.
    """

    trained: keras.Model
    exported: Scorer
    preprocess: Preprocessing


def clean_pairs(
    networks: Networks,
    scored: Sequence[Scored],
    points: Mapping[Population, OperatingPoint],
    progress: Progress,
) -> Pairs:
    """Films as they came; every film that the gate let through."""
    return _pairs(networks, [(s.film, s.population) for s in scored], (CLEAN,), points, progress)


def shifted_pairs(
    networks: Networks,
    scored: Sequence[Scored],
    points: Mapping[Population, OperatingPoint],
    progress: Progress,
) -> Pairs:
    """Some films of each source and class under the strongest severity of every corruption."""
    populations = {s.film.sha256: s.population for s in scored}
    films = draw([s.film for s in scored], SHIFTED_FILMS)
    conditions = [condition for condition in HEAVIEST if condition != CLEAN]
    return _pairs(networks, [(film, populations[film.sha256]) for film in films], conditions, points, progress)


def _pairs(
    networks: Networks,
    films: Sequence[tuple[Film, Population | None]],
    conditions: Sequence[Condition],
    points: Mapping[Population, OperatingPoint],
    progress: Progress,
) -> Pairs:
    rows = [film for film in films for _ in conditions]
    trained, exported = [], []
    for tensors in _batches(networks.preprocess, [film for film, _ in films], conditions, progress):
        trained.append(_maps(networks.trained, tensors))
        exported.append(np.stack([networks.exported.score(tensor).map for tensor in tensors]))
    return Pairs(
        np.asarray([film.label for film, _ in rows], bool),
        tuple(film.patient for film, _ in rows),
        tuple(film.source for film, _ in rows),
        np.asarray([point_for(points, who).threshold for _, who in rows], np.float64),
        np.concatenate(trained),
        np.concatenate(exported),
    )


def _batches(
    preprocess: Preprocessing, films: Sequence[Film], conditions: Sequence[Condition], progress: Progress
) -> Iterator[NDArray[np.float32]]:
    """The tensors of all films, a film's conditions side by side, `TOGETHER` at a time."""
    waiting: list[NDArray[np.float32]] = []
    for number, film in enumerate(films, 1):
        radiograph = read_radiograph(film.path.read_bytes())
        for condition in conditions:
            changed = replace(radiograph, pixels=under(radiograph.pixels, film.sha256, condition))
            waiting.append(preprocess(changed))
            if len(waiting) == TOGETHER:
                yield np.stack(waiting)
                waiting.clear()
        progress(number, len(films))
    if waiting:
        yield np.stack(waiting)


def _maps(network: keras.Model, tensors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The trained network's maps, (n, rows, columns)."""
    maps = np.asarray(network.predict_on_batch(tensors), np.float32)
    return maps[..., 0]


def edge_logits(networks: Networks) -> dict[str, tuple[float, float]]:
    """The logits that both give to pictures that are no films, by the picture's name."""
    pictures = edge_pictures(networks.preprocess.side)
    trained = logits_of(_maps(networks.trained, np.stack(list(pictures.values()))))
    exported = [networks.exported.score(picture).logit for picture in pictures.values()]
    return {name: (float(f), float(q)) for name, f, q in zip(pictures, trained, exported, strict=True)}


def edge_pictures(side: int) -> dict[str, NDArray[np.float32]]:
    """Tensors (side, side, 1) at the ends of what a network may be given."""
    y, x = np.mgrid[0:side, 0:side]
    pictures = {
        "black": np.zeros((side, side)),
        "white": np.ones((side, side)),
        "middle grey": np.full((side, side), 0.5),
        "left half white": x < side // 2,
        "upper half white": y < side // 2,
        "checkerboard of pixels": (x + y) % 2,
        "checkerboard of 32 pixels": (x // 32 + y // 32) % 2,
        "stripes": x // 4 % 2,
        "ramp": x / (side - 1),
        "one white pixel": (x == side // 2) & (y == side // 2),
        "noise": np.random.default_rng(0).random((side, side)),
        "black and white noise": np.random.default_rng(1).random((side, side)) < 0.5,
    }
    return {name: np.asarray(picture, np.float32)[..., np.newaxis] for name, picture in pictures.items()}
