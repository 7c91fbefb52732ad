"""What the commands share: the options for data and format, and an error in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from models.errors import ModelsError

METAVAR: Final = "DIR[,weight=W][,population=children|adults]"


class SourceType(click.ParamType[Any]):
    """``DIR[,weight=W][,population=children|adults]``; a mistake in it is wrong usage."""

    name = "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The source that the text names."""
        from trainer.data.sources import Source, parse_source

        if isinstance(value, Source):
            return value
        try:
            return parse_source(value)
        except ModelsError as error:
            self.fail(f"{error.path}: {error.cause}; {error.remedy}", param, ctx)


DATA: Final = click.option(
    "--data",
    "sources",
    type=SourceType(),
    metavar=METAVAR,
    required=True,
    multiple=True,
    help="A folder with NORMAL/ and PNEUMONIA/; may be given several times.",
)
HOLD_OUT: Final = click.option(
    "--hold-out",
    "hold_out",
    type=SourceType(),
    metavar="DIR",
    multiple=True,
    help="Whose patients are never trained on.",
)
BUNDLE: Final = click.option(
    "--bundle", type=click.Path(path_type=Path), help="A bundle's folder.  [default: the shipped one]"
)
OWN_SPLIT: Final = click.option(
    "--split", type=click.Path(path_type=Path, dir_okay=False), help="A split.csv.  [default: the bundle's own]"
)
FIGURES: Final = click.option(
    "--json", "json_", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures as JSON."
)
FORMAT: Final = click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)


@contextmanager
def one_line() -> Iterator[None]:
    """An error of ours is one line on standard error and exit code 1."""
    try:
        yield
    except ModelsError as error:
        raise click.ClickException(" ".join(str(error).split())) from error
