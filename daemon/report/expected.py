"""Where the films that a bundle was judged on lie on the scale of probabilities, as many as there are here; pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daemon.triage.rules import Site
    from models.operating_points import OperatingPoint
    from models.population import Population

PARTS: Final = 16  # of the stretch between two quantiles, over which its films are spread evenly


def expected(
    counts: Mapping[Population, int],
    logits: Mapping[Population, Sequence[float]],
    points: Mapping[Population, OperatingPoint],
    site: Site,
    edges: Sequence[float],
) -> list[float] | None:
    """By bin, how many studies there would be, were they like the bundle's films; None where nobody knows of any.

    Args:
        counts: studies with a probability, by population.
        logits: quantiles of the bundle's films, evenly from 0 to 1, rising.
        points: turn logits into probabilities.
        site: the prevalences that the site has set.
        edges: the lower edge of each bin, rising.
    """
    bins, known = [0.0] * len(edges), False
    for who, count in counts.items():
        quantiles, point = logits.get(who, ()), points.get(who)
        if not count or point is None or len(quantiles) < 2:
            continue
        known = True
        prevalence = site.get(who, point.calibration.prevalence)
        share = count / ((len(quantiles) - 1) * PARTS)
        for low, high in pairwise(quantiles):
            for part in range(PARTS):
                logit = low + (high - low) * (part + 0.5) / PARTS
                probability = point.calibration.probability(logit, prevalence)
                bins[max(bisect_right(edges, probability) - 1, 0)] += share
    return bins if known else None
