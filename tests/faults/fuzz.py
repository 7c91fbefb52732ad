"""Sends mutated JPEG, PNG and DICOM films through the real `cxr-triage scan`, beside sound ones, and checks the end.

    python tests/faults/fuzz.py --inputs 10000 --seed 1 --folder DIR
    python tests/faults/fuzz.py --seed 1 --folder DIR --only 4711,4712     # these again, and what was done to them

Input N depends on the seed, N and the files at hand alone. Whatever did not end as it must is kept in DIR/offending.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from builders.dicom import dicom
from builders.films import grey_film, jpeg, jpeg_rgb, png, png16
from builders.mutations import mutated
from builders.parts import ROOT
from builders.peaks import Peaks
from builders.program import Program
from PIL import Image
from pydicom.uid import JPEG2000Lossless, RLELossless

from db import arrivals
from db.records import Arrival
from db.states import State
from db.store import open_store

MAIN_LIMIT: Final = 400 * 2**20  # bytes
LARGEST_SEED: Final = 700_000  # bytes of a real DICOM: 10,000 inputs shall fit on a disk
EACH: Final = 20  # mutants for each innocent
REAL_JPEGS: Final = 24
ENDED: Final = frozenset({State.SCORED, State.REFUSED, State.FAILED, State.DUPLICATE})


def chest(data: bytes) -> bytes:
    """A real DICOM of something else, dressed as a frontal chest film, so that it reaches the decoders."""
    for implicit in (False, True):
        for tag, value in (
            (b"\x08\x00\x60\x00", b"CR"),
            (b"\x18\x00\x15\x00", b""),
            (b"\x18\x00\x01\x51", b""),
            (b"\x28\x00\x08\x00", b"1"),
        ):
            at = data.find(tag, 132, 20_000)
            if at < 0 or data[at + 4 : at + 6].isalpha() == implicit:
                continue
            length = int.from_bytes(data[at + 4 : at + 8] if implicit else data[at + 6 : at + 8], "little")
            if length <= 64:
                data = data[: at + 8] + value.ljust(length)[:length] + data[at + 8 + length :]
    return data


def seeds() -> dict[str, bytes]:
    """What is mutated: real DICOM where pydicom-data is, real JPEG where ../shared/data is, made-up films always."""
    found = {
        "film.jpg": jpeg(grey_film(1100, 900, seed=1), 85),
        "optimised.jpg": jpeg(grey_film(900, 800, seed=2), 75, optimize=True),
        "progressive.jpg": jpeg(grey_film(1000, 800, seed=3), progressive=True),
        "rgb.jpg": jpeg_rgb(grey_film(800, 700, seed=4)),
        "film.png": png(grey_film(500, 400, seed=5)),
        "rgb.png": png(np.stack([grey_film(400, 300, seed=6)] * 3, axis=-1)),
        "deep.png": png16(grey_film(400, 400, seed=7)),
        "film.dcm": dicom(grey_film(400, 350, seed=8), window=(2000, 3000)),
        "j2k.dcm": dicom(grey_film(500, 400, seed=9), transfer_syntax=JPEG2000Lossless),
        "rle.dcm": dicom(grey_film(400, 300, seed=10), transfer_syntax=RLELossless),
        "bare.dcm": dicom(grey_film(300, 300, seed=11), preamble=False),
    }
    try:
        import data_store

        for path in sorted((Path(data_store.__file__).parent / "data").glob("*.dcm")):
            if path.stat().st_size <= LARGEST_SEED:
                found[path.name] = data = path.read_bytes()
                found[f"chest-{path.name}"] = chest(data)
    except ImportError:
        print("pydicom-data is not installed: no real DICOM", file=sys.stderr)
    real = sorted((ROOT.parent / "shared" / "data").glob("kermany-fullsize/*/*.jpeg"))
    for path in sorted(Random(0).sample(real, min(REAL_JPEGS, len(real)))):
        found[path.name] = path.read_bytes()
    for path in real[:4]:
        with Image.open(path) as image:
            found[f"{path.stem}.png"] = png(np.asarray(image.convert("L").reduce(2)))
    return found


def innocent(number: int) -> bytes:
    """A sound film, another one for each number."""
    film = grey_film(420, 360, seed=1_000_000 + number)
    return (jpeg, png, dicom)[number % 3](film)


@dataclass(slots=True)
class Mutants:
    """The inputs of one seed."""

    seed: int
    files: dict[str, bytes] = field(default_factory=seeds)

    def make(self, number: int) -> tuple[bytes, str]:
        """Input `number`, and how it was made."""
        random = Random(f"{self.seed}/{number}")
        groups = [
            sorted(name for name in self.files if name.endswith(end)) for end in (".dcm", (".jpg", ".jpeg"), ".png")
        ]
        group = random.choices(groups, (50, 35, 15))[0]
        name = random.choice(group)
        data, done = mutated(random, self.files[name], [self.files[random.choice(group)] for _ in range(2)])
        return data, f"{name}: {', '.join(done)}"


@dataclass(frozen=True, slots=True)
class Input:
    """How one input ended."""

    name: str
    state: State
    code: str | None
    message: str | None
    seconds: float  # from the time a worker had it to its end
    deaths: int

    @property
    def wrong(self) -> str | None:
        """What is wrong with its end, if anything is."""
        if self.name.startswith("innocent"):
            return None if self.state is State.SCORED else f"an innocent film is {self.state.value} ({self.code})"
        if self.state is State.SUPERSEDED:
            return None  # it ended, and another mutant of the same film, with its UIDs, came after it
        if self.state not in ENDED:
            return f"it is {self.state.value}"
        if self.state in (State.REFUSED, State.FAILED) and not (
            self.code and self.message and "\n" not in self.message
        ):
            return "it has no code, or no sentence of one line"
        return None


def write(folder: Path, mutants: Mutants, numbers: Sequence[int]) -> None:
    """Every mutant, and an innocent after each few."""
    folder.mkdir(parents=True)
    for count, number in enumerate(numbers):
        (folder / f"{number:06}").write_bytes(mutants.make(number)[0])
        if count % EACH == 0:
            (folder / f"innocent-{number:06}").write_bytes(innocent(number))


def inputs_of(database: Path) -> Iterator[Input]:
    """How every arrival ended, from the store."""
    with closing(open_store(str(database), create=False)) as store, store.read() as tx:
        for arrival in arrivals.in_states(tx, list(State)):
            yield _input(arrival, arrivals.history(tx, arrival.id))


def _input(arrival: Arrival, lines: Sequence[Any]) -> Input:
    running = [after.at - before.at for before, after in pairwise(lines) if before.to_state is State.RUNNING]
    deaths = sum("died" in (line.reason or "") or "took more than" in (line.reason or "") for line in lines)
    seconds = sum(each.total_seconds() for each in running)
    return Input(arrival.path, arrival.state, arrival.code, arrival.message, seconds, deaths)


def fuzz(mutants: Mutants, numbers: Sequence[int], folder: Path, bundle: Path | None, limit: float) -> dict[str, Any]:
    """Run them all; the figures, and under `wrong` what must not be."""
    incoming, database = folder / "incoming", folder / "t.db"
    write(incoming, mutants, numbers)
    program = Program(folder, bundle)
    began = time.monotonic()
    with program.started("scan", "incoming", "--db", "t.db", "--settle-seconds", "0.1") as running:
        with Peaks(running.process.pid) as peaks:
            code = running.process.wait(limit)
        said = running.said()
    seconds = time.monotonic() - began
    ended = list(inputs_of(database))
    account = program.run("account", "--verify", "--db", "t.db", "--format", "json").document
    wrong = {each.name: text for each in ended if (text := each.wrong)}
    written = {path.name for path in incoming.iterdir()}
    wrong |= dict.fromkeys(written - {each.name for each in ended}, "it has no arrival")
    general = {
        f"exit code {code}": code != 0,
        "a traceback": "Traceback" in said,
        "the account is not balanced": not account["balanced"] or account["pending"],
        "account --verify found something": not account["verified"],
        f"the main process had {peaks.main.resident >> 20} MiB": not 0 < peaks.main.resident < MAIN_LIMIT,
        "no worker was seen": not peaks.workers,
        f"workers over their limit: {peaks.over_limit}": peaks.over_limit,
    }
    wrong |= {f"run: {text}": text for text, bad in general.items() if bad}
    _keep(incoming, folder / "offending", wrong)
    mutant = [each for each in ended if not each.name.startswith("innocent")]
    slow = sorted(mutant, key=lambda each: -each.seconds)[:10]
    return {
        "seed": mutants.seed,
        "mutants": len(mutant),
        "innocents": len(ended) - len(mutant),
        "seconds": round(seconds, 1),
        "states": dict(Counter(each.state.value for each in mutant).most_common()),
        "codes": dict(Counter(each.code for each in mutant if each.code).most_common()),
        "deaths_of_workers": {each.name: each.deaths for each in ended if each.deaths},
        "main_peak_mib": peaks.main.resident >> 20,
        "worker_peak_mib": max((peak.resident for peak in peaks.workers.values()), default=0) >> 20,
        "worker_mapped_mib": max((peak.mapped for peak in peaks.workers.values()), default=0) >> 20,
        "worker_limit_mib": max((peak.limit or 0 for peak in peaks.workers.values()), default=0) >> 20,
        "workers": len(peaks.workers),
        "slowest": {each.name: [round(each.seconds, 1), each.code, *_how(mutants, each.name)] for each in slow},
        "wrong": {name: [text, *_how(mutants, name)] for name, text in wrong.items()},
    }


def _how(mutants: Mutants, name: str) -> list[str]:
    return [mutants.make(int(name))[1]] if name.isdigit() else []


def _keep(incoming: Path, offending: Path, names: Iterator[str] | dict[str, str]) -> None:
    for name in names:
        if (incoming / name).is_file():
            offending.mkdir(exist_ok=True)
            shutil.copyfile(incoming / name, offending / name)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Sends mutated films through cxr-triage scan and checks the end.")
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True, help="made for the run; what is in it is removed first")
    parser.add_argument("--only", help="numbers of inputs, with commas between them")
    parser.add_argument("--bundle", type=Path, help="another model than the one that ships")
    parser.add_argument("--limit", type=float, default=7200.0, help="seconds after which the scan hangs")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--keep", action="store_true", help="leave the inputs where they are")
    options = parser.parse_args()
    numbers = [int(each) for each in options.only.split(",")] if options.only else list(range(options.inputs))
    print(f"seed {options.seed}, {len(numbers)} inputs", file=sys.stderr)
    folder = options.folder.resolve()
    for old in ("incoming", "offending"):
        shutil.rmtree(folder / old, ignore_errors=True)
    for old in folder.glob("t.db*"):
        old.unlink()
    found = fuzz(Mutants(options.seed), numbers, folder, options.bundle, options.limit)
    if not options.keep:
        shutil.rmtree(folder / "incoming")
    if options.format == "json":
        print(json.dumps(found, indent=2))
    else:
        for key, value in found.items():
            if isinstance(value, dict):
                print(f"{key}:", *(f"  {name}: {each}" for name, each in value.items()), sep="\n")
            else:
                print(f"{key}: {value}")
        for name in found["wrong"]:
            if name.isdigit():
                print(f"again: python tests/faults/fuzz.py --seed {options.seed} --folder DIR --only {int(name)}")
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
