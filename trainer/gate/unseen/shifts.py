"""Shifts chest films within the limits of use: films as other departments make them, which must still be accepted."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from trainer.gate.unseen.shapes import blurred, font, one_of, resized, shown, to_image, to_picture

if TYPE_CHECKING:
    from trainer.gate.unseen.shapes import Picture, Plane


def shifted(film: Picture, rng: np.random.Generator) -> Picture:
    """A film as elsewhere, which must still be accepted: one to three of what the limits of use allow, each once."""
    groups = (
        (_tilted,),
        (_tighter,),
        (_toned, _locally, _evenly),  # one alone: two could leave the limits together
        (_marked,),
        (_coarse,),
        (_unsharp, _grainy),
        (_bordered,),
        (_compressed,),
    )
    made = film
    for number in sorted(rng.choice(len(groups), size=int(rng.integers(1, 4)), replace=False)):  # as a film meets them
        made = shown(one_of(groups[int(number)], rng)(made, rng))
    return made


def _tilted(film: Picture, rng: np.random.Generator) -> Plane:
    return turned(film, rng.uniform(-15, 15), rng)


def _toned(film: Picture, rng: np.random.Generator) -> Plane:
    return film ** np.float32(rng.uniform(0.6, 1.6))


def _tighter(film: Picture, rng: np.random.Generator) -> Plane:
    height, width = film.shape
    top, bottom, left, right = rng.uniform(0, 0.07, 4)
    return film[int(top * height) : height - int(bottom * height), int(left * width) : width - int(right * width)]


def _bordered(film: Picture, rng: np.random.Generator) -> Plane:
    wide = [(int(rng.uniform(0, 0.08) * side), int(rng.uniform(0, 0.08) * side)) for side in film.shape]
    return np.pad(film, wide, constant_values=float(rng.choice([0.0, 0.0, 1.0, 0.5])))


def _marked(film: Picture, rng: np.random.Generator) -> Plane:
    image = to_image(film)
    height, width = film.shape
    size = max(int(height * rng.uniform(0.04, 0.08)), 7)
    where = (int(width * rng.choice([0.03, 0.88])), int(height * rng.uniform(0.02, 0.15)))
    text = str(rng.choice(["R", "L", "PA", "AP", "R 12"]))
    ImageDraw.Draw(image).text(where, text, int(rng.integers(200, 256)), font(size))
    return to_picture(image)


def _locally(film: Picture, rng: np.random.Generator) -> Plane:
    """Unsharp masking with a wide mask, as detectors' software does."""
    wide = blurred(film, min(film.shape) * rng.uniform(0.03, 0.12))
    return wide * rng.uniform(0.8, 1.0) + (film - wide) * rng.uniform(1.0, 1.6) + 0.05


def _evenly(film: Picture, rng: np.random.Generator) -> Plane:
    return to_picture(Image.blend(to_image(film), ImageOps.equalize(to_image(film)), rng.uniform(0.3, 1.0)))


def _unsharp(film: Picture, rng: np.random.Generator) -> Plane:
    return blurred(film, min(film.shape) / 224 * rng.uniform(0.5, 1.5))


def _grainy(film: Picture, rng: np.random.Generator) -> Plane:
    return film + rng.standard_normal(film.shape) * rng.uniform(0.01, 0.05) * np.sqrt(np.maximum(film, 0.2))


def _compressed(film: Picture, rng: np.random.Generator) -> Plane:
    kept = io.BytesIO()
    to_image(film).save(kept, "JPEG", quality=int(rng.integers(25, 80)))
    return to_picture(Image.open(kept))


def _coarse(film: Picture, rng: np.random.Generator) -> Plane:
    share = rng.uniform(110, 200) / min(film.shape)
    return resized(film, int(film.shape[0] * min(share, 1.0)), int(film.shape[1] * min(share, 1.0)))


def turned(film: Plane, angle: float, rng: np.random.Generator) -> Picture:
    """By degrees, corners black, grey, white or the film's edge gone on; the frame grows with it or does not."""
    if angle == 0:
        return shown(film)
    corner = int(rng.integers(0, 4))
    if corner < 3:
        image = to_image(film)
        grows = bool(rng.random() < 0.4) and abs(angle) > 15  # a tilted film keeps its frame
        return to_picture(image.rotate(angle, Image.Resampling.BICUBIC, expand=grows, fillcolor=(0, 128, 255)[corner]))
    height, width = film.shape
    wide = to_image(np.pad(film, ((height // 2,) * 2, (width // 2,) * 2), mode="edge"))
    turned = wide.rotate(angle, Image.Resampling.BICUBIC)
    return to_picture(turned.crop((width // 2, height // 2, width // 2 + width, height // 2 + height)))
