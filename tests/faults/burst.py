"""`python tests/faults/burst.py`: what a burst of files costs the main process in memory and time, until all are READY.

The store, the folder and the intake are real; the workers are on paper, since they live in processes of their own.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builders.intake import House

from db import arrivals
from db.store import open_store


def mib() -> float:
    """The most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def burst(files: int, folder: Path) -> dict[str, float]:
    """Let so many files lie in a folder, and take them in until `taken` of them were judged."""
    blank = folder / "blank.db"
    open_store(str(blank), create=True).close()
    house = House.in_(folder / "house", blank)
    for number in range(files):
        (house.incoming / f"{number:07}.dcm").write_bytes(b"%d" % number)
    before, began = mib(), time.monotonic()
    intake = house.intake()
    house.rescan(intake)
    noted = time.monotonic()
    house.time.turn(3.0)
    while intake._folders.settle():
        pass
    settled = time.monotonic()
    for _ in range(500):
        intake.step()
    stepped = time.monotonic()
    house.rescan(intake)
    again = time.monotonic()
    with house.store.read() as tx:
        pending = arrivals.pending_count(tx)
    house.store.close()
    return {
        "files": files,
        "MiB before": round(before),
        "MiB at the peak": round(mib()),
        "seconds until all have a row": round(noted - began, 1),
        "seconds until all are READY": round(settled - noted, 1),
        "judged in 500 steps": files - pending,
        "milliseconds a judged file": round(1000 * (stepped - settled) / max(1, files - pending), 2),
        "seconds of a rescan with nothing new": round(again - stepped, 2),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="Example: python tests/faults/burst.py --files 100000")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = burst(arguments.files, Path(folder))
    if arguments.format == "json":
        print(json.dumps(figures))
    else:
        for name, figure in figures.items():
            print(f"{name:<40}{figure:>12,}")


if __name__ == "__main__":
    main()
