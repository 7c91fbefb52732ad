"""`cxr-trainer inspect`: look at films before anybody trains on them."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trainer.cli.options import DATA, FORMAT, one_line
from trainer.cli.progress import bar

if TYPE_CHECKING:
    from trainer.data.films import Source


@click.command("inspect")
@DATA
@click.option("--split", type=click.Path(path_type=Path, dir_okay=False), help="A split.csv, to look for leaks in.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for a page and contact sheets.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of folds and contact sheets.")
@FORMAT
def inspect_command(sources: tuple[Source, ...], split: Path | None, out: Path | None, seed: int, format_: str) -> None:
    """Say what films there are, whose they are, what leaks, and what gives the label away without the lungs.

    It changes no film. With --out the folder holds index.html, inspect.json and a contact sheet a source.

    \b
    Example:
      cxr-trainer inspect --data ../shared/data/kermany-fullsize --data ../shared/data/rsna-adult-dev
      cxr-trainer inspect --data films --split run/split.csv --out inspected
    """
    with one_line():
        from trainer.data.splits import read_split
        from trainer.inspection.document import figures
        from trainer.inspection.findings import findings
        from trainer.inspection.look import inspect_sources

        parts = None if split is None else read_split(split)
        with bar("looking") as advance:
            inspected = inspect_sources(sources, advance)
        document = figures(inspected, parts, seed=seed, report=_say)
        document["findings"] = [finding.as_figures() for finding in findings(document)]
        if out is not None:
            from trainer.inspection.page import write_inspection

            _say("drawing contact sheets")
            write_inspection(out, document, inspected, _command(sources, split, seed))
    if format_ == "json":
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(_table(document))
    if out is not None:
        click.echo(f"page in {click.format_filename(out / 'index.html')}")


def _say(text: str) -> None:
    """What is being done, where somebody watches."""
    if sys.stderr.isatty():
        click.echo(f"{text} ...", err=True)


def _command(sources: tuple[Source, ...], split: Path | None, seed: int) -> str:
    """The command that gives the same figures again."""
    words = ["cxr-trainer", "inspect"]
    for source in sources:
        words += ["--data", source.argument(str(source.folder))]
    if split is not None:
        words += ["--split", str(split)]
    return shlex.join([*words, "--seed", str(seed)])


def _table(document: Mapping[str, Any]) -> str:
    """The figures for a terminal: a line a class, then the findings."""
    from trainer.inspection.page import visible

    lines = []
    for name, source in document["sources"].items():
        lines.append(f"{visible(name)}: {source['films']:,} films, {source['unreadable']:,} files cannot be read")
        for each, c in source["classes"].items():
            shape = f"{c['width']['median']:.0f} x {c['height']['median']:.0f} ({c['aspect']['median']:.2f})"
            lines.append(f"  {visible(each):<10} {c['films']:>6,} films, {c['patients']:>6,} patients, median {shape}")
    lines.append("")
    lines += [f"{finding['weight']:<8} {visible(finding['text'])}" for finding in document["findings"]]
    return "\n".join(lines)
