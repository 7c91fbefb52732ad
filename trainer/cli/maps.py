"""`cxr-trainer maps`: whether a bundle's heat maps show what its scores are made of, and where it looks."""

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


@click.command("maps")
@DATA
@BUNDLE
@OWN_SPLIT
@click.option(
    "--films", type=click.IntRange(1), default=100, show_default=True, help="Of each source and class, at most."
)
@click.option("--draws", type=click.IntRange(10), default=10, show_default=True, help="Random masks of either kind.")
@click.option(
    "--fill",
    type=click.Choice(["blur", "surroundings"]),
    default="blur",
    show_default=True,
    help="What is put over hidden parts.",
)
@FIGURES
@FORMAT
def maps_command(
    sources: tuple[Source, ...],
    bundle: Path | None,
    split: Path | None,
    films: int,
    draws: int,
    fill: str,
    json_: Path | None,
    format_: str,
) -> None:
    """Try a bundle's heat maps on the split's validation part.

    Deletion: in films at or above the operating point the hottest tenth of the area is hidden, and as much at random.
    Places: how often the peak lies in a corner or along the edge. Markers: letters and discs in a corner of films
    called normal, and whether they move the score or draw the peak.

    \b
    Example:
      cxr-trainer maps --data ../shared/data/kermany-224,population=children \\
          --data ../shared/data/rsna-adult-dev --films 50 --json maps.json
    """
    with one_line():
        from models.bundle import BundleStatus, read_bundle, shipped_bundle
        from trainer.evidence.document import describe
        from trainer.maps.check import check_maps
        from trainer.maps.masks import Fill
        from trainer.maps.table import table
        from trainer.runs import write_text

        folder = bundle if bundle is not None else shipped_bundle()
        judged = read_bundle(folder, least=BundleStatus.UNCERTIFIED)
        chosen = _films(sources, split if split is not None else folder / "split.csv", films)
        with bar("looking") as advance:
            figures = check_maps(
                chosen, judged, lambda done, total: advance(done, total, ""), draws=draws, fill=Fill(fill)
            )
        document = {"bundle": describe(judged), **figures}
        if json_ is not None:
            write_text(json_, json.dumps(document, indent=2, allow_nan=False) + "\n")
    show_document(document, "".join(f"{line}\n" for line in table(document)), format_, json_)


def _films(sources: tuple[Source, ...], split: Path, most: int) -> list[Film]:
    from trainer.data.sources import Part, find_all
    from trainer.data.splits import read_split
    from trainer.evidence.scoring import choose
    from trainer.shift.suite import draw

    parts = read_split(split)
    return draw(choose(find_all(sources), parts, Part.VALIDATION), most)
