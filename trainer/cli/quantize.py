"""`cxr-trainer quantize`: make a run into a bundle."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainer.cli.backend import prepare_keras
from trainer.cli.options import DATA, FORMAT, one_line
from trainer.cli.progress import bar
from trainer.cli.table import figures_table
from trainer.export.choices import Precision, Purpose, WeightsOf

if TYPE_CHECKING:
    from trainer.data.sources import Source


@click.command("quantize")
@DATA
@click.option("--run", "run", type=click.Path(path_type=Path, file_okay=False), required=True, help="What fit wrote.")
@click.option("--bundle", type=click.Path(path_type=Path), required=True, help="The new bundle's folder.")
@click.option("--name", required=True, help="The bundle's name, such as lite0-2026.11.")
@click.option(
    "--precision",
    type=click.Choice([p.value for p in Precision]),
    default=Precision.INT8.value,
    show_default=True,
    help="Of the model file.",
)
@click.option(
    "--weights-of",
    type=click.Choice([w.value for w in WeightsOf]),
    default=WeightsOf.FINAL.value,
    show_default=True,
    help="original: before what was frozen learned too.",
)
@click.option(
    "--least", type=click.IntRange(5), default=50, show_default=True, help="Films of either class; fewer: outside."
)
@click.option(
    "--most", type=click.IntRange(1), default=300, show_default=True, help="Films of a source and class, shifted."
)
@click.option(
    "--for",
    "purpose",
    type=click.Choice([p.value for p in Purpose]),
    default=Purpose.SERVICE.value,
    show_default=True,
    help="trial: quick, undecided and uncertified, to be compared only.",
)
@FORMAT
def quantize_command(
    sources: tuple[Source, ...],
    run: Path,
    bundle: Path,
    name: str,
    precision: str,
    weights_of: str,
    least: int,
    most: int,
    purpose: str,
    format_: str,
) -> None:
    """Export a run's network, choose its operating points, and write a bundle.

    \b
    Example:
      cxr-trainer quantize --run runs/first --data ../shared/data/kermany-224 \\
          --data ../shared/data/rsna-adult-dev --bundle models/shipped/first --name first
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the converter is TensorFlow's; the weights are the same under any
    prepare_keras()
    with one_line(), bar("scoring") as advance:
        from trainer.export.release import Release, release

        today = datetime.now().astimezone().date()
        asked = Release(
            run,
            sources,
            bundle,
            name,
            today,
            Precision(precision),
            WeightsOf(weights_of),
            least=least,
            most=most,
            purpose=Purpose(purpose),
        )
        document = release(asked, lambda text: click.echo(text, err=True), lambda done, total: advance(done, total, ""))
    if format_ == "json":
        click.echo(json.dumps(document, indent=2))
        return
    certificate = document["quantisation"]
    click.echo(f"bundle in {bundle}, {'certified' if certificate['certified'] else 'NOT certified'}")
    click.echo(
        f"{precision} against the network as it was trained, on {certificate['films']} films: rank correlation "
        f"{certificate['rank_correlation']:.4f}, "
        f"{certificate['flips']:.2%} on the other side of the threshold"
    )
    click.echo(figures_table(document["validation"]))
