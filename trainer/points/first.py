"""Where `first` begins: a promise about films called normal, taken by the same rule as the lower threshold; pure.

The promise is specificity 0.95. Where a network ranks so well that 0.95 of the normal films lie below the lower
threshold already (children of the first shipped bundle: 0.97), `first` at that place would hold everything ahead, and
no film would ever be only `next`. `first` is for the films that are read before all others, so it then begins where
0.99 of the normal films lie below: at a prevalence of 10 % and a sensitivity of 0.8 nine of ten films in it have
pneumonia, while at 0.95 it is six or seven. Only where even that place lies below the lower threshold do both begin
together, and `next` is said to be empty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.points.rules import Rule, threshold_by

if TYPE_CHECKING:
    from trainer.points.shifted import Shifted

SPECIFICITIES: Final = (0.95, 0.99)  # the first of them that lies above the lower threshold is promised


@dataclass(frozen=True, slots=True)
class First:
    """Where `first` begins.

    Attributes:
        threshold: on the logit; never below the lower one.
        specificity: that is promised; None where both begin together.
    """

    threshold: float
    specificity: float | None


def mirrored(films: Shifted) -> Shifted:
    """The same films with classes and logits turned round: what finds a class there spares the other here."""
    return replace(films, labels=~films.labels, logits=-films.logits)


def specificity_threshold(rule: Rule, films: Shifted, specificity: float) -> float:
    """The lowest threshold below which a rule keeps a promised share of the films without pneumonia."""
    # A film at its own threshold lies above it; turned round it is among the found, and here it has to lie below.
    return float(np.nextafter(-threshold_by(rule, mirrored(films), specificity), np.inf))


def first_threshold(rule: Rule, films: Shifted, threshold: float) -> First:
    """Where `first` begins above a lower threshold."""
    for specificity in SPECIFICITIES:
        cut = specificity_threshold(rule, films, specificity)
        if cut > threshold:
            return First(cut, specificity)
    return First(threshold, None)
