"""How a folder's films stand to its own past, in a word; metrics and `status` need no more, and import nothing else."""

from __future__ import annotations

from enum import StrEnum


class Standing(StrEnum):
    """The word."""

    LEARNING = "learning"  # too few nights yet to know what is usual
    STEADY = "steady"
    CHANGED = "changed"
