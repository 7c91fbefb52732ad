"""Runs a comparison: one process a command, so that each network has the memory to itself and a kill loses little.

Everything lies in one folder, and what is there already is not made again: the same command goes on.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from models.bundle import BundleStatus, read_bundle
from trainer.comparison.measure import Measured, measure, milliseconds
from trainer.comparison.rows import Entry
from trainer.data.sources import Film, Part, Source, find_all
from trainer.data.splits import Shares, Unit, read_split, split, split_text
from trainer.errors import TrainerError
from trainer.evidence.scoring import choose
from trainer.runs import JUDGED, LOG, ORIGINAL, RUN, SPLIT, VALIDATION, write_text

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: Final = 1
DOCUMENT: Final = "compare.json"
MEASURED: Final = "measured.json"
Say = Callable[[str], None]
Progress = Callable[[int, int], None]
Command = Callable[[Sequence[str]], str | None]  # the words after cxr-trainer -> its last line if it failed


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is to be compared.

    Attributes:
        folder: of everything that is made.
        shares, unit, split_seed: of the one split that all recipes get.
        seeds: of the runs; more than one shows the spread.
    """

    folder: Path
    sources: tuple[Source, ...]
    entries: tuple[Entry, ...]
    seeds: tuple[int, ...]
    shares: Shares
    unit: Unit
    split_seed: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: one recipe, one seed, and which of its weights.

    Attributes:
        variant: ``original``, ``finetune`` or ``whole``.
        reason: why there are no figures; None where there are.
        minutes: of training, the looks at the validation part among them.
        steps: that were taken; fewer than the recipe's where it stopped early.
        validation_auc: of the float network; by it, not by the test part, the best recipe is told.
    """

    recipe: str
    options: str
    variant: str
    seed: int
    reason: str | None = None
    starting_weights: str = ""
    steps: int = 0
    minutes: float = 0.0
    validation_auc: float | None = None
    measured: Measured | None = None


def run_command(words: Sequence[str]) -> str | None:
    """Run ``cxr-trainer`` with some words; None, or the last thing that it said where it failed."""
    done = subprocess.run(  # noqa: S603 - our own program, words that were checked
        [sys.executable, "-m", "trainer", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    if done.returncode == 0:
        return None
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("Error: ") if lines else f"it ended with code {done.returncode}"


def compare(asked: Comparison, say: Say, progress: Progress, command: Command = run_command) -> dict[str, Any]:
    """Train, export and measure every entry with every seed; one that cannot be run is a row with the reason.

    Returns:
        The document as written to ``compare.json``.

    Raises:
        TrainerError: the data are at fault, the folder holds another comparison, or the disk refused.
    """
    films, parts = _split(asked)
    test = choose(films, parts, Part.TEST)
    rows: list[Row] = []
    for entry in asked.entries:
        for seed in entry.seeds or asked.seeds:
            say(f"{entry.text}, seed {seed}")
            rows += _rows(asked, entry, seed, test, progress, command)
    document = {
        "schema": SCHEMA,
        "sources": [source.name for source in asked.sources],
        "unit": asked.unit.value,
        "shares": {"validation": asked.shares.validation, "test": asked.shares.test},
        "split_seed": asked.split_seed,
        "parts": {part.value: sum(parts[film.sha256] is part for film in films) for part in Part},
        "rows": [asdict(row) for row in rows],
    }
    write_text(asked.folder / DOCUMENT, json.dumps(document, indent=1) + "\n")
    return document


def _split(asked: Comparison) -> tuple[list[Film], dict[str, Part]]:
    """The films and the one split, which is written where the runs find it."""
    films = find_all(asked.sources)
    parts = split(films, asked.shares, seed=asked.split_seed, unit=asked.unit)
    path, text = asked.folder / SPLIT, split_text(films, parts)
    try:
        asked.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainerError(
            "make folder", asked.folder, error.strerror or str(error), "give another --folder"
        ) from error
    if path.exists() and read_split(path) != parts:
        cause = "it holds a comparison on another split"
        raise TrainerError("compare in", asked.folder, cause, "give a new folder, or what that comparison was given")
    write_text(path, text)
    for part in (Part.VALIDATION, Part.TEST):
        if len({film.label for film in films if parts[film.sha256] is part}) != 2:
            cause = f"the {part} part lacks one of the two classes"
            raise TrainerError("compare", asked.sources[0].folder, cause, "give more patients, or larger shares")
    return films, parts


def _rows(
    asked: Comparison, entry: Entry, seed: int, test: Sequence[Film], progress: Progress, command: Command
) -> Iterator[Row]:
    """Train one entry, and measure each of its variants."""
    place = asked.folder / "rows" / entry.folder / f"seed-{seed}"
    run, data = (
        place / "run",
        [word for s in asked.sources for word in ("--data", s.argument(str(s.folder.absolute())))],
    )
    words = ["fit", *data, "--split", str(asked.folder / SPLIT), "--recipe", entry.recipe, "--seed", str(seed)]
    words += ["--by", asked.unit.value]
    failed = None
    if not (run / VALIDATION).exists():
        place.mkdir(parents=True, exist_ok=True)
        failed = command([*words, "--run", str(run), *entry.arguments])
    if failed is not None:
        yield Row(entry.recipe, entry.choices, "whole", seed, reason=failed)
        return
    variants = ("original", "finetune") if (run / ORIGINAL).exists() else ("whole",)
    record = json.loads((run / RUN).read_text(encoding="utf-8"))
    for variant in variants:
        steps, minutes = taken(run, variant)
        bundle = place / f"bundle-{variant}"
        row = {
            "recipe": entry.recipe,
            "options": entry.choices,
            "variant": variant,
            "seed": seed,
            "starting_weights": record["starting_weights"],
            "steps": steps,
            "minutes": minutes,
        }
        of = "original" if variant == "original" else "final"
        name = f"{entry.recipe}-{variant}"
        words = [
            "quantize",
            *data,
            "--run",
            str(run),
            "--bundle",
            str(bundle),
            "--name",
            name,
            "--weights-of",
            of,
            "--for",
            "trial",
        ]
        reason = None if bundle.exists() else command(words)
        if reason is not None:
            yield Row(**row, reason=reason)
            continue
        yield Row(
            **row,
            validation_auc=_validation(run, variant),
            measured=_measured(place / f"{variant}-{MEASURED}", bundle, test, progress),
        )


def taken(run: Path, variant: str) -> tuple[int, float]:
    """The steps and minutes of training that a variant took, from the logs of its run."""
    with (run / JUDGED).open(newline="", encoding="utf-8") as stream:
        looks = [(int(row["step"]), row["phase"], float(row["seconds"])) for row in csv.DictReader(stream)]
    with (run / LOG).open(newline="", encoding="utf-8") as stream:
        steps = [(int(row["step"]), float(row["seconds"])) for row in csv.DictReader(stream)]
    last = max((step for step, _ in steps), default=0)
    if variant == "original":
        stages = json.loads((run / RUN).read_text(encoding="utf-8"))["stages"]
        frozen = sum(stage[0] for stage in stages if stage[2])
        last = max((step for step, phase, _ in looks if phase == variant), default=frozen)
    seconds = sum(s for step, s in steps if step <= last) + sum(s for step, _, s in looks if step <= last)
    return last, seconds / 60


def _validation(run: Path, variant: str) -> float | None:
    """The AUC of the float network on the validation part: of the weights that were kept."""
    if variant == "original":
        with (run / JUDGED).open(newline="", encoding="utf-8") as stream:
            return max((float(r["auc"]) for r in csv.DictReader(stream) if r["phase"] == variant), default=None)
    scores = json.loads((run / VALIDATION).read_text(encoding="utf-8"))
    return sum(scores.values()) / len(scores) if scores else None


def _measured(path: Path, folder: Path, test: Sequence[Film], progress: Progress) -> Measured:
    """The figures of a bundle; kept beside it, for they are the same each time, but for the speed."""
    bundle = read_bundle(folder, least=BundleStatus.UNCERTIFIED)
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept.pop("model_sha256", None) == bundle.model_sha256:
            return Measured(**{**kept, "milliseconds": milliseconds(bundle)})
    found = measure(bundle, test, progress)
    write_text(path, json.dumps({**asdict(found), "model_sha256": bundle.model_sha256}, indent=1) + "\n")
    return found
