"""What a rule's threshold gives on patients and corruptions that did not choose it, with its limits; pure.

Sensitivity and specificity of shifted films are means over the conditions, each film counting once: a film under fifty
conditions is one witness and not fifty. So Wilson's interval takes the films for its number, and the bootstrap draws
patients with their films under all conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.statistics.metrics import share_interval, wilson
from models.statistics.prevalence import Estimate
from trainer.evidence.decision import at_prevalences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.points.shifted import Shifted


def trial_figures(films: Shifted, above: NDArray[np.bool_], draws: int) -> dict[str, Any]:
    """Of decisions (conditions, films) the figures on clean films and, where there are any, on shifted ones."""
    rows = {"clean": above[:1], **({"shifted": above[1:]} if len(above) > 1 else {})}
    return {name: shares_under(films, some.mean(axis=0), draws) for name, some in rows.items()}


def shares_under(films: Shifted, ahead: NDArray[np.float64], draws: int) -> dict[str, Any]:
    """Sensitivity and specificity with both intervals and the lower limit, and what follows at other prevalences.

    Args:
        films: whose labels and patients are looked at.
        ahead: of each film the share of the conditions under which it was put ahead, 0..1, (films,).
        draws: of patients.

    Returns:
        Keys as in the figures of ``evaluate``; ``*_lower`` is the lower end of the wider interval, which is what may
        be promised; ``prevalence`` is a list with one entry a prevalence.
    """
    y = films.labels
    sensitivity = _share(ahead, y, films, draws)
    specificity = _share(1.0 - ahead, ~y, films, draws)
    return {
        **_written("sensitivity", sensitivity),
        **_written("specificity", specificity),
        "prevalence": at_prevalences(*(None if one is None else one[0] for one in (sensitivity, specificity))),
    }


def _share(
    counted: NDArray[np.float64], among: NDArray[np.bool_], films: Shifted, draws: int
) -> tuple[Estimate, tuple[float, float]] | None:
    """A share with Wilson's interval, and its interval by patients."""
    between = share_interval(counted, among, films.labels, films.patients, draws=draws)
    if between is None:
        return None
    n, value = int(among.sum()), float(counted[among].mean())
    return Estimate(value, wilson(value * n, n)), between


def _written(name: str, one: tuple[Estimate, tuple[float, float]] | None) -> dict[str, Any]:
    if one is None:
        return dict.fromkeys((name, f"{name}_ci", f"{name}_ci_patients", f"{name}_lower"))
    estimate, patients = one
    return {
        name: estimate.value,
        f"{name}_ci": list(estimate.interval),
        f"{name}_ci_patients": list(patients),
        f"{name}_lower": min(estimate.interval[0], patients[0]),
    }
