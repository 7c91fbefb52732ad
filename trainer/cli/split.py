"""`cxr-trainer split`: divide films by a scheme and write the split manifests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from trainer.cli.options import DATA, FORMAT, one_line

if TYPE_CHECKING:
    from trainer.data.films import Film, Part, Source

SCHEMA: Final = 1
SCHEMES: Final = ("train/validation", "70/15/15", "k-fold", "leave-one-source-out")  # `folds.Scheme`, for a quick help
LEAK: Final = "note: by file, films of one patient lie in several parts; only for showing how much that flatters"
_SHARE: Final = click.FloatRange(0, 0.5)


@click.command("split")
@DATA
@click.option("--scheme", type=click.Choice(SCHEMES), default=SCHEMES[0], show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the CSV files."
)
@click.option("--validation", type=_SHARE, default=0.15, show_default=True, help="Share to validate on; not of k-fold.")
@click.option("--test", type=_SHARE, default=0.15, show_default=True, help="Share to test on, of 70/15/15.")
@click.option("--folds", type=click.IntRange(2), default=5, show_default=True, help="Of k-fold.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--by",
    type=click.Choice(["patient", "file"]),
    default="patient",
    show_default=True,
    help="What never parts; `file` only to show the leak.",
)
@FORMAT
def split_command(
    sources: tuple[Source, ...],
    scheme: str,
    out: Path,
    validation: float,
    test: float,
    folds: int,
    seed: int,
    by: str,
    format_: str,
) -> None:
    """Divide films into parts by patient and content, and write which film is in which part.

    Each file has a line a film: its sha256, source, label and part (train, validation, test, or excluded: whoever could
    leak). `fit` and `evaluate` take it as --split.

    \b
    Example:
      cxr-trainer split --data ../shared/data/kermany-224 --scheme 70/15/15 --out splits
      cxr-trainer split --data ../shared/data/kermany-224 --scheme k-fold --folds 5 --out splits
    """
    with one_line():
        from trainer.data.folds import Plan, Scheme, divided, leaks
        from trainer.data.sources import find_all, need_both_classes
        from trainer.data.splits import Shares, Unit, split_text
        from trainer.errors import TrainerError
        from trainer.runs import write_text

        films = find_all(sources)
        need_both_classes(films, *sources)
        splits = divided(films, Plan(Scheme(scheme), Shares(validation, test), folds, seed, Unit(by)))
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            cause = error.strerror or str(error)
            raise TrainerError("make the folder", out, cause, "give another --out") from error
        written: list[dict[str, Any]] = []
        for (name, parts), file in zip(splits.items(), _files(list(splits)), strict=True):
            write_text(out / file, split_text(films, parts))
            found = leaks(films, parts)
            written.append(
                {
                    "file": file,
                    "name": name,
                    "parts": counts(films, parts),
                    "leaks": {"patients": len(found.patients), "films": found.patient_films, "ages": len(found.ages)},
                }
            )
    if by == "file":
        click.echo(LEAK, err=True)
    if format_ == "json":
        document = {"schema": SCHEMA, "scheme": scheme, "by": by, "seed": seed, "out": str(out), "splits": written}
        click.echo(json.dumps(document, indent=2))
        return
    for each in written:
        click.echo(_table(out / each["file"], each))


def counts(films: Sequence[Film], parts: Mapping[str, Part]) -> dict[str, Any]:
    """Films of each class, patients, and films by source, of each part that has films."""
    from trainer.data.films import CLASSES, Part

    found = {}
    for part in Part:
        some = [film for film in films if parts[film.sha256] is part]
        if some:
            found[part.value] = {
                "films": len(some),
                "patients": len({film.patient for film in some}),
                "classes": {name: sum(film.label == label for film in some) for name, label in CLASSES.items()},
                "sources": {
                    source: sum(film.source == source for film in some)
                    for source in dict.fromkeys(film.source for film in some)
                },
            }
    return found


def _files(names: Sequence[str]) -> list[str]:
    """File names that no name of a source can turn into a path, each once."""
    safe = [re.sub(r"[^A-Za-z0-9._-]+", "_", name) for name in names]
    return [f"{name}-{n}.csv" if safe.count(name) > 1 else f"{name}.csv" for n, name in enumerate(safe, 1)]


def _table(path: Path, each: Mapping[str, Any]) -> str:
    lines = [click.format_filename(path)]
    for part, found in each["parts"].items():
        classes = ", ".join(f"{count} {name}" for name, count in found["classes"].items())
        sources = ", ".join(f"{name} {count}" for name, count in found["sources"].items())
        lines.append(f"  {part:<10} {found['films']:>6} films ({classes}), {found['patients']} patients: {sources}")
    if any(each["leaks"].values()):
        leak = each["leaks"]
        lines.append(
            f"  leaks: {leak['patients']} patients with {leak['films']} films, {leak['ages']} ages, in two parts"
        )
    return "\n".join(lines)
