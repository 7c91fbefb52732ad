"""The pictures that a gate learns from, as its network sees them; and which of them a gate knew. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Known:
    """Whose films a gate learned from.

    Attributes:
        sources: by name.
        half: of their patients, 0 or 1; None for all of them.
    """

    sources: frozenset[str]
    half: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Pictures of accepted films and of other kinds.

    Attributes:
        seen: uint8 (n, seen, seen), grey levels as the gate's network sees them, 255 for 1.
        kinds: int64 (n,), number of the kind; 0 is what is accepted.
        sources, patients: (n,), of the film that a picture is or was made of.
        plain: bool (n,), the film as it came.
    """

    seen: NDArray[np.uint8]
    kinds: NDArray[np.int64]
    sources: NDArray[np.str_]
    patients: NDArray[np.str_]
    plain: NDArray[np.bool_]

    def of(self, known: Known) -> NDArray[np.bool_]:
        """Which pictures a gate that knows so much has learned from, (n,)."""
        inside = np.isin(self.sources, sorted(known.sources))
        if known.half is None:
            return inside
        first = halves(self.patients[inside].tolist())
        inside[inside] = first if known.half == 0 else ~first
        return inside

    @property
    def sha256(self) -> str:
        """Of everything that learning depends on."""
        digest = hashlib.sha256(self.seen.tobytes())
        digest.update(self.kinds.tobytes())
        digest.update("\n".join([*self.sources.tolist(), *self.patients.tolist()]).encode())
        return digest.hexdigest()


def halves(patients: Sequence[str]) -> NDArray[np.bool_]:
    """Every other patient, in an order that has nothing to do with the films."""
    order = sorted(set(patients), key=lambda name: hashlib.sha256(str(name).encode()).digest())
    return np.isin(patients, order[::2])
