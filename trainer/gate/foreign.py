"""Makes more of what the gate must not accept, by other means than `negatives`; pure but for its generator.

Until lite0-2026.11.3 gates were judged on these pictures. Looked at too often for that, they are learned from since,
and `trainer.gate.unseen` judges. Nothing here shares code with `trainer.gate.negatives`, `drawn` or `anatomy`: exposure
counts photons, cut-off films slide under a mask, bodies are three-dimensional and looked at by sums of rays, text is
invented strokes, photographs are rendered spheres and fractals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from trainer.gate.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Picture = NDArray[np.float32]
_PHOTONS: Final = 4000.0  # that reach a pixel behind the lungs in a good film


def inverted(film: Picture, rng: np.random.Generator) -> Picture:
    """By the table of a display: 255 less the level, then another contrast."""
    image = ImageOps.invert(_image(film))
    image = ImageEnhance.Contrast(image).enhance(float(rng.uniform(0.7, 1.4)))
    return _array(ImageEnhance.Brightness(image).enhance(float(rng.uniform(0.7, 1.25))))


def rotated(film: Picture, rng: np.random.Generator) -> Picture:
    """By transposing, or by any angle from 40 degrees on with the frame growing around it."""
    turns = (
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_180,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSPOSE,
    )
    image = _image(film)
    if rng.random() < 0.6:
        return _array(image.transpose(turns[int(rng.integers(0, 4))]))
    return _array(image.rotate(float(rng.uniform(40, 320)), Image.Resampling.BICUBIC, expand=True))


def under_exposed(film: Picture, rng: np.random.Generator) -> Picture:
    """A hundredth to a thousandth of the photons: their counts, as a detector shows them."""
    photons = _PHOTONS * np.exp(-4.0 * film) * 10 ** rng.uniform(-3.2, -2.5)
    counts = rng.poisson(photons).astype(np.float32)
    return np.asarray(np.clip(-np.log((counts + 0.5) / (_PHOTONS * 10**-2.5)) / 4.0, 0, 1), np.float32)


def over_exposed(film: Picture, rng: np.random.Generator) -> Picture:
    """A detector that is full wherever the body is thin: lungs, shoulders and flanks are one black."""
    photons = np.exp(-3.0 * film)
    full = np.quantile(photons, rng.uniform(0.12, 0.4))
    shown = -np.log(np.minimum(photons, full) / photons.max()) / 3.0
    return np.asarray((shown - shown.min()) / max(float(np.ptp(shown)), 1e-6), np.float32)


def cut_off(film: Picture, rng: np.random.Generator) -> Picture:
    """The film slides under a mask of its own size until half of it or more is gone; what is left may be enlarged."""
    height, width = film.shape
    axis = int(rng.integers(0, 2))
    shift = int((height, width)[axis] * rng.uniform(0.5, 0.7)) * (1 if rng.random() < 0.5 else -1)
    kept = film[max(shift, 0) : height + min(shift, 0)] if axis == 0 else film[:, max(shift, 0) : width + min(shift, 0)]
    if rng.random() < 0.6:
        return np.ascontiguousarray(kept)
    frame = np.zeros_like(film)
    frame[: kept.shape[0], : kept.shape[1]] = kept
    return frame


def not_chest(_film: Picture, rng: np.random.Generator) -> Picture:
    """Bodies of random ellipsoids, bones in them, as the sum of what rays meet (a radiograph) or as one slice."""
    side, count = 56, int(rng.integers(6, 26))
    z, y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j, -1 : 1 : side * 1j]
    long = rng.random() < 0.5
    body = (
        (x / rng.uniform(0.25, 0.9)) ** 2 + (z / rng.uniform(0.25, 0.9)) ** 2 + (y / (3.0 if long else 0.9)) ** 2
    ) < 1
    density = body * 0.3
    for _ in range(count):
        centre, size = rng.uniform(-0.7, 0.7, 3), rng.uniform(0.03, 0.35, 3)
        if rng.random() < 0.4:
            size[int(rng.integers(0, 3))] *= 4  # a shaft
        part = ((x - centre[0]) / size[0]) ** 2 + ((y - centre[1]) / size[1]) ** 2 + ((z - centre[2]) / size[2]) ** 2
        density = np.where(body & (part < 1), density + rng.uniform(-0.25, 0.7) * (part > rng.uniform(0, 0.8)), density)
    density = np.maximum(density, 0)
    seen = density.sum(axis=0) if rng.random() < 0.5 else density[int(rng.integers(side // 3, 2 * side // 3))]
    image = _image(np.asarray(seen / max(float(seen.max()), 1e-6), np.float32)).resize(
        (320, 320), Image.Resampling.BICUBIC
    )
    grainy = _array(image) + rng.standard_normal((320, 320)).astype(np.float32) * np.float32(rng.uniform(0.005, 0.03))
    return np.clip(grainy, 0, 1)


def photograph(_film: Picture, rng: np.random.Generator) -> Picture:
    """Shaded spheres on a chequered floor under a sky, or a Julia set."""
    height, width = 240, 320
    if rng.random() < 0.35:
        y, x = np.mgrid[-1.2 : 1.2 : height * 1j, -1.6 : 1.6 : width * 1j]
        point, constant = x + 1j * y, complex(rng.uniform(-0.9, 0.3), rng.uniform(0.3, 0.9))
        steps = np.zeros(point.shape)
        for _ in range(40):
            inside = np.abs(point) < 4
            point = np.where(inside, point**2 + constant, point)
            steps += inside
        return np.asarray(steps / 40, np.float32)
    y, x = np.mgrid[1 : -1 : height * 1j, -1.33 : 1.33 : width * 1j]
    horizon = rng.uniform(-0.3, 0.3)
    depth = 1 / np.maximum(horizon - y, 1e-3)
    floor = ((np.floor(x * depth * 2) + np.floor(depth * 2)) % 2) * rng.uniform(0.2, 0.6) + 0.2
    picture = np.where(y > horizon, rng.uniform(0.5, 0.9) + 0.2 * y, floor)
    light = np.array([rng.uniform(-1, 1), rng.uniform(0.3, 1), rng.uniform(0.4, 1)])
    light /= np.linalg.norm(light)
    for _ in range(int(rng.integers(2, 9))):
        cx, cy, radius = rng.uniform(-1.2, 1.2), rng.uniform(-0.8, 0.6), rng.uniform(0.08, 0.5)
        nx, ny = (x - cx) / radius, (y - cy) / radius
        nz = np.sqrt(np.maximum(1 - nx**2 - ny**2, 0))
        shade = np.clip(nx * light[0] + ny * light[1] + nz * light[2], 0, 1) * rng.uniform(0.4, 0.9)
        picture = np.where(nz > 0, 0.08 + shade + np.clip(shade, 0, 1) ** 20, picture)
    return np.asarray(np.clip(picture, 0, 1), np.float32)


def screenshot(film: Picture, rng: np.random.Generator) -> Picture:
    """Panels by halving the screen again and again, filled with bars, curves, strokes for text, or the film."""
    picture = np.full((360, 640), rng.random(), np.float32)
    panels = [(0, 0, 360, 640)]
    for _ in range(int(rng.integers(2, 5))):
        panels = [part for panel in panels for part in _halved(panel, rng)]
    for number, (top, left, bottom, right) in enumerate(panels):
        high, wide = bottom - top - 4, right - left - 4
        if high < 12 or wide < 12:
            continue
        view = picture[top + 2 : bottom - 2, left + 2 : right - 2]
        view[:] = rng.random()
        choice = rng.random()
        if choice < 0.4:
            _strokes(view, int(rng.integers(5, 12)), float(rng.random()), rng)
        elif choice < 0.6:
            for column in range(4, wide - 8, 12):
                view[int(high * rng.random()) :, column : column + 7] = rng.random()
        elif choice < 0.8 and number < 3:
            view[:] = _array(_image(film).resize((wide, high)))
        view[: min(9, high // 4)] = rng.random()
    return picture


def scanned_page(_film: Picture, rng: np.random.Generator) -> Picture:
    """Strokes that look like lines of a script on paper with the shadow of a fold, slightly curled."""
    page = np.full((560, 400), 0.93, np.float32)
    margin = int(rng.integers(15, 60))
    columns = int(rng.integers(1, 3))
    wide = (400 - 2 * margin) // columns
    for column in range(columns):
        left = margin + column * wide
        _strokes(
            page[margin : 560 - margin, left : left + wide - 12], int(rng.integers(6, 16)), rng.uniform(0.0, 0.4), rng
        )
    image = _image(page).filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.0))))
    curl = rng.uniform(-0.06, 0.06)
    image = image.transform(
        image.size,
        Image.Transform.QUAD,
        (0, 0, 400 * curl, 560, 400 * (1 - curl), 560 * (1 - abs(curl)), 400, 0),
        Image.Resampling.BILINEAR,
        fillcolor=200,
    )
    fold = np.exp(-(((np.linspace(0, 1, 400) - rng.random()) / 0.08) ** 2)) * rng.uniform(0, 0.3)
    return np.asarray(np.clip(_array(image) * (1 - fold) + rng.standard_normal((560, 400)) * 0.02, 0, 1), np.float32)


def blank(_film: Picture, rng: np.random.Generator) -> Picture:
    """A detector without a patient: dead lines, dust, a heel of brightness, blotches, fixed-pattern stripes."""
    picture = np.full((300, 300), rng.uniform(0.1, 0.9), np.float32)
    picture += np.linspace(-0.5, 0.5, 300, dtype=np.float32)[:, None] * np.float32(rng.uniform(-0.6, 0.6))
    if rng.random() < 0.5:
        picture += (rng.random(300) * rng.uniform(0.02, 0.3)).astype(np.float32)
    if rng.random() < 0.5:
        blotches = rng.random((int(rng.integers(2, 12)), int(rng.integers(2, 12)))).astype(np.float32)
        picture += np.asarray(Image.fromarray(blotches).resize((300, 300), Image.Resampling.BICUBIC)) * np.float32(
            rng.uniform(0, 0.5)
        )
    for _ in range(int(rng.integers(0, 4))):
        picture[:, int(rng.integers(0, 300))] = rng.random()
    picture += rng.gamma(2.0, rng.uniform(0.005, 0.06), picture.shape).astype(np.float32)
    return np.clip(picture, 0, 1)


MAKERS: Final[Mapping[Kind, Callable[[Picture, np.random.Generator], Picture]]] = {
    Kind.INVERTED: inverted,
    Kind.ROTATED: rotated,
    Kind.UNDER_EXPOSED: under_exposed,
    Kind.OVER_EXPOSED: over_exposed,
    Kind.CUT_OFF: cut_off,
    Kind.NOT_CHEST: not_chest,
    Kind.PHOTOGRAPH: photograph,
    Kind.SCREENSHOT: screenshot,
    Kind.SCANNED_PAGE: scanned_page,
    Kind.BLANK: blank,
}


def shifted(film: Picture, rng: np.random.Generator) -> Picture:
    """A film as elsewhere, which must still be accepted: one or two of tilt to 15 degrees, gamma, equalisation, blur,
    noise, a border, a marker, a tighter crop, fewer pixels."""
    image = _image(film)
    for step in rng.choice(9, size=int(rng.integers(1, 3)), replace=False):
        width, height = image.size
        if step == 0:
            image = image.rotate(float(rng.uniform(-15, 15)), Image.Resampling.BICUBIC)
        elif step == 1:
            power = float(rng.uniform(0.6, 1.6))
            image = image.point([round(255 * (level / 255) ** power) for level in range(256)])
        elif step == 2:
            image = Image.blend(image, ImageOps.equalize(image), float(rng.uniform(0.3, 1.0)))
        elif step == 3:
            image = image.filter(ImageFilter.GaussianBlur(width / 224 * float(rng.uniform(0.5, 1.5))))
        elif step == 4:
            noise = rng.standard_normal((height, width)).astype(np.float32) * np.float32(rng.uniform(0.01, 0.05))
            image = _image(np.clip(_array(image) + noise, 0, 1))
        elif step == 5:
            edge = int(width * rng.uniform(0.02, 0.08))
            image = ImageOps.expand(image, edge, fill=int(rng.choice([0, 0, 255])))
        elif step == 6:
            image.paste(
                int(rng.integers(200, 256)),
                (width // 20, height // 20, width // 20 + width // 10, height // 20 + height // 14),
            )
        elif step == 7:
            cut = [int(side * rng.uniform(0.0, 0.07)) for side in (width, height, width, height)]
            image = image.crop((cut[0], cut[1], width - cut[2], height - cut[3]))
        else:
            image = image.resize((128, 128 * height // width), Image.Resampling.LANCZOS)
    return _array(image)


def _halved(panel: tuple[int, int, int, int], rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    top, left, bottom, right = panel
    share = rng.uniform(0.2, 0.8)
    if (bottom - top) * 1.6 > right - left:
        middle = top + int((bottom - top) * share)
        return [(top, left, middle, right), (middle, left, bottom, right)]
    middle = left + int((right - left) * share)
    return [(top, left, bottom, middle), (top, middle, bottom, right)]


def _strokes(view: Picture, size: int, ink: float, rng: np.random.Generator) -> None:
    """Rows of small random strokes, with gaps between words, in place."""
    height, width = view.shape
    for top in range(2, height - size, int(size * 1.6)):
        left = 2
        end = int(width * (0.5 if rng.random() < 0.2 else 1.0))
        while left < end - size:
            for _ in range(3):
                row, column = top + int(rng.integers(0, size)), left + int(rng.integers(0, max(size // 2, 1)))
                if rng.random() < 0.5:
                    view[row : row + 1, left : left + size // 2] = ink
                else:
                    view[top : top + size, column : column + 1] = ink
            left += size // 2 + 2 + (size // 2 if rng.random() < 0.18 else 0)


def _image(film: Picture) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(film, 0, 1) * 255.0).astype(np.uint8))


def _array(image: Image.Image) -> Picture:
    return np.asarray(image.convert("L"), dtype=np.float32) / np.float32(255.0)
