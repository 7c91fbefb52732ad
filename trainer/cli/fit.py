"""`cxr-trainer fit`: train a network, or go on with a run that was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from trainer.cli.backend import prepare_keras
from trainer.cli.options import DATA, FORMAT, HOLD_OUT, one_line
from trainer.cli.progress import bar
from trainer.cli.table import show_scores
from trainer.cli.training import training_options

if TYPE_CHECKING:
    from trainer.cli.training import Asked
    from trainer.data.sources import Source

DEFAULT_RECIPE: Final = "efficientnet_lite0"


@click.command("fit")
@DATA
@HOLD_OUT
@click.option("--run", "run", type=click.Path(path_type=Path, file_okay=False), required=True, help="The run's folder.")
@click.option(
    "--recipe", default=DEFAULT_RECIPE, show_default=True, help="A name, a file, or package.module:ATTRIBUTE."
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--fraction", type=click.FloatRange(0, 0.5), default=0.15, show_default=True, help="Share to validate on."
)
@click.option("--test", type=click.FloatRange(0, 0.5), default=0.0, show_default=True, help="Share to look at once.")
@click.option(
    "--by",
    type=click.Choice(["patient", "file"]),
    default="patient",
    show_default=True,
    help="What is drawn; `file` leaks.",
)
@click.option("--split", type=click.Path(path_type=Path, dir_okay=False), help="A split.csv that decides instead.")
@click.option(
    "--teacher",
    "teachers",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    help="A run whose network says what films should be called, beside their labels; repeatable.",
)
@training_options
@FORMAT
def fit_command(
    sources: tuple[Source, ...],
    hold_out: tuple[Source, ...],
    run: Path,
    recipe: str,
    seed: int,
    fraction: float,
    test: float,
    by: str,
    split: Path | None,
    teachers: tuple[Path, ...],
    asked: Asked,
    format_: str,
) -> None:
    """Train a network; the same command goes on with a run that was stopped.

    \b
    Example:
      cxr-trainer fit --data ../shared/data/kermany-224,population=children \\
          --data ../shared/data/rsna-adult-dev --hold-out ../shared/data/kermany-fullsize --run runs/first
    """
    prepare_keras()
    with one_line(), bar("training") as advance:
        from trainer.data.splits import Shares, Unit
        from trainer.recipes.registry import find_recipe
        from trainer.training.fit import fit
        from trainer.training.run import Run

        wanted = Run(
            folder=run,
            recipe=asked.of(find_recipe(recipe)),
            sources=sources,
            hold_out=hold_out,
            shares=Shares(fraction, test),
            unit=Unit(by),
            split=split,
            seed=seed,
            weights=asked.weights(),
            teachers=teachers,
        )
        try:
            scores = fit(
                wanted,
                lambda step, total, loss: advance(step, total, f"loss {loss:.3f}"),
                lambda text: click.echo(text, err=True),
            )
        except KeyboardInterrupt:
            click.echo("stopped; the same command goes on from the last checkpoint", err=True)
            raise
    if format_ == "json":
        click.echo(json.dumps({"run": str(run), "validation_auc": scores}, indent=2))
        return
    show_scores(run, scores)
