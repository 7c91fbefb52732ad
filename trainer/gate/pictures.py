"""Gathers what the gate is fitted on: accepted films, as they came and varied, and pictures of every other kind.

Films are drawn evenly by source and class from one part of a split; the same seed draws the same pictures.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from models.contract import Preprocessing
from models.pixel_gate import burnt_out
from models.radiograph import FilmFormat, Radiograph, UnreadableFilm, read_radiograph
from trainer.data.augment import augment, moved
from trainer.data.batches import squashed
from trainer.errors import TrainerError
from trainer.gate.drawn import DRAWERS
from trainer.gate.foreign import MAKERS, shifted
from trainer.gate.kinds import Kind
from trainer.gate.negatives import MADE_OF_FILMS, Picture, tightened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from trainer.data.films import Film

VARIED: Final = 2  # training views of each film, beside the film itself
OTHERS: Final = 7  # pictures of other kinds for each film
MOVED: Final = 0.5  # the share of films that are moved in their frame before another kind is made of them
MOST: Final = 256  # pixels of the longer side of what other kinds are made of: the gate sees a quarter of them


@dataclass(frozen=True, slots=True)
class Example:
    """One picture as the network sees it: float32 (224, 224, 1), with the film that it is or was made of."""

    tensor: NDArray[np.float32]
    kind: Kind
    film: Film
    plain: bool = False  # the film as it came
    burnt_out: tuple[float, float] = (0.0, 0.0)  # see `models.pixel_gate.burnt_out`; of plain films only


def _at_most(pixels: Picture, most: int) -> Picture:
    """A film of so many pixels a side at most."""
    if max(pixels.shape) <= most:
        return pixels
    height, width = (max(1, round(side * most / max(pixels.shape))) for side in pixels.shape)
    image = Image.fromarray(np.ascontiguousarray(pixels, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.float32)


def draw(films: Sequence[Film], count: int, rng: np.random.Generator) -> list[Film]:
    """At most so many films, as evenly by source and class as there are, in no order."""
    groups: dict[tuple[str, int], list[Film]] = defaultdict(list)
    for i in rng.permutation(len(films)):
        groups[films[i].source, films[i].label].append(films[i])
    chosen: list[Film] = []
    for left, group in zip(range(len(groups), 0, -1), sorted(groups.values(), key=len), strict=True):
        chosen += group[: (count - len(chosen)) // left]
    return [chosen[i] for i in rng.permutation(len(chosen))]


def examples(films: Sequence[Film], seed: int, preprocessing: Preprocessing) -> Iterator[Example]:
    """Each film as it came (the first time that it is drawn), `VARIED` of its training views, one as from elsewhere and
    one that lacks something at its edges, and `OTHERS` pictures of other kinds in turn, made of it or drawn, by the
    makers of `negatives`, `drawn` and `foreign`.

    Half of what is made of a film is made of a moved one: an adult's film that is wider, or smaller in its frame, looks
    more like a child's, and what does not hold for it must not be learned.

    Args:
        films: in this order; the same one may come again, and gives other pictures then.
        seed: of every choice.
        preprocessing: the contract's version that the pictures go through.

    Raises:
        TrainerError: a film cannot be read.
    """
    turns = [*((kind, make) for makers in (MADE_OF_FILMS, DRAWERS) for kind, make in makers.items())]
    turns += [(Kind.CUT_OFF, MADE_OF_FILMS[Kind.CUT_OFF])] * 3  # what differs from films least is seen most often
    turns += [*MAKERS.items(), (Kind.CUT_OFF, MAKERS[Kind.CUT_OFF])]
    turn, before = 0, set()

    for number, film in enumerate(films):
        rng = np.random.default_rng([seed, number])
        pixels = read_pixels(film)
        if film.sha256 not in before:
            before.add(film.sha256)
            yield Example(tensor_of(pixels, preprocessing), Kind.FILM, film, plain=True, burnt_out=burnt_out(pixels))
        square = squashed(pixels)
        for _ in range(VARIED):
            yield Example(augment(square, preprocessing.side, rng, preprocessing)[..., np.newaxis], Kind.FILM, film)
        small = _at_most(pixels, MOST)
        yield Example(tensor_of(shifted(small, rng), preprocessing), Kind.FILM, film)
        placed = moved(small, rng) if rng.random() < MOVED else small
        yield Example(tensor_of(tightened(placed, rng), preprocessing), Kind.FILM, film)
        for _ in range(OTHERS):
            kind, make = turns[turn % len(turns)]
            turn += 1
            base = moved(small, rng) if rng.random() < MOVED else small
            yield Example(tensor_of(make(base, rng), preprocessing), kind, film)


def read_pixels(film: Film) -> Picture:
    """A film's grey levels.

    Raises:
        TrainerError: it cannot be read.
    """
    try:
        return read_radiograph(film.path.read_bytes()).pixels
    except (UnreadableFilm, OSError) as error:
        raise TrainerError("read film", film.path, str(error), "remove it from the data folder") from error


def radiograph_of(picture: Picture) -> Radiograph:
    """A made picture as if it had come as a PNG of 8 bits."""
    levels = np.rint(np.clip(picture, 0, 1) * 255.0).astype(np.float32) / np.float32(255.0)
    return Radiograph(levels, FilmFormat.PNG, picture.shape[1], picture.shape[0])


def tensor_of(picture: Picture, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """A picture through the contract."""
    return preprocessing(radiograph_of(picture))
