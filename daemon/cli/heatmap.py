"""`cxr-triage heatmap`: what a score was made of, by place, as numbers and laid over the film."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import db_option, format_option, identity_of, printable, settings_of, store_of
from daemon.cli.progress import busy

if TYPE_CHECKING:
    from daemon.followup.heat import Heat


@click.command("heatmap", epilog="\b\nExample: cxr-triage heatmap S-000042 --out /tmp/S-000042.png")
@click.argument("film", metavar="STUDY|FILE")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help="Draw it over the film, at the film's size; of several images FILE-1.png, FILE-2.png.",
)
@click.option("--bundle", type=click.Path(path_type=Path), help="The model, where no map was kept and it is another.")
@format_option("table", "json")
@db_option
@click.pass_context
def command(
    context: click.Context, film: str, out: Path | None, bundle: Path | None, form: str, db: str | None
) -> None:
    """Show what the score of a film was made of: the parts of its logit by place. Their mean is the logit.

    STUDY is a study's id or an accession (then every image of it), FILE an image's path. Places are those of the
    picture: its left is mostly the patient's right. A heat map is no finding, and does not say where pneumonia is.
    Nothing is stored, and nothing is written into a watched folder.
    """
    from daemon.acceptance.asked import in_force
    from daemon.composition import bundle_of
    from daemon.followup.heat import heat_of, images_of
    from daemon.followup.heat_document import blind_entry, entry_of, heat_document, heat_lines, unscored_entry
    from daemon.followup.heat_files import check_place, place_for
    from db.roots import roots
    from db.states import State

    if out is not None and out.suffix.lower() != ".png":
        raise click.BadParameter("its name must end in .png", param_hint="--out")
    settings = settings_of(context)
    store = store_of(settings, db, create=False)
    try:
        identity = identity_of(settings, store)
        with store.read() as tx:
            found = images_of(tx, film, identity)
            stands = in_force(tx, datetime.now(UTC))
            watched = [root.path for root in roots(tx) if root.retired_at is None]
    finally:
        store.close()
    if out is not None:
        check_place(out, [*watched, *(str(root.path) for root in settings.root)])
    scored = [image for image in found if image.arrival.state is State.SCORED] or found[:1]  # else an error says why
    entries, drawn = [], 0
    with busy("looking at the score" if out is None else "drawing"):
        for image in found:
            if image not in scored:
                entries.append(unscored_entry(image))
                continue
            if image.blind and out is None:
                entries.append(blind_entry(image))
                continue
            heat = heat_of(image, settings.prevalence.site, stands, lambda: bundle_of(settings, bundle))
            entries.append(entry_of(heat))
            if out is not None:
                drawn += 1
                entries[-1] |= _draw(heat, place_for(out, drawn if len(scored) > 1 else None))
    document = heat_document(found[0], entries)
    if form == "json":
        click.echo(json.dumps(document, indent=2))
        return
    for line in heat_lines(document):
        click.echo(printable(line))


def _draw(heat: Heat, path: Path) -> dict[str, Any]:
    from daemon.followup.heat import film_of, picture_of
    from daemon.followup.heat_document import film_entry
    from daemon.followup.heat_files import write_picture

    film = film_of(heat.image)
    write_picture(picture_of(heat, film), path)
    return film_entry(heat, film, path)
