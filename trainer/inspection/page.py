"""Writes an inspection into a folder: one page without scripts, `inspect.json`, and a contact sheet a source."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from models.version import VERSION
from trainer.errors import TrainerError
from trainer.inspection.confounds import OUTSIDE, TOGETHER
from trainer.inspection.sheet import contact_sheet
from trainer.runs import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trainer.inspection.look import Inspected

PAGE: Final = "index.html"
DOCUMENT: Final = "inspect.json"


@cache  # compiled once, the same for every page
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("trainer.inspection"),
        autoescape=True,  # file names, class folders and cells of tables are anybody's
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(visible=visible, comma=_comma, spread=_spread, counts=_counts, two=_two)
    return environment


def visible(text: object) -> str:
    r"""The text with every character that cannot be seen, or that turns its neighbours round, as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in str(text))


def write_inspection(folder: Path, document: Mapping[str, Any], inspected: Inspected, command: str) -> None:
    """Write page, document and contact sheets; what stood there under these names is replaced, the page last.

    Raises:
        TrainerError: the folder cannot be made or written into.
    """
    sheets = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, source in enumerate(document["sources"], 1):
            looks = [look for look in inspected.looks if look.given == source]
            if looks:
                data, names = contact_sheet(looks, document["seed"])
                file = f"sheet-{number}-{re.sub(r'[^A-Za-z0-9._-]+', '_', source)}.jpg"
                (folder / file).write_bytes(data)
                sheets[source] = {"file": file, "classes": names}
    except OSError as error:
        cause = error.strerror or str(error)
        raise TrainerError("write the inspection", folder, cause, "give another --out, on a disk with space") from error
    write_text(folder / DOCUMENT, json.dumps(document, indent=2) + "\n")
    write_text(folder / PAGE, page(document, sheets, command))


def page(document: Mapping[str, Any], sheets: Mapping[str, Any], command: str) -> str:
    """The page as HTML.

    Args:
        document: figures and findings.
        sheets: file and class names of the contact sheet, by source.
        command: that made it.
    """
    template = _environment().get_template("inspect.html")
    return template.render(
        d=document, sheets=sheets, command=command, version=VERSION, sums=(TOGETHER, OUTSIDE), width=_bar, least=_least
    )


def _comma(value: int) -> str:
    return f"{value:,}"


def _two(value: float) -> str:
    return f"{value:.2f}"


def _spread(spread: Mapping[str, float] | None, digits: int = 0) -> str:
    """Median, and the range where there is one."""
    if spread is None:
        return "-"
    median = f"{spread['median']:,.{digits}f}"
    if spread["least"] == spread["most"]:
        return median
    return f"{median} ({spread['least']:,.{digits}f} to {spread['most']:,.{digits}f})"


def _counts(counts: Mapping[str, int]) -> str:
    if len(counts) == 1:
        return next(iter(counts))  # of all films of the class, whose number stands beside it
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _least(named: list[tuple[str, Mapping[str, float]]]) -> list[tuple[str, Mapping[str, float]]]:
    """Features by their AUC, the largest first; what is the same for all films comes last."""
    return sorted(named, key=lambda pair: (-pair[1]["auc"], pair[0]))


def _bar(auc: float) -> float:
    """Where an AUC stands on a scale from 0.4 to 1, in per cent."""
    return round(min(max((auc - 0.4) / 0.6, 0.0), 1.0) * 100, 1)
