"""Draws a film as another scanner, another exposure or another export might have given it; pure but for its generator.

Each step answers a shift that films from elsewhere show: geometry (also the aspect ratio, which alone tells the classes
of the children's set apart), exposure, contrast equalisation, sharpness, noise, recompression, borders and markers.
"""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from models.contract import finish_v1, squash, stretch
from trainer.recipes.recipe import Augmentation

Pixels = NDArray[np.float32]


def _geometry(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Rotate, scale with another aspect, shift, shear; what comes in from outside has one grey level, mostly black."""
    width, height = image.size
    angle = math.radians(rng.uniform(-14, 14))
    scale = math.exp(rng.uniform(-0.22, 0.18))
    aspect = math.exp(rng.uniform(-0.16, 0.16))
    sx, sy, shear = scale * aspect, scale / aspect, rng.uniform(-0.08, 0.08)
    cos, sin = math.cos(angle), math.sin(angle)
    a, b, d, e = cos / sx, sin / sx + shear, -sin / sy, cos / sy
    cx = width / 2 + rng.uniform(-0.08, 0.08) * width
    cy = height / 2 + rng.uniform(-0.08, 0.08) * height
    matrix = (a, b, width / 2 - a * cx - b * cy, d, e, height / 2 - d * cx - e * cy)
    fill = 0 if rng.random() < 0.7 else int(rng.integers(0, 256))
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=fill)


def _sharpness(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Blur, sharpen, or lose resolution and come back."""
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


def _tone(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Another exposure: gamma, an S-curve, a gradient of light across the film, clipped ends."""
    if rng.random() < 0.7:
        pixels = np.power(pixels, np.float32(math.exp(rng.uniform(-0.6, 0.6))))
    if rng.random() < 0.3:
        slope = rng.uniform(2.0, 8.0)
        curve = 1.0 / (1.0 + np.exp(-slope * (pixels - rng.uniform(0.35, 0.65))))
        pixels = pixels + np.float32(rng.uniform(0.2, 0.9)) * (curve.astype(np.float32) - pixels)
    if rng.random() < 0.2:
        ramp = np.linspace(-1, 1, pixels.shape[0], dtype=np.float32)
        light = ramp[:, None] * rng.uniform(-0.15, 0.15) + ramp[None, :] * rng.uniform(-0.15, 0.15)
        pixels = pixels + light.astype(np.float32)
    if rng.random() < 0.5:
        low, high = rng.uniform(-0.1, 0.12), rng.uniform(0.85, 1.1)
        pixels = (pixels - np.float32(low)) / np.float32(high - low)
    return np.clip(pixels, 0.0, 1.0).astype(np.float32)


def _export(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """JPEG at some quality."""
    if rng.random() < 0.4:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(30, 96)))
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


def heavy(film: NDArray[np.uint8], side: int, rng: np.random.Generator) -> Pixels:
    """A film as another scanner, exposure or export might have given it; see `augment`."""
    image = Image.fromarray(film)
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    if rng.random() < 0.25:
        image = Image.blend(image, ImageOps.equalize(image), float(rng.uniform(0.3, 1.0)))
    if rng.random() < 0.95:
        image = _geometry(image, rng)
    image = _export(_sharpness(image, rng), rng)
    pixels = np.asarray(image, dtype=np.float32) / np.float32(255.0)
    pixels = _tone(pixels, rng)
    if rng.random() < 0.4:
        noise = rng.standard_normal(pixels.shape, dtype=np.float32)
        pixels = np.clip(pixels + noise * np.float32(rng.uniform(0.005, 0.05)), 0.0, 1.0)
    pixels = _cover(pixels, rng)
    return stretch(squash(pixels, side))


def shear_zoom_flip(film: NDArray[np.uint8], side: int, rng: np.random.Generator) -> Pixels:
    """Shear to 11 degrees, zoom by a fifth, mirror, as the student projects had it from Keras; see `augment`."""
    image = Image.fromarray(film)
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    shear, sx, sy = math.tan(rng.uniform(-0.2, 0.2)), rng.uniform(0.8, 1.2), rng.uniform(0.8, 1.2)
    a, b, e = sx, sx * shear, sy
    width, height = image.size
    matrix = (a, b, width / 2 * (1 - a) - b * height / 2, 0.0, e, height / 2 * (1 - e))
    return plain(
        np.asarray(image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)), side
    )


def plain(film: NDArray[np.uint8], side: int) -> Pixels:
    """The film as the contract gives it, at another size."""
    return finish_v1(squash(film.astype(np.float32) / np.float32(255.0), side))


def augment(
    film: NDArray[np.uint8], side: int, rng: np.random.Generator, kind: Augmentation = Augmentation.HEAVY
) -> Pixels:
    """One training view of a film.

    Args:
        film: uint8 (height, width), squashed but not stretched.
        side: of the result, in pixels.
        rng: the only source of chance.
        kind: how far the view may be from the film.

    Returns:
        float32 (side, side) in 0..1, stretched as the contract does; of heavy augmentation recompressed by chance, else
        always.
    """
    if kind is Augmentation.HEAVY:
        return heavy(film, side, rng)
    return shear_zoom_flip(film, side, rng) if kind is Augmentation.SHEAR_ZOOM_FLIP else plain(film, side)
