"""Operating points chosen on all sources but one, under the suite of shift, and tried on the one left out; pure.

The network stays as it is: what is left out is left out of the choice of the threshold. Who chooses, in this order:

1. the other sources of the same population whose labels are trusted, without patients whom the left-out source shows
   too (the full-size films are of children whose small films another source holds);
2. where those have fewer than `LEAST` films of either class, the trusted sources of the other populations, for this
   population's promise: reports that were mined choose nothing, and a row that says so is better than none.

A source of mined labels is tried as every other; its row says so, because a threshold that finds 95 % of what a report
calls pneumonia would have to find films on which readers see none.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.population import Population
from trainer.points.rules import LOST, SHORT, Rule, own, specificity, threshold_by
from trainer.points.shifted import TRUSTED, Shifted
from trainer.points.study import judged
from trainer.points.trial import shares_under

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trainer.points.study import Tried

LEAST: Final = 20  # films of either class that choose; the full-size films are 50 and 110


class Outcome(StrEnum):
    """What became of the promise on the source left out."""

    KEPT = "kept"  # within what is allowed on either side, and enough of the specificity
    OVER = "above the promise"  # more sensitivity than promised, though hardly any specificity was paid for it
    COSTLY = "specificity given away"
    SHORT = "sensitivity short"
    UNTRIED = "not tried"  # nobody could choose, or the source is of one class


@dataclass(frozen=True, slots=True)
class Row:
    """One population of one source that was left out.

    Attributes:
        source, population: what was left out.
        trusted: whether its labels were read from the films.
        chosen_by: the sources whose films chose.
        elsewhere: whether those are of another population.
        promise: the sensitivity that was asked for.
        threshold: that they chose; None where they could not.
        clean: the figures of `shares_under` on the source's films as they came; None where it was not tried.
        possible: the specificity that the source's own ranking gives at the promise.
        shifted: means over the conditions of sensitivity and of the share of possible specificity; None without any.
        outcome: by `outcome_of`.
        n, positives: the source's films.
    """

    source: str
    population: Population
    trusted: bool
    chosen_by: tuple[str, ...]
    elsewhere: bool
    promise: float
    threshold: float | None
    clean: Mapping[str, Any] | None
    possible: float | None
    shifted: Mapping[str, float] | None
    outcome: Outcome
    n: int
    positives: int

    @property
    def share(self) -> float | None:
        """Specificity as a share of the possible one."""
        if self.clean is None or not self.possible:
            return None
        return float(self.clean["specificity"]) / self.possible


def outcome_of(sensitivity: float, share: float, promise: float) -> Outcome:
    """Whether a promise was kept elsewhere: sensitivity within 0.02 of it, specificity 0.9 of the possible one."""
    if sensitivity < promise - SHORT - 1e-9:
        return Outcome.SHORT
    if share < 1.0 - LOST - 1e-9:
        return Outcome.COSTLY
    return Outcome.OVER if sensitivity > promise + SHORT + 1e-9 else Outcome.KEPT


def source_out(
    films: Mapping[Population, Shifted],
    promises: Mapping[Population, float],
    rule: Rule,
    *,
    draws: int,
    least: int = LEAST,
) -> list[Row]:
    """Each source once as the one left out, in each population of which it has both classes.

    Args:
        films: held-out films by population, of all sources and weights.
        promises: the sensitivity promised to each population.
        rule: by which thresholds are chosen.
        draws: of patients, for the intervals.
        least: films of either class that may choose.
    """
    parts = [(who, name) for who, some in films.items() for name in dict.fromkeys(some.sources)]
    tried_anyway = {name for who, name in parts if films[who].of_source(name).both}
    return [
        _row(name, who, films, promises[who], rule, draws, least)
        for who, name in parts
        if films[who].of_source(name).both or name not in tried_anyway
    ]


def _row(
    name: str,
    population: Population,
    films: Mapping[Population, Shifted],
    promise: float,
    rule: Rule,
    draws: int,
    least: int,
) -> Row:
    left = films[population].of_source(name)
    away = set(left.patients)
    near = _others(films[population], name, away)
    elsewhere = not _enough(near, least)
    others = [_others(some, name, away) for who, some in films.items() if who is not population]
    choosing = next((some for some in (near, *others) if _enough(some, least)), None)
    trusted = bool((left.weights >= TRUSTED).all())
    chosen_by = () if choosing is None else tuple(dict.fromkeys(choosing.sources))
    if choosing is None or not left.both:
        about = (chosen_by, elsewhere, promise, None, None, None, None, Outcome.UNTRIED)
        return Row(name, population, trusted, *about, left.n, left.positives)
    threshold = threshold_by(rule, choosing, promise)
    rows = judged(left, np.asarray(threshold), promise)
    possible = specificity(left.clean, left.labels, float(own(left.logits[:1], left.labels, promise)[0]))
    clean = shares_under(left, (left.clean >= threshold).astype(np.float64), draws)
    return Row(
        name,
        population,
        trusted,
        chosen_by,
        elsewhere,
        promise,
        threshold,
        clean,
        possible,
        _over(rows[1:], promise),
        outcome_of(rows[0].sensitivity, rows[0].share, promise),
        left.n,
        left.positives,
    )


def _over(rows: Sequence[Tried], promise: float) -> dict[str, float] | None:
    """Means over shifted conditions; None where there are none."""
    if not rows:
        return None
    return {
        "sensitivity": float(np.mean([row.sensitivity for row in rows])),
        "share": float(np.mean([row.share for row in rows])),
        "kept": float(np.mean([row.kept(promise) for row in rows])),
    }


def _others(films: Shifted, name: str, away: set[str]) -> Shifted:
    """Trusted films of other sources and of nobody whom the left-out source shows."""
    apart = zip(films.sources, films.patients, strict=True)
    return films.films(np.asarray([s != name and p not in away for s, p in apart], bool)).trusted()


def _enough(films: Shifted, least: int) -> bool:
    return min(films.positives, films.n - films.positives) >= least


def documents(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows for a bundle or a page."""
    return [
        {
            "left_out": row.source,
            "population": row.population.value,
            "labels": "read from the film" if row.trusted else "mined from reports",
            "n": row.n,
            "positives": row.positives,
            "chosen_by": list(row.chosen_by),
            "chosen_on_another_population": row.elsewhere,
            "promise": row.promise,
            "threshold": row.threshold,
            "clean": row.clean,
            "possible_specificity": row.possible,
            "share_of_possible": row.share,
            "shifted": row.shifted,
            "outcome": row.outcome.value,
        }
        for row in rows
    ]


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table of `documents`, with Wilson intervals."""
    head = (
        "| left out | films (pneumonia) | chosen by | promised | threshold | sensitivity | specificity | "
        "of the possible | shifted: sensitivity, of the possible | outcome |"
    )
    return "\n".join([head, "|---" * 10 + "|", *map(_line, rows)])


def _line(row: Mapping[str, Any]) -> str:
    about = f"{row['left_out']}, {row['population']}" + ("" if row["labels"].startswith("read") else " (mined labels)")
    chosen = ", ".join(row["chosen_by"]) or "nobody"
    chosen += " (another population)" if row["chosen_on_another_population"] and row["chosen_by"] else ""
    start = f"| {about} | {row['n']} ({row['positives']}) | {chosen} | {row['promise']:.2f} "
    clean, shifted = row["clean"], row["shifted"]
    if clean is None:
        return f"{start}| - | - | - | - | - | {row['outcome']} |"
    found = " | ".join(
        f"{clean[key]:.3f} ({clean[f'{key}_ci'][0]:.3f} to {clean[f'{key}_ci'][1]:.3f})"
        for key in ("sensitivity", "specificity")
    )
    share = "-" if row["share_of_possible"] is None else f"{row['share_of_possible']:.2f}"
    under = "-" if shifted is None else f"{shifted['sensitivity']:.3f}, {shifted['share']:.2f}"
    return f"{start}| {row['threshold']:.2f} | {found} | {share} | {under} | {row['outcome']} |"
