"""Turns what a bundle's gate saw on a picture into findings; every limit comes from the bundle, none from here.

The network's own file gives a logit for each kind of picture (`Score.gate`), the first of them for what is accepted: a
frontal chest film. How far another kind's logit lies above that one is the kind's margin; all of them together, as the
log odds that the picture is none, are its unlikeness. What burnt-out films lack is already seen on the plain picture,
before preprocessing evens grey levels out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.errors import ModelsError
from models.findings import Finding, FindingCode

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.bundle import Bundle
    from models.radiograph import Radiograph
    from models.scorer import Scorer

FILM: Final = "film"  # the kind that is accepted; the first
WHITE, BLACK = 0.99, 0.01  # grey levels from where, and up to where, a pixel is burnt out
_SAMPLES: Final = 512  # a side; enough for shares
_REMEDY: Final = "use a bundle that cxr-trainer quantize wrote"

_WORDS: Final[Mapping[FindingCode, tuple[str, str]]] = {
    FindingCode.INVERTED: ("black and white look exchanged", "export the film with its own photometric interpretation"),
    FindingCode.ROTATED: ("the film looks turned by more than 30 degrees", "turn it upright and send it again"),
    FindingCode.UNDER_EXPOSED: (
        "the film looks under-exposed: white, or drowned in noise",
        "send it with another window, or repeat the exposure if the reader wants it",
    ),
    FindingCode.OVER_EXPOSED: (
        "the film looks over-exposed: the lungs are black",
        "send it with another window, or repeat the exposure if the reader wants it",
    ),
    FindingCode.CUT_OFF: ("a part of the lungs looks cut off", "send the whole film"),
    FindingCode.NOT_CHEST: ("it does not look like a chest", "send frontal chest radiographs only"),
    FindingCode.PHOTOGRAPH: ("it looks like a photograph", "send the radiograph's own file"),
    FindingCode.SCREENSHOT: ("it looks like a screenshot", "send the radiograph's own file"),
    FindingCode.SCANNED_PAGE: ("it looks like a scanned page", "send the radiograph itself"),
    FindingCode.BLANK: ("there is nothing on the picture", "look whether the export worked"),
    FindingCode.UNLIKE: (
        "it is unlike the frontal chest films that the bundle was made of",
        "look whether it is one, and read it in its place by arrival",
    ),
}


class GateError(ModelsError):
    """A bundle's gate is missing something, or is not the one that its model file holds."""


@dataclass(frozen=True, slots=True)
class PixelGate:
    """A bundle's gate.

    Attributes:
        kinds: in the order of the logits; the first is `FILM`.
        limits: of the margin of each kind but the first, in logits; above it the picture is of that kind.
        unlike: of the unlikeness, in logits; above it the picture is none that is accepted, whatever it is.
        white, black: shares of burnt-out pixels, 0..1, above which a film is under- or over-exposed.
    """

    kinds: tuple[str, ...]
    limits: Mapping[str, float] = field(repr=False)
    unlike: float
    white: float = 1.0
    black: float = 1.0

    def picture_findings(self, film: Radiograph) -> tuple[Finding, ...]:
        """What the plain picture says, before any network: burnt to white, or to black."""
        white, black = burnt_out(film.pixels)
        found = [FindingCode.UNDER_EXPOSED] if white > self.white else []
        return tuple(map(_finding, [*found, FindingCode.OVER_EXPOSED] if black > self.black else found))

    def findings(self, logits: NDArray[np.float32]) -> tuple[Finding, ...]:
        """What the network saw, (kinds,): the likeliest of the kinds above their limit, or nothing.

        A picture that is unlike all films, without such a kind, is called what it is likeliest where that is likelier
        than a film, else `unlike`. One finding at most: where a film is unlikely, most other kinds lie above it.
        """
        margins = dict(zip(self.kinds[1:], (logits[1:] - logits[0]).tolist(), strict=True))
        above = [kind for kind, margin in margins.items() if margin > self.limits[kind]]
        if not above and self.unlikeness(logits) > self.unlike:
            above = [kind for kind, margin in margins.items() if margin > 0] or [FindingCode.UNLIKE]
        if not above:
            return ()
        return (_finding(FindingCode(max(above, key=lambda kind: margins.get(kind, 0.0)))),)

    def unlikeness(self, logits: NDArray[np.float32]) -> float:
        """How unlike the accepted films a picture is: the log odds of all other kinds together; unbounded."""
        rest = np.asarray(logits[1:], np.float64)
        top = float(rest.max())
        return top + math.log(float(np.exp(rest - top).sum())) - float(logits[0])


def burnt_out(pixels: NDArray[np.float32]) -> tuple[float, float]:
    """Shares of a picture's pixels, (height, width) in 0..1, that are white and that are black, 0..1 each."""
    step = max(1, min(pixels.shape) // _SAMPLES)
    some = pixels[::step, ::step]
    return float(np.mean(some >= WHITE)), float(np.mean(some <= BLACK))


def gate_of(bundle: Bundle, scorer: Scorer) -> PixelGate | None:
    """The gate of a bundle, or None where it has none: then only tags and `models.gate` speak.

    Raises:
        GateError: the bundle describes a gate and its model has none, or the reverse, or they differ.
    """
    document = bundle.document.get("gate")
    if document is None and not scorer.kinds:
        return None
    if document is None or not scorer.kinds:
        cause = "the model has a gate that bundle.json does not describe" if scorer.kinds else "the model has no gate"
        raise GateError("read gate of", bundle.folder, cause, _REMEDY)
    gate = read_gate(document, bundle.folder)
    if len(gate.kinds) != scorer.kinds:
        cause = f"the model tells {scorer.kinds} kinds apart, and bundle.json names {len(gate.kinds)}"
        raise GateError("read gate of", bundle.folder, cause, _REMEDY)
    return gate


def read_gate(document: Any, folder: Path) -> PixelGate:
    """The object `gate` of a ``bundle.json``; what else it says (how it was fitted) is not looked at.

    Raises:
        GateError: a kind or a number is missing, wrong, or unknown to this version.
    """
    try:
        kinds = tuple(map(str, document["kinds"]))
        for kind in kinds[1:]:
            FindingCode(kind)
        if kinds[0] != FILM or len(set(kinds)) != len(kinds) or len(kinds) == 1:
            raise ValueError(f"the kinds are not {FILM} and then others, each once")
        limits = {kind: _number(document["limits"][kind]) for kind in kinds[1:]}
        shares = [_number(document["burnt_out"][name]) for name in ("white", "black")]
        return PixelGate(kinds, limits, _number(document["unlike"]), *shares)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        cause = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise GateError("read gate of", folder, cause, _REMEDY) from error


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no finite number")
    return float(value)


def _finding(code: FindingCode) -> Finding:
    return Finding(code, *_WORDS[code])
