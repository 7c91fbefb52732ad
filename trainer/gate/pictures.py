"""Gathers what the gate is fitted on: accepted films, as they came and varied, and pictures of every other kind.

Films are drawn evenly by source and class from one part of a split; the same seed draws the same pictures.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.contract import Preprocessing
from models.pixel_gate import burnt_out
from models.radiograph import FilmFormat, Radiograph, UnreadableFilm, read_radiograph
from trainer.data.augment import augment
from trainer.data.batches import load_film
from trainer.errors import TrainerError
from trainer.gate.drawn import DRAWERS
from trainer.gate.kinds import Kind
from trainer.gate.negatives import MADE_OF_FILMS, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from trainer.data.films import Film

VARIED: Final = 2  # training views of each film, beside the film itself


@dataclass(frozen=True, slots=True)
class Example:
    """One picture as the network sees it: float32 (224, 224, 1), with the film that it is or was made of."""

    tensor: NDArray[np.float32]
    kind: Kind
    film: Film
    plain: bool = False  # the film as it came
    burnt_out: tuple[float, float] = (0.0, 0.0)  # see `models.pixel_gate.burnt_out`; of plain films only


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
    """Each film as it came, `VARIED` of its training views, and as many pictures of other kinds, a kind in turn.

    Args:
        films: in this order.
        seed: of every choice.
        preprocessing: the contract's version that the network was trained with.

    Raises:
        TrainerError: a film cannot be read.
    """
    makers = {**MADE_OF_FILMS, **DRAWERS}
    kinds = [*MADE_OF_FILMS, *MADE_OF_FILMS, *DRAWERS]  # what differs from films least is seen twice as often
    turn = 0

    for number, film in enumerate(films):
        rng = np.random.default_rng([seed, number])
        pixels = read_pixels(film)
        yield Example(tensor_of(pixels, preprocessing), Kind.FILM, film, plain=True, burnt_out=burnt_out(pixels))
        small = load_film(film)
        for _ in range(VARIED):
            yield Example(augment(small, preprocessing.side, rng, preprocessing)[..., np.newaxis], Kind.FILM, film)
        for _ in range(1 + VARIED):
            kind = kinds[turn % len(kinds)]
            turn += 1
            yield Example(tensor_of(makers[kind](pixels, rng), preprocessing), kind, film)


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
