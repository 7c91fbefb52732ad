"""Where a panel of radiologists read some films too: how far the labels agree with them; it reads labels.csv alone."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from trainer.data.sources import manifest_of, read_labels

if TYPE_CHECKING:
    from trainer.data.films import Source

PREFIX: Final = "panel_"  # of a column of labels.csv with yes or no
_YES: Final = frozenset({"yes", "y", "true", "1"})
_NO: Final = frozenset({"no", "n", "false", "0"})


def agreement(source: Source) -> dict[str, dict[str, dict[str, int]]]:
    """By panel column and class, how many films the panel read and in how many it said yes."""
    if manifest_of(source) is not None or not source.base.is_dir():
        return {}
    found: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for file, row in read_labels(source.folder).items():
        for column, value in row.items():
            said = value.lower()
            if column.startswith(PREFIX) and said in _YES | _NO:
                counts = found[column].setdefault(file.split("/")[0], {"read": 0, "yes": 0})
                counts["read"] += 1
                counts["yes"] += said in _YES
    return {column: dict(sorted(classes.items())) for column, classes in found.items()}


def as_words(column: str, classes: dict[str, Any]) -> str:
    """What a finding says of one column."""
    what = column.removeprefix(PREFIX).replace("_", " ")
    parts = [f"{counts['yes']} of {counts['read']} films of {name}" for name, counts in classes.items()]
    return f"a panel saw {what} in " + ", in ".join(parts)
