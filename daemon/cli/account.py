"""`cxr-triage account`: every file that was seen, by what became of it."""

from __future__ import annotations

import json

import click

from daemon.cli.options import db_option, format_option, printable, settings_of, store_of
from daemon.cli.progress import busy


@click.command("account", epilog="\b\nExample: cxr-triage account --verify --format json")
@click.option("--verify", is_flag=True, help="Compare disk, arrivals and history, and name each discrepancy.")
@format_option("table", "json")
@db_option
@click.pass_context
def command(context: click.Context, verify: bool, form: str, db: str | None) -> int:
    """Count every file that was seen: seen = scored + refused + failed + duplicate + superseded + vanished + pending.

    With --verify the exit code is 1 if anything does not hold.
    """
    from daemon.intake.audit import verify as audit
    from daemon.waiting import account_of

    store = store_of(settings_of(context), db, create=False)
    try:
        with busy("comparing disk, arrivals and history" if verify else "counting"), store.read() as tx:
            document = account_of(tx)
            found = audit(tx) if verify else None
    finally:
        store.close()
    if found is not None:
        document |= {
            "verified": not found.discrepancies,
            "unseen": found.unseen,
            "discrepancies": [
                {"kind": each.kind, "subject": each.subject, "text": each.text} for each in found.discrepancies
            ],
        }
    if form == "json":
        click.echo(json.dumps(document, indent=2))
    else:
        for key, value in document.items():
            if key != "discrepancies":
                click.echo(f"{key:<12} {_word(value)}")
        for each in found.discrepancies if found else ():
            click.echo(f"  {each.kind}: {printable(each.subject)}: {printable(each.text)}")
    return 1 if not document["balanced"] or (found and found.discrepancies) else 0


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
