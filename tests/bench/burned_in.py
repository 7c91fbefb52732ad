"""How much writing survives `collect`, and how many real films it costs: what the decision page on it quotes.

    .venv/test/bin/python tests/bench/burned_in.py --films 100 --plants 140 --seed 2

Needs the radiographs of ../shared/data, tesseract, and the fonts of Debian's fonts-dejavu. Writes nothing but figures.
Tesseract looks closely at where the text was planted, enlarged, as it is and inverted: harder than a reader who does
not know where to look. It is another way than the detector's, which knows strokes and no letters.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from builders.lettering import MARKER, Area, legible
from builders.parts import shared_data

from daemon.collect.blanking import cleaned, reduced
from models.radiograph import WHOLE, read_radiograph

FONTS: Final = ("Sans", "Sans-Bold", "Serif", "SansMono", "SansCondensed", "Sans-ExtraLight")
KINDS: Final = {  # a grey of its own, or one that is added to the film's
    "white": (1.0, None),
    "black": (0.0, None),
    "grey 0.50": (0.5, None),
    "grey 0.75": (0.75, None),
    "film + 0.25": (None, 0.25),
    "film + 0.12": (None, 0.12),
    "film - 0.25": (None, -0.25),
}
SIZES: Final = (0.012, 0.02, 0.03, 0.05, 0.08)  # height of a capital, of the longer side
PLACES: Final = ("top left", "bottom right", "top", "lungs")
SETS: Final = ("kermany-fullsize", "kermany-224", "rsna-adult-dev", "nih-adult-dev", "hannover-covid")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--films", type=int, default=100, help="of each set, without planted text")
    parser.add_argument("--plants", type=int, default=140)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--side", type=int, default=448)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    films = {name: _films(name, rng, options.films) for name in SETS}
    for name, paths in films.items():
        clean = [cleaned(_pixels(path), options.side) for path in paths]
        kept = [each.blanked for each in clean if each is not None]
        print(
            f"{name}: {len(clean) - len(kept)} of {len(clean)} left out; {sum(share > 0 for share in kept)} blanked,"
            f" {np.mean(kept or [0]):.3f} of the picture in the mean, {max(kept, default=0):.2f} at most"
        )
    _plants(options, rng)


def _plants(options: argparse.Namespace, rng: random.Random) -> None:
    films = [path for name in SETS if name != "kermany-224" for path in _films(name, rng, 12)]
    rng.shuffle(films)
    combinations = [(kind, size, place) for kind in options.kinds for size in SIZES for place in PLACES]
    rng.shuffle(combinations)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for number, (kind, size, place) in enumerate(combinations[: options.plants]):
        picture, area = _planted(
            _pixels(films[number % len(films)]), kind, size, place, FONTS[number % len(FONTS)], rng
        )
        clean = cleaned(picture, options.side)
        share = min(1.0, options.side / max(picture.shape))
        small: Area = tuple(round(edge * share) for edge in area)  # type: ignore[assignment]
        before = legible(reduced(picture, options.side), small)
        after = clean is not None and legible(clean.picture, small)
        fate = "read afterwards" if after else "left out" if clean is None else "blanked" if before else "never legible"
        for key in (kind, f"{size}", place, "all"):
            counts[key][fate] += 1
            counts[key]["legible before"] += before
    for key in (*options.kinds, *map(str, SIZES), *PLACES, "all"):
        print(f"{key}: {dict(sorted(counts[key].items()))}")


def _films(name: str, rng: random.Random, count: int) -> list[Path]:
    found = sorted(path for path in (shared_data() / name).glob("*/*") if path.suffix in (".jpg", ".jpeg", ".png"))
    return rng.sample(found, min(count, len(found)))


def _pixels(path: Path) -> NDArray[np.float32]:
    return read_radiograph(path.read_bytes(), WHOLE).pixels


def _planted(
    film: NDArray[np.float32], kind: str, size: float, place: str, name: str, rng: random.Random
) -> tuple[NDArray[np.float32], Area]:
    height, width = film.shape
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    points = max(6.0, size * max(height, width) / 0.73)
    while True:
        font = ImageFont.truetype(f"DejaVu{name}.ttf", points)
        left, top, right, bottom = (round(edge) for edge in draw.textbbox((0, 0), MARKER, font=font))
        if right - left <= 0.95 * width or points <= 6.0:
            break
        points *= 0.95
    across, down, rim = right - left, bottom - top, max(3, height // 100)
    x, y = {
        "top left": (rim, rim),
        "bottom right": (width - across - rim, height - down - rim),
        "top": ((width - across) // 2, rim),
        "lungs": (
            round(0.12 * width + rng.random() * max(1.0, 0.76 * width - across)),
            round(height * (0.3 + 0.4 * rng.random())),
        ),
    }[place]
    x = max(0, min(x, width - across))
    draw.text((x - left, y - top), MARKER, font=font, fill=255)
    ink = np.asarray(image, np.float32) / 255
    level, added = KINDS[kind]
    written = film * (1 - ink) + ink * level if level is not None else np.clip(film + ink * (added or 0.0), 0, 1)
    return written.astype(np.float32), (x, y, x + across, y + down)


if __name__ == "__main__":
    main()
