"""Makes what the gate must not accept out of films that it must; pure but for its generator.

Every picture is float32 (height, width) in 0..1, of the size of the film it was made of or near to it. What is made
here is learned from; what the gate is judged on is made by other code (`trainer.gate.unseen`).
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.gate.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Picture = NDArray[np.float32]
LEFT: Final = 0.51  # of a side; a film with no more of it is cut off: that is what cut-off means here
# Of a side; with so much and more it is accepted, though no film should lack that much: a gate that knew adults alone,
# and nothing between LEFT and 0.86, called 26 of 400 children cut off.
KEPT: Final = 0.68
FROM_DEGREES: Final = 32.0  # a film turned by less is accepted: 15 degrees must be, and from 30 on it must not


def vary(film: Picture, rng: np.random.Generator) -> Picture:
    """Another exposure and export of the same film, so that no kind is told by the film's own grey levels."""
    if rng.random() < 0.5:
        film = film[:, ::-1]
    if rng.random() < 0.6:
        film = np.power(film, np.float32(math.exp(rng.uniform(-0.5, 0.5))))
    if rng.random() < 0.5:
        low, high = rng.uniform(-0.1, 0.1), rng.uniform(0.88, 1.15)
        film = np.clip((film - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    if rng.random() < 0.3:
        noise = rng.standard_normal(film.shape, dtype=np.float32)
        film = np.clip(film + noise * np.float32(rng.uniform(0.005, 0.04)), 0.0, 1.0)
    if rng.random() < 0.3:
        stream = io.BytesIO()
        _image(film).save(stream, "JPEG", quality=int(rng.integers(30, 95)))
        film = np.asarray(Image.open(stream), dtype=np.float32) / np.float32(255.0)
    return np.ascontiguousarray(film, dtype=np.float32)


def tightened(film: Picture, rng: np.random.Generator) -> Picture:
    """A film that lacks something at its edges, `KEPT` and more of each side left: it is accepted."""
    film = vary(film, rng)
    top, high = _span(film.shape[0], rng.uniform(KEPT, 1.0), rng)
    left, wide = _span(film.shape[1], rng.uniform(KEPT, 1.0), rng)
    return np.ascontiguousarray(film[top : top + high, left : left + wide])


def inverted(film: Picture, rng: np.random.Generator) -> Picture:
    """Black for white, as MONOCHROME1 shown without its tag; a third are also turned a little."""
    turned = np.float32(1.0) - vary(film, rng)
    if rng.random() < 0.33:
        return _turn(turned, rng.uniform(-15, 15), 0.0 if rng.random() < 0.5 else 1.0)
    return turned


def rotated(film: Picture, rng: np.random.Generator) -> Picture:
    """A quarter or half turn, upside down, or any angle from `FROM_DEGREES` on; corners come in grey, mostly black."""
    film = vary(film, rng)
    choice = rng.random()
    if choice < 0.55:
        film = np.ascontiguousarray(np.rot90(film, int(rng.integers(1, 4))))
        return _turn(film, rng.uniform(-12, 12), 0.0) if rng.random() < 0.5 else film
    if choice < 0.7:
        return np.ascontiguousarray(film[::-1])
    angle = rng.uniform(FROM_DEGREES, 360 - FROM_DEGREES)
    return _turn(film, angle, 0.0 if rng.random() < 0.7 else float(rng.random()))


def under_exposed(film: Picture, rng: np.random.Generator) -> Picture:
    """Half of it and more burnt to white, or so few photons that noise hides the lungs."""
    film = vary(film, rng)
    choice = rng.random()
    if choice < 0.3:
        return _starved(film, rng)
    if choice < 0.65:
        white = float(np.quantile(film, rng.uniform(0.12, 0.5)))
        return np.clip(film / np.float32(max(white, 0.02)), 0.0, 1.0).astype(np.float32)
    levels = film * np.float32(rng.uniform(0.3, 1.0)) + np.float32(rng.uniform(0.0, 0.4))
    grain = Image.fromarray(
        rng.standard_normal([max(1, int(n * rng.uniform(0.4, 1.0))) for n in film.shape]).astype("f")
    )
    noise = np.asarray(grain.resize(film.shape[::-1], Image.Resampling.BILINEAR))
    sigma = rng.uniform(0.35, 0.9) * max(film.shape) / 224  # what is left of it at 224 pixels counts
    return np.clip(levels + noise * np.float32(sigma), 0.0, 1.0).astype(np.float32)


def _starved(film: Picture, rng: np.random.Generator) -> Picture:
    """A few photons a pixel, counted, and the logarithm of the counts spread as a workstation spreads it."""
    depth, photons = rng.uniform(2.5, 5.0), 10 ** rng.uniform(-0.3, 1.2)
    counts = rng.poisson(photons * np.exp(-depth * film) * rng.uniform(0.5, 1.5)).astype(np.float32)
    shown = -np.log((counts + rng.uniform(0.3, 1.0)) / photons)
    low, high = np.quantile(shown, [0.01, 0.99])
    spread = (shown - low) / max(high - low, 1e-3) * rng.uniform(0.6, 1.0) + rng.uniform(0.0, 0.3)
    return np.clip(spread, 0.0, 1.0).astype(np.float32)


def over_exposed(film: Picture, rng: np.random.Generator) -> Picture:
    """Lungs and more burnt to black."""
    film = vary(film, rng)
    body = film[film > 0.04]
    black = float(np.quantile(body if body.size else film, rng.uniform(0.5, 0.92)))
    darker = np.clip((film - np.float32(black)) / np.float32(max(1.0 - black, 0.05)), 0.0, 1.0)
    return np.asarray(darker * np.float32(rng.uniform(0.4, 1.0)), dtype=np.float32)


def cut_off(film: Picture, rng: np.random.Generator) -> Picture:
    """A part of the film that lacks a lung, or the upper or lower half of both, or shows one lung field only: `LEFT` of
    a side at most. What leaves `KEPT` and more of both sides is a film still (`tightened`)."""
    film = vary(film, rng)
    height, width = film.shape
    choice = rng.random()
    if choice < 0.4:  # one side
        wide = int(width * rng.uniform(0.28, LEFT))
        left = 0 if rng.random() < 0.5 else width - wide
        top, high = _span(height, rng.uniform(0.75, 1.0), rng)
    elif choice < 0.75:  # upper or lower part
        high = int(height * rng.uniform(0.25, LEFT))
        top = 0 if rng.random() < 0.5 else height - high
        left, wide = _span(width, rng.uniform(0.75, 1.0), rng)
    else:
        top, high = _span(height, rng.uniform(0.25, LEFT), rng)
        left, wide = _span(width, rng.uniform(0.25, LEFT), rng)
    part = film[top : top + high, left : left + wide]
    if rng.random() < 0.3:  # the film slid out of the frame: what is left keeps its place
        frame = np.full_like(film, 0.0 if rng.random() < 0.7 else float(rng.random()))
        row = 0 if top else height - high
        column = 0 if left else width - wide
        frame[row : row + high, column : column + wide] = part
        return frame
    return np.ascontiguousarray(part)


MADE_OF_FILMS: Final[Mapping[Kind, Callable[[Picture, np.random.Generator], Picture]]] = {
    Kind.INVERTED: inverted,
    Kind.ROTATED: rotated,
    Kind.UNDER_EXPOSED: under_exposed,
    Kind.OVER_EXPOSED: over_exposed,
    Kind.CUT_OFF: cut_off,
}


def _span(length: int, share: float, rng: np.random.Generator) -> tuple[int, int]:
    size = max(1, int(length * share))
    return int(rng.integers(0, length - size + 1)), size


def _turn(film: Picture, degrees: float, fill: float) -> Picture:
    turned = _image(film).rotate(degrees, Image.Resampling.BILINEAR, fillcolor=round(fill * 255))
    return np.asarray(turned, dtype=np.float32) / np.float32(255.0)


def _image(film: Picture) -> Image.Image:
    return Image.fromarray(np.rint(film * 255.0).astype(np.uint8))
