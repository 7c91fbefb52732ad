"""Heat maps as plain data, as `heatmap --format json` prints them, and as lines for a terminal; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from daemon.acceptance.words import ACCEPTED, NOT_ACCEPTED
from daemon.followup.heat import Heat, frame_of
from db.identity import in_clear
from db.images import Image
from models.heatmap import hot_cells, hot_level
from models.radiograph import Radiograph

SCHEMA: Final = 1


def heat_document(image: Image, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The document, with the entries of a study's images, of which `image` is one."""
    study = image.study
    return {
        "schema": SCHEMA,
        "study": study.key if study else None,
        "accession": in_clear(study.accession) if study else None,
        "images": list(entries),
    }


def entry_of(heat: Heat) -> dict[str, Any]:
    """One image's numbers; what depends on the file's pixels is added by `film_entry`."""
    cells, judged = heat.cells, heat.judged
    return {
        "path": heat.image.place.absolute,
        "sha256": heat.image.arrival.sha256,
        "state": str(heat.image.arrival.state),
        "blind": False,
        "logit": heat.result.logit,
        "band": str(judged.band),
        "policy": str(judged.policy),
        "probability": judged.probability,
        "prevalence": judged.prevalence,
        "accepted": judged.accepted,
        "bundle": heat.bundle.name,
        "model_sha256": heat.result.model_sha256,
        "unlikeness": heat.result.unlikeness,
        "preprocessing": heat.result.preprocessing,
        "again": heat.again,
        "map": [[round(float(value), 4) for value in row] for row in cells],
        "hot_from": round(hot_level(cells), 4),
        "hot": [
            {"row": c.row, "column": c.column, "value": round(c.value, 4), "place": c.place} for c in hot_cells(cells)
        ],
    }


def film_entry(heat: Heat, film: Radiograph, picture: Path) -> dict[str, Any]:
    """Where on the film the map lies, and the file that it was drawn to."""
    seen = frame_of(heat, film)
    return {
        "height": film.height,
        "width": film.width,
        "frame": {"top": seen.top, "bottom": seen.bottom, "left": seen.left, "right": seen.right},
        "overlay": str(picture),
    }


def blind_entry(image: Image) -> dict[str, Any]:
    """An image whose study is read without its score."""
    hidden = dict.fromkeys(("logit", "band", "policy", "probability", "prevalence", "accepted"))
    arrival = image.arrival
    about = {"path": image.place.absolute, "sha256": arrival.sha256, "state": str(arrival.state), "blind": True}
    return {**about, **hidden}


def unscored_entry(image: Image) -> dict[str, Any]:
    """An image without a score, with the reason."""
    arrival = image.arrival
    return {
        "path": image.place.absolute,
        "sha256": arrival.sha256,
        "state": str(arrival.state),
        "code": arrival.code,
        "message": arrival.message,
    }


def heat_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The document for a person."""
    yield f"study {document['study']}" + (f", accession {document['accession']}" if document["accession"] else "")
    for entry in document["images"]:
        yield entry["path"]
        if entry.get("blind"):
            yield "  blind: its score is shown once there is a verdict on the study"
            continue
        if "map" not in entry:
            yield f"  no score: {entry['state']} ({entry['code']}): {entry['message'] or ''}"
            continue
        ordered = " (ordered)" if entry["policy"] == "ordered" else ""
        band = entry["band"].replace("_", " ") + ordered
        yield f"  logit {entry['logit']:.3f}, the mean of the map; band {band}; model {entry['bundle']}"
        yield f"  {ACCEPTED if entry['accepted'] else NOT_ACCEPTED}"
        yield from ("  " + "".join(f"{value:8.2f}" for value in row) for row in entry["map"])
        hot = [f"{cell['place']} {cell['value']:+.2f}" for cell in entry["hot"]]
        yield f"  hottest cells, by their place in the picture: {', '.join(hot) or 'none raises the score'}"
        if "overlay" in entry:
            yield f"  written: {entry['overlay']}"
