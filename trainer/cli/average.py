"""`cxr-trainer average`: one network from the runs of several seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainer.cli.backend import prepare_keras
from trainer.cli.options import DATA, FORMAT, one_line
from trainer.cli.table import show_scores

if TYPE_CHECKING:
    from trainer.data.sources import Source


@click.command("average")
@DATA
@click.option(
    "--of",
    "runs",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    required=True,
    help="A run to take.",
)
@click.option("--run", "run", type=click.Path(path_type=Path, file_okay=False), required=True, help="The new run's.")
@FORMAT
def average_command(sources: tuple[Source, ...], runs: tuple[Path, ...], run: Path, format_: str) -> None:
    """Average the weights of runs that differ in nothing but their seed, into a run folder of its own.

    \b
    Example:
      cxr-trainer average --of runs/one --of runs/two --run runs/both --data ../shared/data/kermany-224
    """
    prepare_keras()
    with one_line():
        from trainer.training.average import Average, average

        scores = average(Average(run, runs, sources), lambda text: click.echo(text, err=True))
    if format_ == "json":
        click.echo(json.dumps({"run": str(run), "validation_auc": scores}, indent=2))
        return
    show_scores(run, scores)
