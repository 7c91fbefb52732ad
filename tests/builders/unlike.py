"""Builds films that no thumbnail takes for one another, as films of different people are."""

from __future__ import annotations

import numpy as np
from builders.films import Picture, grey_film
from PIL import Image


def unlike_film(width: int = 320, height: int = 280, seed: int = 0) -> Picture:
    """A `grey_film` with clouds of its own over it, uint8 (height, width)."""
    clouds = np.random.default_rng(seed).integers(0, 256, (7, 7), dtype=np.uint8)
    large = Image.fromarray(clouds).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(Image.blend(Image.fromarray(grey_film(width, height, seed=seed)), large, 0.5))
