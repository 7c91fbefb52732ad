"""Which sets of picture generators the gate can be judged on, and the hash by which each is known.

`unseen` is the blind one: it was written without a look at how the gate is trained. Whoever changes the gate because of
a figure of it has seen it. Whoever changes one of its makers has another set, and gives it another `FROZEN`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trainer.gate import foreign
from trainer.gate.unseen import makers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from trainer.gate.kinds import Kind

    Maker = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]

FROZEN: Final = "0e9cf006636d648ffc54f76a84898bead7b70347c4cc85a6b6e5c06e001fed4c"  # sha256 of the sources of `unseen`


class Generators(StrEnum):
    """`UNSEEN` is blind; `SEEN` was looked at while the gate was made, and is learned from."""

    UNSEEN = "unseen"
    SEEN = "seen"


@dataclass(frozen=True, slots=True)
class Suite:
    """A maker for each kind but films, one that only shifts films, and the sha256 of the sources of both."""

    name: Generators
    makers: Mapping[Kind, Maker]
    shifted: Maker
    sha256: str


def suite_of(name: Generators) -> Suite:
    """A set of generators, with the hash of its sources as they lie on this disk."""
    if name is Generators.SEEN:
        return Suite(name, foreign.MAKERS, foreign.shifted, _hashed([Path(foreign.__file__)]))
    room = Path(makers.__file__).parent
    return Suite(name, makers.MAKERS, makers.shifted, _hashed(sorted(room.glob("*.py"))))


def _hashed(sources: list[Path]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"{source.name}:".encode() + hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()
