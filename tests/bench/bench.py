"""`make bench`: what a film costs, step by step, as ratios to scoring it, all measured in one run on one thread.

Ratios travel between machines, milliseconds do not; medians of 15 runs after two that are not counted.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builders.dicom import dicom
from builders.films import grey_film, jpeg, png16

from db import arrivals, roots
from db.records import FileStamp
from db.store import open_store
from models.bundle import SHIPPED, read_bundle, shipped_bundle
from models.contract import VERSIONS, Preprocessing
from models.radiograph import FilmFormat, Radiograph, read_radiograph
from models.scorer import Scorer

RUNS: Final = 15
WARM: Final = 2
FIRST: Final = "lite0-2026.11"  # that later ones must not be slower than


def median_seconds(work: Callable[[], object]) -> float:
    """The median of several runs."""
    times = []
    for _ in range(WARM + RUNS):
        times.append(elapsed(work))
    return statistics.median(times[WARM:])


def commit_rows(rows: int, commits: int) -> Callable[[], object]:
    """Enter `rows` arrivals into a fresh store in so many commits."""

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder, open_store(f"{folder}/t.db", create=True) as store:
            now = datetime.now(UTC)
            with store.write() as tx:
                root = roots.ensure_root(tx, folder, now)
            for part in np.array_split(np.arange(rows), commits):
                with store.write() as tx:
                    entries = [(f"{n}.jpg", 1, FileStamp(1, 1, 1, int(n), 1), False) for n in part]
                    arrivals.add_many(tx, root.id, entries, now, "seen")

    return work


def compare_bundles(scorer: Scorer, preprocess: Preprocessing) -> None:
    """The way of one decoded film through the bundle that ships and through the first one, in turn."""
    first = read_bundle(SHIPPED / FIRST)
    other, prepare = Scorer(first), VERSIONS[first.preprocessing]
    film = Radiograph(grey_film(1024, 1024).astype(np.float32) / 255, FilmFormat.PNG, 1024, 1024)
    own, older = preprocess(film), prepare(film)
    pairs = {
        "film to tensor": (lambda: preprocess(film), lambda: prepare(film)),
        "tensor to score": (lambda: scorer.score(own), lambda: other.score(older)),
    }
    spent = np.array([[[elapsed(work) for work in pair] for pair in pairs.values()] for _ in range(WARM + RUNS)])
    for name, (now, before) in zip((*pairs, "both"), (*np.median(spent[WARM:], axis=0), *_both(spent)), strict=True):
        print(f"  {name:<20} {now * 1000:.1f} ms, {now / before:.2f} of {FIRST}'s")


def _both(spent: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.median(spent[WARM:].sum(axis=1), axis=0)[np.newaxis]


def elapsed(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    bundle = read_bundle(shipped_bundle())
    scorer, preprocess = Scorer(bundle), VERSIONS[bundle.preprocessing]
    pixels = np.kron(grey_film(400, 325), np.ones((4, 4), np.uint8))
    films = {"JPEG 1600 x 1300": jpeg(pixels), "16-bit PNG": png16(pixels), "DICOM uncompressed": dicom(pixels)}
    tensor = preprocess(read_radiograph(films["JPEG 1600 x 1300"]))
    score = median_seconds(lambda: scorer.score(tensor))
    print(f"score one tensor: {score * 1000:.1f} ms here; everything below is a ratio to it")
    compare_bundles(scorer, preprocess)
    for name, data in films.items():
        whole = median_seconds(lambda data=data: scorer.score(preprocess(read_radiograph(data))))
        print(f"  {name:<20} read and score: {whole / score:5.1f}")
    many, one = median_seconds(commit_rows(50, 50)), median_seconds(commit_rows(50, 1))
    print(f"  50 arrivals in 50 commits against one: {many / one:.1f} to 1 (a fresh store each time)")


if __name__ == "__main__":
    main()
