"""What several commands share: the --db and --format options, the settings, and opening the store."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from daemon.settings import Settings
    from db.identity import Identity
    from db.store import Store

Command = TypeVar("Command", bound=Callable[..., Any])
TABLE_OR_JSON: Final = ("table", "json")


def db_option(function: Command) -> Command:
    """`--db`: which database; default from the configuration, else ./cxr-triage.db."""
    return click.option("--db", metavar="URL|FILE", help="Database: an SQLAlchemy URL or a file name.")(function)


def format_option(*choices: str) -> Callable[[Command], Command]:
    """`--format`, the first choice being the default."""
    return click.option(
        "--format", "form", type=click.Choice(choices), default=choices[0], show_default=True, help="Output form."
    )


def length(context: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """The callback of an option that takes a length of time: 12h, 30d, 2w."""
    del context, parameter
    from daemon.followup.spans import length_of

    try:
        return length_of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def moment(text: str, zone: ZoneInfo, option: str) -> datetime:
    """A point of time that an option was given, in the site's zone where it names none.

    Raises:
        BadParameter: it is none.
    """
    from daemon.followup.spans import moment_of

    try:
        return moment_of(text, zone)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def folders_argument(function: Command) -> Command:
    """`[FOLDER ...]`: the same folder counts once; one inside another is wrong usage."""
    return click.argument(
        "folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER ...]", callback=_separate
    )(function)


def _separate(context: click.Context, parameter: click.Parameter, value: tuple[Path, ...]) -> tuple[Path, ...]:
    del context, parameter
    folders = dict[Path, Path]()
    for folder in value:
        folders.setdefault(Path(os.path.realpath(folder)), folder)
    for real, folder in folders.items():
        for other in real.parents:
            if other in folders:
                raise click.BadParameter(f"{folder} lies in {folders[other]}; each film must belong to one folder")
    return tuple(folders.values())


def settings_of(context: click.Context) -> Settings:
    """The settings that --config and the environment give."""
    from daemon.settings import load_settings

    path: Path | None = context.find_root().obj
    return load_settings(path)


def store_of(settings: Settings, db: str | None, *, create: bool) -> Store:
    """Open the store that --db or the settings name."""
    from db.store import open_store

    return open_store(db or settings.store.url, create=create)


def identity_of(settings: Settings, store: Store) -> Identity:
    """What finds an accession again that the store keeps, at whatever level it was kept."""
    from db.key_file import reader

    return reader(store, settings.store.identifiers)


def printable(text: str) -> str:
    """A text for a terminal: no control characters, and bytes that are not UTF-8 shown as escapes."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")


def complain(faults: Iterable[Exception]) -> None:
    """One line on standard error for each."""
    for fault in faults:
        click.echo(f"cxr-triage: {printable(str(fault))}", err=True)


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as CSV for a terminal or another program."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: printable(cell) if isinstance(cell, str) else cell for key, cell in row.items()})
    return text.getvalue()


def on_terminal() -> bool:
    """Whether progress may be drawn: standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()
