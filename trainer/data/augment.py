"""Draws a film as another scanner, another exposure or another export might have given it; pure but for its generator.

Each step answers a shift that films from elsewhere show: geometry (also the aspect ratio, which alone tells the classes
of the children's set apart), exposure, contrast equalisation, sharpness, noise, recompression, borders and markers.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from models.contract import Preprocessing, squash
from trainer.recipes.recipe import Augmentation

Pixels = NDArray[np.float32]
Bytes = NDArray[np.uint8]
BORROWING: Final = 0.35  # the share of mixed views that borrow the tones of another film


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a view may be from its film.

    Attributes:
        zoom: logarithm of the largest enlargement; what lies beyond the frame is lost.
        slope: of the steepest S-curve, and `curve` the most of it that is mixed in, 0..1.
        window: by how much the grey levels may be clipped at the dark end; half as much more at the bright one.
        light: the largest change of grey from the middle to an edge, by light from a side.
        quality: the lowest of JPEG.
        local: the share of views whose contrast is spread place by place, as equalising exports do.
    """

    zoom: float
    slope: float
    curve: float
    window: float
    light: float
    quality: int
    local: float


NEAR: Final = Reach(zoom=0.18, slope=8.0, curve=0.9, window=0.12, light=0.15, quality=30, local=0.0)
# Films of the validation part that were cropped, windowed, equalised or recompressed beyond NEAR were called pneumonia
# too often, although they were ranked as well (docs/models.md): the network has to see such films called normal.
FAR: Final = Reach(zoom=0.34, slope=12.0, curve=1.0, window=0.22, light=0.25, quality=12, local=0.2)


def _geometry(image: Image.Image, rng: np.random.Generator, reach: Reach) -> Image.Image:
    """Rotate, scale with another aspect, shift, shear; what comes in from outside has one grey level, mostly black."""
    width, height = image.size
    angle = math.radians(rng.uniform(-14, 14))
    scale = math.exp(rng.uniform(-0.22, reach.zoom))
    aspect = math.exp(rng.uniform(-0.16, 0.16))
    sx, sy, shear = scale * aspect, scale / aspect, rng.uniform(-0.08, 0.08)
    cos, sin = math.cos(angle), math.sin(angle)
    a, b, d, e = cos / sx, sin / sx + shear, -sin / sy, cos / sy
    cx = width / 2 + rng.uniform(-0.08, 0.08) * width
    cy = height / 2 + rng.uniform(-0.08, 0.08) * height
    matrix = (a, b, width / 2 - a * cx - b * cy, d, e, height / 2 - d * cx - e * cy)
    fill = 0 if rng.random() < 0.7 else int(rng.integers(0, 256))
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=fill)


def moved(film: Pixels, rng: np.random.Generator) -> Pixels:
    """A film (height, width) in 0..1 as another hand would have placed it in its frame: see `_geometry`."""
    image = Image.fromarray(np.rint(film * 255.0).astype(np.uint8))
    return np.asarray(_geometry(image, rng, NEAR), dtype=np.float32) / np.float32(255.0)


def _sharpness(image: Image.Image, rng: np.random.Generator, reach: Reach) -> Image.Image:
    """Spread contrast place by place; blur, sharpen, or lose resolution and come back."""
    if reach.local and rng.random() < reach.local:
        radius = image.width * rng.uniform(0.06, 0.2)
        image = image.filter(ImageFilter.UnsharpMask(radius=radius, percent=int(rng.integers(60, 260)), threshold=0))
    choice = rng.random()
    if choice < 0.25:
        return image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.6))))
    if choice < 0.40:
        return image.filter(
            ImageFilter.UnsharpMask(radius=float(rng.uniform(1, 4)), percent=int(rng.integers(50, 220)), threshold=0)
        )
    if choice < 0.55:
        side = int(image.width * rng.uniform(0.4, 0.9))
        return image.resize((side, side), Image.Resampling.BILINEAR).resize(image.size, Image.Resampling.BICUBIC)
    return image


def _tone(pixels: Pixels, rng: np.random.Generator, reach: Reach) -> Pixels:
    """Another exposure: gamma, an S-curve, a gradient of light across the film, clipped ends."""
    if rng.random() < 0.7:
        pixels = np.power(pixels, np.float32(math.exp(rng.uniform(-0.6, 0.6))))
    if rng.random() < 0.3:
        slope = rng.uniform(2.0, reach.slope)
        curve = 1.0 / (1.0 + np.exp(-slope * (pixels - rng.uniform(0.35, 0.65))))
        pixels = pixels + np.float32(rng.uniform(0.2, reach.curve)) * (curve.astype(np.float32) - pixels)
    if rng.random() < 0.2:
        ramp = np.linspace(-1, 1, pixels.shape[0], dtype=np.float32)
        light = ramp[:, None] * rng.uniform(-reach.light, reach.light)
        light = light + ramp[None, :] * rng.uniform(-reach.light, reach.light)
        pixels = pixels + light.astype(np.float32)
    if rng.random() < 0.5:
        low, high = rng.uniform(-0.1, reach.window), rng.uniform(1.03 - 1.5 * reach.window, 1.1)
        pixels = (pixels - np.float32(low)) / np.float32(high - low)
    return np.clip(pixels, 0.0, 1.0).astype(np.float32)


def _export(image: Image.Image, rng: np.random.Generator, reach: Reach) -> Image.Image:
    """JPEG at some quality."""
    if rng.random() < 0.4:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(reach.quality, 96)))
        image = Image.open(buffer)
        image.load()
    return image


def _cover(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Collimation borders, a bright marker, an occluded patch: what a network must not lean on."""
    pixels = pixels.copy()
    height, width = pixels.shape
    if rng.random() < 0.25:
        for axis in range(2):
            before, after = rng.integers(0, height // 9, size=2)
            value = np.float32(0.0 if rng.random() < 0.8 else rng.random())
            view = pixels if axis == 0 else pixels.T
            view[:before] = value
            view[height - after :] = value
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(1, 3))):
            h, w = rng.integers(4, 20), rng.integers(4, 30)
            top = rng.integers(0, height // 5) if rng.random() < 0.7 else rng.integers(0, height - h)
            left = rng.choice([rng.integers(0, width // 5), rng.integers(4 * width // 5, width - 4)])
            pixels[top : top + h, left : left + w] = np.float32(rng.uniform(0.7, 1.0))
    if rng.random() < 0.25:
        h, w = rng.integers(height // 8, height // 3, size=2)
        top, left = rng.integers(0, height - h), rng.integers(0, width - w)
        pixels[top : top + h, left : left + w] = np.float32(rng.random())
    return pixels


def borrow_tones(film: Bytes, other: Bytes, share: float) -> Bytes:
    """A film whose grey levels move towards the distribution of another one's: histogram matching, ``share`` of it.

    Films of one source have tones of their own; where every source lends its tones to the others, they tell nothing.
    """
    levels = np.linspace(0.0, 1.0, 65)
    own, theirs = np.quantile(film, levels), np.quantile(other, levels)
    curve = np.interp(np.arange(256), own + 1e-6 * np.arange(levels.size), theirs)
    mixed = (1.0 - share) * np.arange(256) + share * curve
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)[film]


def heavy(film: Bytes, rng: np.random.Generator, reach: Reach = NEAR) -> Pixels:
    """A film as another scanner, exposure or export might have given it, (224, 224) in 0..1; see `augment`."""
    image = Image.fromarray(film)
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    if rng.random() < 0.25:
        image = Image.blend(image, ImageOps.equalize(image), float(rng.uniform(0.3, 1.0)))
    if rng.random() < 0.95:
        image = _geometry(image, rng, reach)
    image = _export(_sharpness(image, rng, reach), rng, reach)
    pixels = np.asarray(image, dtype=np.float32) / np.float32(255.0)
    pixels = _tone(pixels, rng, reach)
    if rng.random() < 0.4:
        noise = rng.standard_normal(pixels.shape, dtype=np.float32)
        pixels = np.clip(pixels + noise * np.float32(rng.uniform(0.005, 0.05)), 0.0, 1.0)
    return _cover(pixels, rng)


def shear_zoom_flip(film: Bytes, rng: np.random.Generator) -> Pixels:
    """Shear to 11 degrees, zoom by a fifth, mirror, as the student projects had it from Keras; see `augment`."""
    image = Image.fromarray(film)
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    shear, sx, sy = math.tan(rng.uniform(-0.2, 0.2)), rng.uniform(0.8, 1.2), rng.uniform(0.8, 1.2)
    a, b, e = sx, sx * shear, sy
    width, height = image.size
    matrix = (a, b, width / 2 * (1 - a) - b * height / 2, 0.0, e, height / 2 * (1 - e))
    moved = image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return np.asarray(moved, dtype=np.float32) / np.float32(255.0)


def plain(film: Bytes, side: int, preprocessing: Preprocessing) -> Pixels:
    """The film as the contract gives it, at another size."""
    return _seen(film.astype(np.float32) / np.float32(255.0), side, preprocessing)


def _seen(pixels: Pixels, side: int, preprocessing: Preprocessing) -> Pixels:
    """What the network sees of a film, at a training size."""
    square = preprocessing.square(pixels)
    return square if side == square.shape[0] else squash(square, side)


def augment(
    film: Bytes,
    side: int,
    rng: np.random.Generator,
    preprocessing: Preprocessing,
    kind: Augmentation = Augmentation.HEAVY,
    other: Bytes | None = None,
) -> Pixels:
    """One training view of a film.

    Args:
        film: uint8 (height, width), squashed but not stretched.
        side: of the result, in pixels.
        rng: the only source of chance.
        preprocessing: the contract's version that every view goes through last, as a film in service does.
        kind: how far the view may be from the film.
        other: a film whose tones are borrowed by chance; `Augmentation.MIXED` and `FAR` need one.

    Returns:
        float32 (side, side) in 0..1.
    """
    if kind is Augmentation.NONE:
        return plain(film, side, preprocessing)
    if kind is Augmentation.SHEAR_ZOOM_FLIP:
        return _seen(shear_zoom_flip(film, rng), side, preprocessing)
    if other is not None and rng.random() < BORROWING:
        film = borrow_tones(film, other, float(rng.uniform(0.3, 1.0)))
    reach = FAR if kind is Augmentation.FAR else NEAR
    return _seen(heavy(film, rng, reach), side, preprocessing)
