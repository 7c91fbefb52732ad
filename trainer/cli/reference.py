"""`cxr-trainer reference`: add to a bundle what its films are like, so that a site can tell its own from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainer.cli.options import BUNDLE, DATA, FORMAT, one_line
from trainer.cli.progress import bar

if TYPE_CHECKING:
    from trainer.data.sources import Source


@click.command("reference")
@DATA
@BUNDLE
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The new bundle's folder, and its name.")
@FORMAT
def reference_command(sources: tuple[Source, ...], bundle: Path | None, output: Path, format_: str) -> None:
    """Write a bundle anew with the spread of scores and pictures in the films that it was judged on.

    The films are those of its split's validation part. Network, thresholds and all other files stay as they are; name,
    hashes and seal are the new bundle's own.

    \b
    Example:
      cxr-trainer reference --bundle models/shipped/first --data ../shared/data/kermany-224,population=children \\
          --output first-with-reference
    """
    with one_line(), bar("measuring") as advance:
        from models.bundle import shipped_bundle
        from trainer.reference.document import add_reference

        document = add_reference(
            bundle or shipped_bundle(), sources, output, lambda done, total: advance(done, total, "")
        )
    if format_ == "json":
        click.echo(json.dumps(document["reference"], indent=2))
        return
    for who, stated in document["reference"]["populations"].items():
        click.echo(f"{who}: {stated['films']} films, {stated['refused']:.2%} refused at {stated['prevalence']:.0%}")
    click.echo(f"bundle in {click.format_filename(output)}")
