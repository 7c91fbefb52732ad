"""`cxr-triage queue`: the studies that wait, in their order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click

from daemon.cli.options import csv_text, db_option, format_option, printable, settings_of, store_of
from daemon.cli.progress import busy

BAND_WORDS: Final = {"first": "FIRST", "next": "next", "in_turn": "in turn", "unscored": "unscored"}


@click.command("queue", epilog="\b\nExample: cxr-triage queue --format json --limit 20")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many studies.")
@format_option("table", "json", "csv")
@db_option
@click.pass_context
def command(context: click.Context, limit: int | None, form: str, db: str | None) -> None:
    """Print the studies that wait, the likeliest pneumonia first.

    Films that could not be scored stand in the middle, by their arrival, and are listed with the reason.
    """
    from daemon.triage.document import ROW, queue_rows
    from daemon.waiting import queue_of

    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        with busy("reading the queue"), store.read() as tx:
            document = queue_of(tx, datetime.now(UTC), settings.department, limit)
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps(document, indent=2))
    elif form == "csv":
        click.echo(csv_text(ROW, queue_rows(document)), nl=False)
    else:
        for line in table(document):
            click.echo(line)


def table(document: Mapping[str, Any]) -> list[str]:
    """The queue as lines for a terminal."""
    bundle = document["bundle"]
    model = f"{bundle['name']} ({bundle['sha256'][:12]})" if bundle else "nothing scored yet"
    lines = [f"{document['waiting']} waiting, as of {document['generated_at']}; model: {model}"]
    lines.append(printable(document["acceptance"]["sentence"]))
    rows = [_row(entry) for entry in document["queue"]]
    lines += aligned(("rank", "study", "band", "probability", "tier", "arrived", "film"), rows)
    lines += _notes(document)
    if document["not_scored"]:
        lines += ["", "Not scored, to be read normally:"]
        lines += [
            f"  {printable(item['path'])}: {item['state']} ({item['code']}): {printable(item['message'] or '')}"
            for item in document["not_scored"]
        ]
    if document["marked"]:
        lines += ["", "Scored outside the validated use, and marked; ranked by arrival, not by these scores:"]
        lines += [
            f"  {printable(item['path'])}: {', '.join(item['codes'])}: {_probability(item) or 'no score'}"
            for item in document["marked"]
        ]
    if document["withdrawn"]:
        lines += ["", "Withdrawn by their sender, listed until they are marked as read:"]
        lines += [
            f"  {entry['study']}  {printable(image['path'])}: since {image['withdrawn_at'][:16].replace('T', ' ')}"
            for entry in document["withdrawn"]
            for image in entry["images"]
        ]
    return lines


def _notes(document: Mapping[str, Any]) -> list[str]:
    """What the columns do not say of themselves: at which prevalence probabilities hold, and what `ordered` means."""
    scored = [entry for entry in document["queue"] if entry["prevalence"] is not None]
    site = document["site_prevalence"]
    shares = sorted({(entry["population"] or "unknown", entry["prevalence"]) for entry in scored})
    said = [f"{who} {100 * share:.3g} %{' (this site)' if who in site else ''}" for who, share in shares]
    lines = [f"Probabilities hold at a prevalence of: {', '.join(said)}."] if said else []
    if any(entry["policy"] == "ordered" for entry in scored):
        lines.append("ordered: the score orders these films; none of them is called low or first.")
    if any(entry["blind"] for entry in document["queue"]):
        lines.append("blind: listed by arrival, whatever the score; it is shown once there is a verdict.")
    return ["", *lines] if lines else []


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    paths = [image["path"] for image in entry["images"]]
    more = f" (+{len(paths) - 1})" if len(paths) > 1 else ""
    gone = sum(image["withdrawn_at"] is not None for image in entry["images"])
    more += f", {gone} withdrawn" if gone else ""
    return (
        str(entry["rank"]),
        entry["study"],
        "blind" if entry["blind"] else BAND_WORDS[entry["band"]] + _aside(entry),
        _probability(entry),
        entry["tier"],
        entry["arrived_at"][:16].replace("T", " "),
        printable(paths[0]) + more if paths else "",
    )


def _probability(entry: Mapping[str, Any]) -> str:
    return "" if entry["probability"] is None else f"{entry['probability']:.3f}"


def _aside(entry: Mapping[str, Any]) -> str:
    """What stands behind the band."""
    if entry["images"] and entry["images"][0]["marks"]:
        return " (marked)"
    return " (ordered)" if entry["policy"] == "ordered" else ""


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns, the last one as wide as it is."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]
