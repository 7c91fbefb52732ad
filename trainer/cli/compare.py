"""`cxr-trainer compare`: run recipes on one split and write one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainer.cli.options import DATA, FORMAT, one_line
from trainer.cli.progress import bar

if TYPE_CHECKING:
    from trainer.data.sources import Source


@click.command("compare")
@DATA
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where everything goes."
)
@click.option(
    "--recipe", "recipes", multiple=True, metavar="NAME[,key=value...]", help="May be given often.  [default: all]"
)
@click.option("--seeds", default="1", show_default=True, metavar="1|1-5|1,4,9", help="Of the runs.")
@click.option("--fraction", type=click.FloatRange(0.01, 0.5), default=0.15, show_default=True, help="To validate on.")
@click.option("--test", type=click.FloatRange(0.01, 0.5), default=0.15, show_default=True, help="To compare on.")
@click.option(
    "--by", type=click.Choice(["patient", "file"]), default="patient", show_default=True, help="`file` leaks."
)
@click.option("--split-seed", type=click.IntRange(0), default=1, show_default=True, help="Of the one split.")
@FORMAT
def compare_command(
    sources: tuple[Source, ...],
    folder: Path,
    recipes: tuple[str, ...],
    seeds: str,
    fraction: float,
    test: float,
    by: str,
    split_seed: int,
    format_: str,
) -> None:
    """Train, export and judge recipes on one split; the same command goes on with one that was stopped.

    A key is an option of fit: steps, side, balance, augmentation, weights, patience, judge-every, monitor; or seeds.
    Training runs on the backend that KERAS_BACKEND names; the table is written to FOLDER/compare.md too.

    \b
    Example:
      cxr-trainer compare --data ../shared/data/kermany-224,population=children --folder runs/compare \\
          --recipe mlp --recipe cnn,steps=600 --recipe cnn,steps=600,balance=augmented
    """
    with one_line(), bar("scoring") as advance:
        from trainer.comparison.rows import parse_entry, seeds_of
        from trainer.comparison.run import Comparison, compare
        from trainer.comparison.table import table
        from trainer.data.splits import Shares, Unit
        from trainer.recipes.registry import recipe_names
        from trainer.runs import write_text

        asked = Comparison(
            folder=folder,
            sources=sources,
            entries=tuple(parse_entry(text) for text in recipes or recipe_names()),
            seeds=seeds_of(seeds),
            shares=Shares(fraction, test),
            unit=Unit(by),
            split_seed=split_seed,
        )
        document = compare(asked, lambda text: click.echo(text, err=True), lambda done, total: advance(done, total, ""))
        text = table(document)
        write_text(folder / "compare.md", text)
    click.echo(json.dumps(document, indent=2) if format_ == "json" else text, nl=format_ == "json")
