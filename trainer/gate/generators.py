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

from trainer.gate import foreign, unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from trainer.gate.kinds import Kind

    Maker = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]

FROZEN: Final = "dd4f1d09d28dc2a2ec249ed0f8cdf56064460bd3935e61390dfb4eefa4b47bde"  # sha256 of the sources of `unseen`


class Generators(StrEnum):
    """`UNSEEN` is blind; `SEEN` was looked at while the gate was made, and may be learned from."""

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
    room = Path(unseen.__file__).parent
    return Suite(name, unseen.MAKERS, unseen.shifted, _hashed(sorted(room.glob("unseen*.py"))))


def _hashed(sources: list[Path]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"{source.name}:".encode() + hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()
