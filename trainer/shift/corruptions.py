"""Changes a film as another scanner, another export or another hand would have; pure but for its generator."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.shift.conditions import LEVELS, Corruption, Severity
from trainer.shift.pictures import PICTURES
from trainer.shift.tones import TONES


def corrupt(
    pixels: NDArray[np.float32], corruption: Corruption, severity: Severity | int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """One film under one corruption.

    Args:
        pixels: (height, width) in 0..1 at the film's own resolution, bright where the body is dense.
        corruption: what happens to it.
        severity: 1 to 3.
        rng: the only source of chance (a direction, a place, a text, grain); equal generators give equal films, and the
            same one begun anew at another severity the same film further or less far gone.

    Returns:
        float32 (height, width) in 0..1.

    Raises:
        ValueError: there is no such severity.
    """
    level = LEVELS[corruption][Severity(severity) - 1]
    if corruption in TONES:
        changed = TONES[corruption](pixels.astype(np.float64), level, rng)
        return np.clip(changed, 0.0, 1.0).astype(np.float32)
    levels = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    picture = PICTURES[corruption](Image.fromarray(levels), level, rng)
    return np.asarray(picture, dtype=np.float32) / np.float32(255.0)
