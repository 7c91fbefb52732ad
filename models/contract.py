"""Radiograph -> tensor: the one place where preprocessing is written, imported by trainer and daemon alike.

Every released version stays here; a bundle names its own. Common to all: squash to 224 x 224 with an antialiased
bilinear filter (the children's set is only to be had squashed; of six kernels this one came nearest to it, mean
difference 2.1 of 255 over 54 films), and stretch the grey levels so that two percentiles become 0 and 1.

Version 1: the whole film; last, once through JPEG at quality 75, as every film of the children's set went: a network
reads the traces of that, and without this step the same film scored 0.83 lower in full size than as its 224-pixel copy
(mean over 80 films; with it 0.19).

Version 2: the square without a twentieth on each side, where markers, collimation and arms are, made 224 x 224 again;
no JPEG, but a Gaussian that takes away what JPEG and resize kernels change. Why stands in
docs/decisions/2026-11-25-preprocessing-2.md.

Version 3: the same twentieth cut off, and what is left softened and made 160 x 160 in one step, since a network that
looks at more pixels learns from the grain of JPEG again. Version 4: the same at 128 x 128. Why stands in
docs/decisions/2026-11-25-preprocessing-4.md.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.radiograph import Radiograph

SIDE: Final = 224
QUALITY: Final = 75  # of JPEG; the films of the children's set were saved with it

Pixels = NDArray[np.float32]  # grey levels 0..1, (height, width)


@dataclass(frozen=True, slots=True)
class Frame:
    """The rectangle of a film that the network sees, in pixels; ends are exclusive."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """One version, as a frozen set of numbers; called with a film it gives the tensor (side, side, 1) in 0..1.

    Attributes:
        side: of the tensor, in pixels.
        margin: what is cut off on each side, as a share of the film's height and width.
        percentiles: of the grey levels, that become 0 and 1.
        blur: standard deviation of the Gaussian in pixels of the squashed film; 0 for none.
        quality: of the JPEG that the square goes through last; None for none.
    """

    side: int = SIDE
    margin: float = 0.0
    percentiles: tuple[float, float] = (1.0, 99.0)
    blur: float = 0.0
    quality: int | None = None

    def frame(self, height: int, width: int) -> Frame:
        """What is looked at of a film of that size."""
        rows, columns = round(self.margin * height), round(self.margin * width)
        return Frame(rows, height - rows, columns, width - columns)

    def square(self, pixels: Pixels) -> Pixels:
        """A film of any size as the network sees it, (side, side).

        It is squashed before anything is cut off, so that films of every size lose the same detail: the children's set
        has none beyond 224 pixels, and a network that was trained on it reads sharpness.
        """
        small = squash(pixels)
        if self.side != SIDE:
            seen = self.frame(*small.shape)
            cut = small[seen.top : seen.bottom, seen.left : seen.right]
            return stretch(reduce(cut, self.side, self.blur), self.percentiles)
        if self.margin:
            seen = self.frame(*small.shape)
            small = squash(small[seen.top : seen.bottom, seen.left : seen.right])
        finished = stretch(soften(small, self.blur), self.percentiles)
        return recompress(finished, self.quality) if self.quality is not None else finished

    def __call__(self, film: Radiograph) -> NDArray[np.float32]:
        """The tensor of a film, float32 (side, side, 1) in 0..1."""
        return self.square(film.pixels)[..., np.newaxis]


def squash(pixels: Pixels, side: int = SIDE) -> Pixels:
    """Resize (height, width) to (side, side); the aspect ratio is lost, as in the published children's set."""
    image = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float32)


def stretch(pixels: Pixels, percentiles: tuple[float, float] = (1.0, 99.0)) -> Pixels:
    """Spread grey levels over 0..1 by percentiles, so that exposure and window matter less; a flat film becomes 0."""
    low, high = np.percentile(pixels, percentiles)
    if high - low < 1e-6:
        return np.zeros_like(pixels, dtype=np.float32)
    stretched: Pixels = np.clip((pixels - low) / (high - low), 0.0, 1.0).astype(np.float32)
    return stretched


def soften(pixels: Pixels, sigma: float) -> Pixels:
    """Blur with a Gaussian of so many pixels, the edge repeated beyond itself; 0 leaves the pixels as they are."""
    if sigma <= 0.0:
        return pixels
    reach = int(np.ceil(3.0 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (0, 1):
        padded = np.pad(pixels, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        length = pixels.shape[axis]
        parts = (w * padded.take(range(i, i + length), axis) for i, w in enumerate(weights))
        pixels = sum(parts, np.zeros_like(pixels))
    return pixels


def reduce(pixels: Pixels, side: int, sigma: float) -> Pixels:
    """Resize a square to a smaller one, (side, side), each pixel a Gaussian mean of the larger one's.

    Args:
        pixels: (n, n) with n above ``side``.
        side: of the result.
        sigma: the Gaussian's standard deviation, in pixels of the larger square.
    """
    places, weights = _gaussian_means(pixels.shape[0], side, sigma)
    for _ in range(2):  # rows, then columns; no matrix product, for which numpy would wake a thread on every core
        parts = (weights[:, k, np.newaxis] * pixels[places[:, k]] for k in range(places.shape[1]))
        pixels = sum(parts, np.zeros((side, pixels.shape[1]), np.float32)).T
    return np.ascontiguousarray(pixels)


@lru_cache(maxsize=8)
def _gaussian_means(large: int, small: int, sigma: float) -> tuple[NDArray[np.int64], Pixels]:
    """Which large pixels make each small one, and by which weights, both (small, n); weights sum to 1 for each, and
    those of pixels beyond the edge or four standard deviations are 0."""
    centres = (np.arange(small) + 0.5) * (large / small) - 0.5
    reach = int(np.ceil(4.0 * sigma))
    places = np.rint(centres).astype(np.int64)[:, np.newaxis] + np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * ((places - centres[:, np.newaxis]) / sigma) ** 2)
    weights[(places < 0) | (places >= large)] = 0.0
    sums = weights.sum(axis=1, keepdims=True)
    return np.clip(places, 0, large - 1), np.asarray(weights / sums, dtype=np.float32)


def recompress(pixels: Pixels, quality: int = QUALITY) -> Pixels:
    """Round to 8 bits and go through JPEG; 0..1 in and out."""
    stream = io.BytesIO()
    levels = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    Image.fromarray(levels).save(stream, "JPEG", quality=quality)
    with Image.open(stream) as image:
        return np.asarray(image, dtype=np.float32) / np.float32(255.0)


VERSIONS: Final[Mapping[int, Preprocessing]] = {
    1: Preprocessing(quality=QUALITY),
    2: Preprocessing(margin=0.05, blur=1.0),
    3: Preprocessing(side=160, margin=0.05, blur=1.4),
    4: Preprocessing(side=128, margin=0.05, blur=1.3),
}
DEFAULT: Final = 2  # of a recipe that names none: its network looks at 224 pixels
