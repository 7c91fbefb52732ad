"""The terms of the data that a model was trained on: a model carries them, so bundle and card say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trainer.data.sources import Source

FILE: Final = "TERMS.txt"  # in a site's own data folder: one line that is put into the bundle and its card
UNSTATED: Final = "not stated: ask whoever gave the films before you pass the model on"

# By the beginning of the folder's name.
PUBLIC: Final = {
    "kermany": "CC BY 4.0 (Kermany, Zhang, Goldbaum: Mendeley Data rscbjbr9sj v3; Cell 172, 2018)",
    "rsna": "non-commercial research and education, with attribution (RSNA and the Society of Thoracic Radiology; "
    "Shih et al., Radiology: AI 1, 2019)",
    "nih": "free use, with attribution (NIH Clinical Center; Wang et al., ChestX-ray8, CVPR 2017)",
}


def terms_of(source: Source) -> str:
    """The terms of one source: its own ``TERMS.txt``, else those of the public set that its name begins with."""
    try:
        lines = (source.base / FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    if lines and lines[0].strip():
        return lines[0].strip()
    return next((text for start, text in PUBLIC.items() if source.name.lower().startswith(start)), UNSTATED)


def all_terms(sources: Iterable[Source]) -> list[str]:
    """One line a source."""
    return [f"{source.name}: {terms_of(source)}" for source in sources]
