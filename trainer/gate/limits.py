"""Chooses the gate's limits on films of sources that it did not learn from; pure.

A film from elsewhere lies nearer to the other kinds than one of the training hospitals, so limits from films that were
learned from would refuse too many. Each source is left out in turn, and limits come from the margins that its films, as
they came, then have. With one source, two halves of its patients take turns.

Cut off is a matter of degree: films of every source lack something, children's often the tops of the lungs, and films
of a source left out overlap with what is cut off. So there the limit is `SURE`, whatever films a gate knows, and it is
the least for calling a picture unlike all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from models.pixel_gate import PixelGate
from trainer.gate.kinds import Kind
from trainer.gate.sample import Known, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED: Final = 0.005  # share of films, of sources left out, above where a limit may begin: some truly are turned
MISSED: Final = 0.01  # share of pictures of a kind that may lie below its limit, where both can be had
# Logits, nearly three to one. A gate that had learned from adults alone put 1.3 % of 750 children above that, 2.0 %
# above 0 and 0.9 % above 2; the gate that knows all sources put 1.0, 0.3 and 2 % of 300 cut-off films of `foreign`
# below.
SURE: Final = 1.0
_FIXED: Final = {Kind.CUT_OFF.value: SURE}
# Of some pictures of the sample, (n,) true for each, by a gate that knows so much.
Logits = Callable[[Known, NDArray[np.bool_]], NDArray[np.float32]]


def needed(sources: Sequence[str]) -> Iterator[tuple[Known, Known]]:
    """The gates that limits for these sources are chosen by, each with whose pictures they have to be asked about."""
    whole = frozenset(sources)
    if len(whole) == 1:
        yield from ((Known(whole, half), Known(whole, 1 - half)) for half in (0, 1))
    else:
        yield from ((Known(whole - {source}), Known(frozenset({source}))) for source in sorted(whole))


def choose(
    sample: Sample, logits: Logits, kinds: Sequence[str], sources: Sequence[str], shares: tuple[float, float]
) -> PixelGate:
    """The limits for a gate that knows these sources.

    Args:
        sample: pictures.
        logits: what gates say of them.
        kinds: names, in the order of the logits.
        sources: at least one.
        shares: of white and of black pixels, the limits of the plain picture.
    """
    found, numbers, as_they_came = [], [], []
    for gate, asked in needed(sources):
        there = sample.of(asked)
        found.append(logits(gate, there))
        numbers.append(sample.kinds[there])
        as_they_came.append(sample.plain[there])
    out, number = np.concatenate(found), np.concatenate(numbers)
    film = number == 0
    plain = film & np.concatenate(as_they_came)
    open_ = PixelGate(tuple(kinds), dict.fromkeys(kinds[1:], 0.0), 0.0, *shares)
    margins = out[:, 1:] - out[:, :1]
    unlike = np.array([open_.unlikeness(row) for row in out])
    limits = {
        kind: _FIXED.get(kind, between(margins[plain, place], margins[number == place + 1, place]))
        for place, kind in enumerate(kinds[1:])
    }
    return PixelGate(tuple(kinds), limits, max(between(unlike[plain], unlike[~film]), SURE), *shares)


def between(films: NDArray[Any], others: NDArray[Any]) -> float:
    """A limit above all but `REFUSED` of the films; half the way to where the others begin, where they begin beyond."""
    low = float(np.quantile(films, 1 - REFUSED))
    high = float(np.quantile(others, MISSED)) if len(others) else low
    return (low + high) / 2 if high > low else low
