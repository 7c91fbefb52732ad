"""What is compared: a recipe with the options that were asked for, as one line of text; pure.

``NAME[,key=value...]``, where a key is an option of ``cxr-trainer fit``, or ``seeds``: ``cnn,steps=600,seeds=1-5``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from trainer.errors import TrainerError

KEYS: Final = (
    "steps",
    "side",
    "balance",
    "augmentation",
    "preprocessing",
    "weights",
    "patience",
    "judge-every",
    "monitor",
)
_USAGE: Final = f"write NAME[,key=value...] with keys of {', '.join(KEYS)}, seeds"
_SAFE: Final = re.compile(r"[^A-Za-z0-9,=._-]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One recipe to be compared.

    Attributes:
        text: as it was asked for, but for its seeds.
        recipe: a name, a file, or ``package.module:ATTRIBUTE``.
        options: of ``cxr-trainer fit``, in their order.
        seeds: of its runs; none: those of the comparison.
    """

    text: str
    recipe: str
    options: tuple[tuple[str, str], ...] = ()
    seeds: tuple[int, ...] = ()

    @property
    def folder(self) -> str:
        """A name for the folder of its runs."""
        return _SAFE.sub("_", self.text)

    @property
    def arguments(self) -> tuple[str, ...]:
        """For ``cxr-trainer fit``."""
        return tuple(word for key, value in self.options for word in (f"--{key}", value))

    @property
    def choices(self) -> str:
        """The options in words, for a table."""
        return ", ".join(f"{key} {value}" for key, value in self.options)


def parse_entry(text: str) -> Entry:
    """Read one ``--recipe``.

    Raises:
        TrainerError: an unknown key, or no value.
    """
    name, *pairs = text.split(",")
    options = []
    seeds: tuple[int, ...] = ()
    for pair in pairs:
        key, _, value = pair.partition("=")
        if key == "seeds" and value:
            seeds = seeds_of(value)
            continue
        if key not in KEYS or not value:
            raise TrainerError("read --recipe", text, f"{pair!r} is no option of a recipe", _USAGE)
        options.append((key, value))
    if not name:
        raise TrainerError("read --recipe", repr(text), "it names no recipe", _USAGE)
    kept = ",".join([name, *(f"{key}={value}" for key, value in options)])
    return Entry(kept, name, tuple(options), seeds)


def seeds_of(text: str) -> tuple[int, ...]:
    """Read ``--seeds``: ``3``, ``1-5`` or ``1,4,9``.

    Raises:
        TrainerError: it is none of these.
    """
    if match := re.fullmatch(r"(\d+)-(\d+)", text):
        found = tuple(range(int(match[1]), int(match[2]) + 1))
    else:
        found = tuple(int(part) for part in text.split(",") if part.isdecimal())
    if len(set(found)) != max(1, text.count(",") + 1, len(found)):
        raise TrainerError("read --seeds", text, "these are no seeds", "write 1, 1-5 or 1,4,9")
    return found
