"""Draws training batches: by epochs or balanced by source, class and view; a function of seed and step alone.

That a batch depends on nothing but its number is what lets a killed run go on where it stood.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.contract import DEFAULT, SIDE, VERSIONS, Preprocessing, squash
from models.radiograph import UnreadableFilm, read_radiograph
from trainer.data.augment import augment, plain
from trainer.errors import TrainerError
from trainer.recipes.recipe import Augmentation, Balance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from trainer.data.sources import Film


Tree = dict[str, dict[int, list[list[int]]]]  # source -> label -> the films of each view
_SHARED: Final = (Balance.SHARES, Balance.ROOTS)  # every film that is drawn counts in full
_COPIES: Final = 2**32  # streams of chance beside those of the steps
_EPOCHS: Final = 2**33


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
        return squashed(read_radiograph(film.path.read_bytes()).pixels)
    except (UnreadableFilm, OSError) as error:
        raise TrainerError("read film", film.path, str(error), "remove it from the data folder") from error


def squashed(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A film's grey levels (height, width) in 0..1, squashed to the contract's size, as uint8 (224, 224)."""
    return np.clip(np.rint(squash(pixels) * 255.0), 0, 255).astype(np.uint8).reshape(SIDE, SIDE)


class Views:
    """Films as the contract gives them, made once and kept in 8 bits: half of a grey level is less than any export
    loses."""

    def __init__(self, films: Sequence[NDArray[np.uint8]], preprocessing: Preprocessing) -> None:
        """Keep what they are made of, uint8 (224, 224) each, and how."""
        self._films: Final = films
        self._preprocessing: Final = preprocessing
        self._made: Final[dict[tuple[int, int], NDArray[np.uint8]]] = {}

    def view(self, index: int, side: int) -> NDArray[np.float32]:
        """One film, float32 (side, side) in 0..1; as `trainer.data.augment.plain` makes it, rounded to 8 bits."""
        made = self._made.get((index, side))
        if made is None:
            made = np.rint(plain(self._films[index], side, self._preprocessing) * np.float32(255.0)).astype(np.uint8)
            self._made[index, side] = made
        return made.astype(np.float32) / np.float32(255.0)


class Drawer:
    """Draws batches of views of films; with the same seed and number always the same one."""

    def __init__(
        self,
        films: Sequence[Film],
        pixels: Sequence[NDArray[np.uint8]],
        *,
        seed: int,
        balance: Balance = Balance.SAMPLING,
        augmentation: Augmentation = Augmentation.HEAVY,
        extra_normals: int = 0,
        preprocessing: int = DEFAULT,
        targets: Sequence[float] | None = None,
        mixup: float = 0.0,
    ) -> None:
        """Keep what is drawn from.

        Args:
            films: the training part.
            pixels: of each film, as `load_film` gives them.
            seed: of every draw.
            balance: what is done about classes of unequal size.
            augmentation: of every view.
            extra_normals: augmented copies of normal films that `Balance.AUGMENTED` adds, each the same in every epoch.
            preprocessing: the contract's version that every view goes through.
            targets: what each film should be called, 0..1; None for its label.
            mixup: see `trainer.recipes.recipe.Recipe`.
        """
        self._films, self._pixels, self._seed, self._augmentation = films, pixels, seed, augmentation
        self._preprocessing = VERSIONS[preprocessing]
        self._targets = [film.label for film in films] if targets is None else targets
        self._mixup = mixup
        self._plain = Views(pixels, self._preprocessing)
        self._weights = [film.weight * factor for film, factor in zip(films, _factors(films, balance), strict=True)]
        sampled = balance in (Balance.SAMPLING, Balance.SHARES, Balance.ROOTS)
        self._tree = _by_source_class_view(films) if sampled else None
        self._shares = _shares(films, balance) if balance in _SHARED else None
        normals = [index for index, film in enumerate(films) if film.label == 0]
        extra = extra_normals if balance is Balance.AUGMENTED and normals else 0
        # (film, number of the copy); -1 is the film itself
        self._pool = [(index, -1) for index in range(len(films))]
        self._pool += [(normals[copy % len(normals)], copy) for copy in range(extra)]
        self._epoch: tuple[int, NDArray[np.int64]] | None = None

    def batch(self, step: int, size: int, side: int) -> Batch:
        """The batch of one step.

        Args:
            step: number of the batch.
            size: films in it.
            side: of the inputs, in pixels.
        """
        rng = np.random.default_rng([self._seed, step])
        drawn = self._epochs(step, size) if self._tree is None else _sample(self._tree, size, rng, self._shares)
        inputs = [self._view(index, copy, side, rng) for index, copy in drawn]
        column = (size, 1)
        batch = Batch(
            np.stack(inputs)[..., np.newaxis],
            np.asarray([self._targets[index] for index, _ in drawn], np.float32).reshape(column),
            np.asarray([self._weights[index] for index, _ in drawn], np.float32).reshape(column),
        )
        return _mixed(batch, self._mixup, rng) if self._mixup else batch

    def _view(self, index: int, copy: int, side: int, rng: np.random.Generator) -> NDArray[np.float32]:
        if copy < 0 and self._augmentation is Augmentation.NONE:
            return self._plain.view(index, side)
        if copy < 0:
            mixed = self._augmentation in (Augmentation.MIXED, Augmentation.FAR)
            other = self._pixels[int(rng.integers(len(self._pixels)))] if mixed else None
            return augment(self._pixels[index], side, rng, self._preprocessing, self._augmentation, other)
        own = np.random.default_rng([self._seed, _COPIES, copy])
        return augment(self._pixels[index], side, own, self._preprocessing, Augmentation.SHEAR_ZOOM_FLIP)

    def _epochs(self, step: int, size: int) -> list[tuple[int, int]]:
        """Every film once an epoch, in another order each time."""
        return [self._at(step * size + slot) for slot in range(size)]

    def _at(self, position: int) -> tuple[int, int]:
        epoch, place = divmod(position, len(self._pool))
        known = self._epoch  # one assignment, so that two threads may draw
        if known is None or known[0] != epoch:
            known = epoch, np.random.default_rng([self._seed, _EPOCHS, epoch]).permutation(len(self._pool))
            self._epoch = known
        return self._pool[int(known[1][place])]


def _factors(films: Sequence[Film], balance: Balance) -> list[float]:
    """By how much the loss of each film counts beside its own weight: for its class, 1 on average, or against the
    weight that already decided how often it is drawn."""
    if balance in _SHARED:
        return [1.0 / film.weight for film in films]
    if balance is not Balance.CLASS_WEIGHT:
        return [1.0] * len(films)
    counts = Counter(film.label for film in films)
    return [len(films) / (len(counts) * counts[film.label]) for film in films]


def _by_source_class_view(films: Sequence[Film]) -> Tree:
    tree: dict[str, dict[int, dict[str, list[int]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for index, film in enumerate(films):
        tree[film.source][film.label][film.view].append(index)
    return {s: {c: list(views.values()) for c, views in classes.items()} for s, classes in tree.items()}


def _shares(films: Sequence[Film], balance: Balance) -> dict[str, float]:
    """How often each source is drawn, 0..1: by the mean weight of its films, or by the root of their number."""
    weights: dict[str, list[float]] = defaultdict(list)
    for film in films:
        weights[film.source].append(film.weight)
    roots = balance is Balance.ROOTS
    parts = {source: len(some) ** 0.5 if roots else float(np.mean(some)) for source, some in weights.items()}
    return {source: part / sum(parts.values()) for source, part in parts.items()}


def _mixed(batch: Batch, mixup: float, rng: np.random.Generator) -> Batch:
    """Each film with a smaller part of another one of the batch laid over it, and labels and weights in proportion
    (Zhang et al., "mixup", ICLR 2018)."""
    size = len(batch.inputs)
    own = rng.beta(mixup, mixup, (size, 1)).astype(np.float32)
    own = np.maximum(own, 1.0 - own)
    other = rng.permutation(size)

    def mix(values: NDArray[np.float32]) -> NDArray[np.float32]:
        share = own.reshape(size, *[1] * (values.ndim - 1))
        mixed: NDArray[np.float32] = share * values + (1.0 - share) * values[other]
        return mixed

    return Batch(mix(batch.inputs), mix(batch.labels), mix(batch.weights))


def _sample(
    tree: Tree, size: int, rng: np.random.Generator, shares: Mapping[str, float] | None = None
) -> list[tuple[int, int]]:
    """Films by source, then class, then view, each with equal chance where it has films at all; sources by their
    shares where there are some."""
    sources = list(tree)
    start = int(rng.integers(0, 2 * len(sources)))  # so that rounding favours no source and no class over time
    ends = None if shares is None else np.cumsum([shares[source] for source in sources])
    offset = float(rng.random())  # one draw a batch: the sources of a batch lie as even as their shares allow
    drawn = []
    for slot in range(start, start + size):
        if ends is None:
            classes = tree[sources[slot % len(sources)]]
            number = slot // len(sources)
        else:
            place = ((slot - start + offset) / size) % 1.0
            classes = tree[sources[min(int(np.searchsorted(ends, place, side="right")), len(sources) - 1)]]
            number = slot
        views = classes[list(classes)[number % len(classes)]]
        view = views[int(rng.integers(len(views)))]
        drawn.append((view[int(rng.integers(len(view)))], -1))
    return drawn
