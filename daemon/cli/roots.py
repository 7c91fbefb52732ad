"""`cxr-triage roots`: the folders that the store knows; accept one that moved, retire one that is gone for good."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of
from daemon.cli.queue import aligned

HEAD: Final = ("root", "state", "films", "blind in 24 h", "last arrival", "folder")


class _ListByDefault(click.Group):
    """A group that lists where no other command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("roots", cls=_ListByDefault, epilog="\b\nExample: cxr-triage roots retire /srv/incoming/old-ward")
def command() -> None:
    """List the folders that the store knows, accept one that moved, or retire one. Without a command: list."""


@command.command(
    "list", short_help="List every root.", epilog="\b\nExample: cxr-triage roots list --format json --db triage.db"
)
@format_option("table", "json")
@db_option
@click.pass_context
def list_(context: click.Context, form: str, db: str | None) -> None:
    """List every root: its state, the films in it, how long it was blind in the last 24 hours, its last arrival.

    Times are in the report's zone.
    """
    from daemon.service.roots import roots_document

    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        with store.read() as tx:
            document = roots_document(tx, datetime.now(UTC))
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps(document, indent=2))
        return
    zone = ZoneInfo(settings.report.zone)
    for line in aligned(HEAD, [_row(root, zone) for root in document["roots"]]):
        click.echo(line)


@command.command(
    "accept",
    short_help="Take a root that moved as it is.",
    epilog="\b\nExample: cxr-triage roots accept /srv/incoming",
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="PATH")
@db_option
@click.pass_context
def accept(context: click.Context, folder: Path, db: str | None) -> None:
    """Take a root as the next rescan finds it: it moved to another file system for good.

    Films that were moved with it are known by their content; films that are not there then count as removed.
    """
    from daemon.service import roots

    store = store_of(settings_of(context), db, create=False)
    try:
        with store.write() as tx:
            root = roots.accept(tx, folder)
        click.echo(
            f"{printable(root.path)}: the next look takes it as it is; films that are not there count as removed"
        )
    finally:
        store.close()


@command.command(
    "retire",
    short_help="Look for a root no more.",
    epilog="\b\nExample: cxr-triage roots retire /srv/incoming/old-ward",
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="PATH")
@db_option
@click.pass_context
def retire(context: click.Context, folder: Path, db: str | None) -> None:
    """Look for a root no more: `status` and `account --verify` pass it over; its films stay in the store.

    Refused while the configuration names it, or a daemon looks after it. A root that is watched or scanned again is
    not retired any more.
    """
    from daemon.service import roots

    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        with store.write() as tx:
            root = roots.retire(tx, folder, [each.path for each in settings.root], datetime.now(UTC))
        click.echo(f"{printable(root.path)}: retired; its films stay in the store")
    finally:
        store.close()


def _row(root: Mapping[str, Any], zone: ZoneInfo) -> tuple[str, ...]:
    arrived = root["last_arrived_at"]
    return (
        str(root["id"]),
        "retired" if root["retired_at"] else root["state"],
        str(root["films"]),
        f"{root['blind_minutes']:g} min",
        f"{datetime.fromisoformat(arrived).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if arrived else "never",
        printable(root["path"]),
    )
