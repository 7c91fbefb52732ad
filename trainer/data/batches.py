"""Draws training batches: balanced by source, class and view, and a function of seed and step alone.

That a batch depends on nothing but its number is what lets a killed run go on where it stood.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.contract import SIDE, squash
from models.radiograph import UnreadableFilm, read_radiograph
from trainer.data.augment import augment
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trainer.data.sources import Film


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs (n, side, side, 1) in 0..1, labels (n, 1), sample weights (n, 1), all float32."""

    inputs: NDArray[np.float32]
    labels: NDArray[np.float32]
    weights: NDArray[np.float32]


def load_film(film: Film) -> NDArray[np.uint8]:
    """Read a film and squash it to the contract's size, as uint8 (224, 224).

    Raises:
        TrainerError: the file is not a readable film.
    """
    try:
        pixels = squash(read_radiograph(film.path.read_bytes()).pixels)
    except (UnreadableFilm, OSError) as error:
        raise TrainerError("read film", film.path, str(error), "remove it from the data folder") from error
    return np.clip(np.rint(pixels * 255.0), 0, 255).astype(np.uint8).reshape(SIDE, SIDE)


class Drawer:
    """Draws films by source, then class, then view, each with equal chance where it has films at all."""

    def __init__(self, films: Sequence[Film], pixels: Sequence[NDArray[np.uint8]], *, seed: int) -> None:
        self._films, self._pixels, self._seed = films, pixels, seed
        tree: dict[str, dict[int, dict[str, list[int]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        for index, film in enumerate(films):
            tree[film.source][film.label][film.view].append(index)
        self._tree = {s: {c: list(views.values()) for c, views in classes.items()} for s, classes in tree.items()}

    def batch(self, step: int, size: int, side: int) -> Batch:
        """The batch of one step, always the same for the same seed.

        Args:
            step: number of the batch.
            size: films in it.
            side: of the inputs, in pixels.
        """
        rng = np.random.default_rng([self._seed, step])
        sources = list(self._tree)
        start = int(rng.integers(0, 2 * len(sources)))  # so that rounding favours no source and no class over time
        inputs, labels, weights = [], [], []
        for slot in range(start, start + size):
            classes = self._tree[sources[slot % len(sources)]]
            views = classes[list(classes)[slot // len(sources) % len(classes)]]
            view = views[int(rng.integers(len(views)))]
            index = view[int(rng.integers(len(view)))]
            inputs.append(augment(self._pixels[index], side, rng))
            labels.append(self._films[index].label)
            weights.append(self._films[index].weight)
        column = (size, 1)
        return Batch(
            np.stack(inputs)[..., np.newaxis],
            np.asarray(labels, np.float32).reshape(column),
            np.asarray(weights, np.float32).reshape(column),
        )
