"""The second, blind set of pictures to judge the gate on: written by somebody who had not read how it is trained.

Whoever reads how the gate does here and then changes the gate has used the set up, as that of `trainer.gate.foreign`
was. Its parts lie beside this; all of them share no code with the pictures that the gate learns from, nor with
`foreign`. `trainer.gate.generators` knows the set by the hash of its sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trainer.gate.kinds import Kind
from trainer.gate.unseen.bodies import radiograph
from trainer.gate.unseen.fields import blank
from trainer.gate.unseen.films import cut_off, inverted, over_exposed, rotated, under_exposed
from trainer.gate.unseen.pages import scanned_page
from trainer.gate.unseen.scenes import photograph
from trainer.gate.unseen.screens import screenshot
from trainer.gate.unseen.shifts import shifted
from trainer.gate.unseen.slices import modality

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from trainer.gate.unseen.shapes import Picture

__all__ = ["MAKERS", "not_chest", "shifted"]


def not_chest(_film: Picture, rng: np.random.Generator) -> Picture:
    """A radiograph of another part or from the side, or another modality."""
    return radiograph(rng) if rng.random() < 0.55 else modality(rng)


MAKERS: Final[Mapping[Kind, Callable[[Picture, np.random.Generator], Picture]]] = {
    Kind.INVERTED: inverted,
    Kind.ROTATED: rotated,
    Kind.UNDER_EXPOSED: under_exposed,
    Kind.OVER_EXPOSED: over_exposed,
    Kind.CUT_OFF: cut_off,
    Kind.NOT_CHEST: not_chest,
    Kind.PHOTOGRAPH: photograph,
    Kind.SCREENSHOT: screenshot,
    Kind.SCANNED_PAGE: scanned_page,
    Kind.BLANK: blank,
}
