"""Real films as they came and under planted changes, measured as the daemon does: numbers only, kept in a file.

    nice -n 19 .venv/test/bin/python tests/bench/drift_films.py DATA --part validation --out films.npz

DATA is the folder that holds kermany-224, rsna-adult-dev and nih-adult-dev. Three minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import astuple, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.bundle import SHIPPED, read_bundle
from models.radiograph import read_radiograph
from trainer.data.films import Part, Source
from trainer.data.sources import find_all
from trainer.data.splits import read_split
from trainer.reference.measuring import Measured, Meter
from trainer.shift.conditions import Corruption
from trainer.shift.corruptions import corrupt

BUNDLE: Final = SHIPPED / "lite0-2026.11.4"
SOURCES: Final = ("kermany-224", "rsna-adult-dev", "nih-adult-dev")
SCORED_MOST: Final = 1600  # of a part
Pixels = NDArray[np.float32]


def new_scanner(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Another display curve, softer, noisier: three mild corruptions of the frozen suite, one after another."""
    for corruption in (Corruption.GAMMA_BRIGHT, Corruption.BLUR, Corruption.NOISE):
        pixels = corrupt(pixels, corruption, 1, rng)
    return pixels


def inverted(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """Black and white exchanged."""
    return np.float32(1.0) - pixels


def half_exposure(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """One stop, where nobody evens it out."""
    return corrupt(pixels, Corruption.UNDEREXPOSED, 2, rng)


PLANTED: Final[Mapping[str, Callable[[Pixels, np.random.Generator], Pixels]]] = {
    "as they came": lambda pixels, _: pixels,
    "new scanner": new_scanner,
    "inverted": inverted,
    "half exposure": half_exposure,
}


def row(found: Measured) -> list[float]:
    """Logit, unlikeness, refused, statistics; nan where there is none."""
    nan = float("nan")
    logit, unlike = (nan if number is None else number for number in (found.logit, found.unlikeness))
    return [logit, unlike, float(found.code is not None), *astuple(found.statistics)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", choices=["train", "validation"], required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    parts = read_split(BUNDLE / "split.csv")
    films = find_all(Source(asked.data / name) for name in SOURCES)
    films = [film for film in films if parts.get(film.sha256) is Part(asked.part)]
    rng = np.random.default_rng(8)
    films = [films[i] for i in sorted(rng.permutation(len(films))[:SCORED_MOST])]
    meter = Meter.of(read_bundle(BUNDLE))
    found: dict[str, list[list[float]]] = {name: [] for name in PLANTED}
    for number, film in enumerate(films):
        seen = read_radiograph(film.path.read_bytes())
        for name, change in PLANTED.items():
            pixels = change(seen.pixels, np.random.default_rng([8, number]))
            found[name].append(row(meter(replace(seen, pixels=pixels))))
    np.savez_compressed(
        asked.out,
        label=[film.label for film in films],
        source=[film.source for film in films],
        **{name: np.asarray(rows, np.float32) for name, rows in found.items()},
    )


if __name__ == "__main__":
    main()
