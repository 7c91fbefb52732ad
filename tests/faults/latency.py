"""`python tests/faults/latency.py`: from the moment a writer closes a film to its committed row, on an idle machine.

The real daemon, the shipped bundle, a local disk. What decoding and scoring took is in the row itself; the rest is what
the daemon adds: the event, the transactions, the read, the way to the worker and back.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from builders.films import jpeg
from builders.program import Program
from numpy.typing import NDArray
from PIL import Image

from daemon.demo.films import CHEST, find
from models.radiograph import read_radiograph

CONFIG = """
[store]
url = "t.db"
[[root]]
path = "films"
rescan_seconds = 3600
"""
QUERY = (
    "SELECT result.milliseconds FROM arrival JOIN result ON result.id = arrival.result_id "
    "WHERE arrival.path = ? AND arrival.state = 'scored'"
)


def chest_film(width: int, height: int) -> NDArray[np.uint8]:
    """The chest film of pydicom-data at another size."""
    levels = np.rint(read_radiograph(find(CHEST).read_bytes()).pixels * 255).astype(np.uint8)
    return np.asarray(Image.fromarray(levels).resize((width, height)))


def brightened(film: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """The same film with other content for each number: another gamma, from 0.9 to 1.1."""
    gamma = 0.9 + 0.2 * (number % 997) / 997
    return np.rint(255 * (film / 255) ** gamma).astype(np.uint8)


def measure(films: int, width: int, height: int, pause: float, folder: Path) -> list[tuple[float, float]]:
    """For each film (milliseconds from close to row, milliseconds of these that decoding and scoring took)."""
    program = Program(folder)
    (folder / "films").mkdir()
    (folder / "config.toml").write_text(CONFIG)
    found = []
    chest = chest_film(width, height)  # a drawn film is none, and refused
    with program.started("--config", "config.toml", "watch") as running:
        running.wait_for("event=watching")
        with closing(sqlite3.connect(folder / "t.db")) as store:
            for number in range(films + 5):
                data = jpeg(brightened(chest, number))
                name = f"{number}.jpg"
                time.sleep(pause)
                with (folder / "films" / name).open("wb") as stream:
                    stream.write(data)
                began = time.perf_counter()
                while (row := store.execute(QUERY, [os.fsencode(name)]).fetchone()) is None:
                    assert running.alive()
                    assert time.perf_counter() - began < 60, "the film never came to its row"
                    time.sleep(0.0005)
                found.append(((time.perf_counter() - began) * 1000, row[0]))
        assert running.terminate() == 0
    return found[5:]  # the first wake up what only the first needs


def main() -> int:
    """Print the figures; exit code 1 when the median of what is added is over 50 ms."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="Example: python tests/faults/latency.py --films 100")
    parser.add_argument("--films", type=int, default=50)
    parser.add_argument("--width", type=int, default=1640)
    parser.add_argument("--height", type=int, default=1545)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds of idleness before each film")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        times = measure(arguments.films, arguments.width, arguments.height, arguments.pause, Path(folder))
    added = sorted(total - work for total, work in times)
    figures = {
        "films": len(times),
        "close to row, median ms": round(statistics.median(total for total, _ in times), 1),
        "decoding and scoring, median ms": round(statistics.median(work for _, work in times), 1),
        "added, median ms": round(statistics.median(added), 1),
        "added, 95th percentile ms": round(added[int(len(added) * 0.95) - 1], 1),
        "added, most ms": round(added[-1], 1),
    }
    if arguments.format == "json":
        print(json.dumps(figures))
    else:
        for name, figure in figures.items():
            print(f"{name:<40}{figure:>10}")
    return int(figures["added, median ms"] > 50)


if __name__ == "__main__":
    sys.exit(main())
