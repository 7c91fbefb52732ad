"""`cxr-trainer points`: where a bundle's network would have its thresholds, and whether they hold elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainer.cli.options import BUNDLE, DATA, FIGURES, FORMAT, OWN_SPLIT, one_line
from trainer.cli.progress import bar
from trainer.cli.table import show_document

if TYPE_CHECKING:
    from trainer.data.sources import Film, Source


@click.command("points")
@DATA
@BUNDLE
@OWN_SPLIT
@click.option("--most", type=click.IntRange(1), default=150, show_default=True, help="Films of a source and class.")
@click.option(
    "--conditions",
    type=click.Choice(["all", "heaviest", "clean"]),
    default="all",
    show_default=True,
    help="Of the suite: three severities of each corruption, the strongest alone, or none.",
)
@click.option(
    "--least", type=click.IntRange(5), default=50, show_default=True, help="Films of either class; fewer: outside."
)
@FIGURES
@FORMAT
def points_command(
    sources: tuple[Source, ...],
    bundle: Path | None,
    split: Path | None,
    most: int,
    conditions: str,
    least: int,
    json_: Path | None,
    format_: str,
) -> None:
    """Choose operating points by every rule, and try them on patients, corruptions and sources left out.

    The films are those of the split's validation part, and of sources that the bundle's training held out as a whole.
    Nothing is written into the bundle: its own points were made the same way when it was quantised.

    \b
    Example:
      cxr-trainer points --data ../shared/data/kermany-224,population=children \\
          --data ../shared/data/kermany-fullsize,population=children --json points.json
    """
    with one_line():
        from models.bundle import BundleStatus, read_bundle, shipped_bundle
        from trainer.evidence.document import describe
        from trainer.points.document import points_document
        from trainer.points.table import table
        from trainer.runs import write_text
        from trainer.shift.conditions import CLEAN, CONDITIONS, HEAVIEST
        from trainer.shift.judges import BundleJudge
        from trainer.shift.scoring import score_suite

        folder = bundle if bundle is not None else shipped_bundle()
        judged = read_bundle(folder, least=BundleStatus.UNCERTIFIED)
        held_out = frozenset(judged.document.get("training", {}).get("hold_out", ()))
        films = _films(sources, split if split is not None else folder / "split.csv", held_out, most)
        asked = {"all": CONDITIONS, "heaviest": HEAVIEST, "clean": (CLEAN,)}[conditions]
        with bar("scoring") as advance:
            scores = score_suite(films, asked, BundleJudge(judged), lambda done, total: advance(done, total, ""))
        with bar("choosing") as advance:
            found = points_document(scores, held_out, least=least, report=lambda done, total: advance(done, total, ""))
        document = {"bundle": describe(judged), **found}
        if json_ is not None:
            write_text(json_, json.dumps(document, indent=2, allow_nan=False) + "\n")
    show_document(document, table(document), format_, json_)


def _films(sources: tuple[Source, ...], split: Path, held_out: frozenset[str], most: int) -> list[Film]:
    """A draw from the validation part and from the sources held out as a whole."""
    from trainer.data.sources import Part, find_all
    from trainer.data.splits import read_split
    from trainer.errors import TrainerError
    from trainer.shift.suite import draw

    parts = read_split(split)
    films = find_all(sources)
    chosen = [film for film in films if parts.get(film.sha256) is Part.VALIDATION or film.source in held_out]
    if not chosen:
        cause = f"none of the {len(films)} films is in its validation part"
        raise TrainerError("use the split", split, cause, "give the data that the bundle was made from")
    return draw(chosen, most)
