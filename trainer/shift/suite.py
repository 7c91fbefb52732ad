"""The frozen suite: its version, which films it draws, what happens to each, and the hash by which it is known.

A figure of one version can be set beside another of the same version and of no other. Whoever changes a corruption, a
severity or a draw gives the suite a new `VERSION` and a new `FROZEN`.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.shift.conditions import CONDITIONS, LEVELS, Condition
from trainer.shift.corruptions import corrupt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from trainer.data.films import Film

VERSION: Final = "2026.11"
FROZEN: Final = "8c1b1efa0c0e77c7c54625f51f1acf4df81a4f8f990204870d930bb3fa55a2d0"
MOST: Final = 150  # films of a source and class: an AUC of 0.95 is then known to 0.025, and the suite takes minutes
SHAPES: Final = ((96, 80), (61, 73), (120, 120))  # of the synthetic films that the hash is of


def generator(sha256: str, condition: Condition) -> np.random.Generator:
    """The chance of one film under one corruption: of its content and the suite's version, and nothing else.

    The severities share it, so that a film that is turned to the left is turned further to the left.
    """
    text = f"{VERSION}:{condition.corruption}:{sha256}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


def under(pixels: NDArray[np.float32], sha256: str, condition: Condition) -> NDArray[np.float32]:
    """A film of some content under a condition; float32 (height, width) in 0..1 in and out."""
    if condition.corruption is None or condition.severity is None:
        return pixels
    return corrupt(pixels, condition.corruption, condition.severity, generator(sha256, condition))


def draw(films: Iterable[Film], most: int = MOST) -> list[Film]:
    """At most so many films of each source and class, each content once; the same for the same films in any order.

    A smaller draw is part of a larger one.
    """
    chosen: dict[tuple[str, int], dict[str, Film]] = {}
    for film in sorted(films, key=_rank):
        group = chosen.setdefault((film.source, film.label), {})
        if len(group) < most:
            group.setdefault(film.sha256, film)
    return [film for key in sorted(chosen) for film in chosen[key].values()]


def _rank(film: Film) -> tuple[str, str]:
    return hashlib.sha256(f"{VERSION}:draw:{film.sha256}".encode()).hexdigest(), str(film.path)


def fingerprint() -> str:
    """sha256 over the table of severities and over what this code makes of synthetic films, in 8 bits.

    Eight bits, so that the last bit of a sum, which is not the same on every machine, is not in it.
    """
    digest = hashlib.sha256(json.dumps([VERSION, MOST, {str(c): list(v) for c, v in LEVELS.items()}]).encode())
    for number, shape in enumerate(SHAPES):
        film, name = synthetic(shape, number), f"{number:064x}"
        for condition in CONDITIONS:
            levels = np.rint(under(film, name, condition).astype(np.float64) * 255.0).astype(np.uint8)
            digest.update(f"{condition.name}:{levels.shape}".encode() + levels.tobytes())
    return digest.hexdigest()


def synthetic(shape: tuple[int, int], number: int) -> NDArray[np.float32]:
    """A bright body with two dark lungs and grain, float32 in 0..1; nobody's film, of sums and products alone."""
    rng = np.random.default_rng(number)
    y, x = (np.linspace(-1.0, 1.0, side) for side in shape)
    body = 0.8 - 0.3 * x[None, :] ** 2 - 0.15 * y[:, None] ** 2
    lungs = sum(
        np.clip(1.0 - ((x[None, :] - side) / 0.34) ** 2 - (y[:, None] / 0.75) ** 2, 0.0, 1.0) for side in (-0.42, 0.42)
    )
    film = body - 0.5 * lungs + 0.06 * (rng.random(shape) - 0.5)
    return np.clip(film, 0.0, 1.0).astype(np.float32)
