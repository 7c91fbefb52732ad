"""A finished simulation as a document, as rows and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from daemon.simulation.department import Assumptions
from daemon.simulation.figures import Compared, Group
from daemon.simulation.reading import Taking

NAMES: Final = {
    Group.ALL: "all films",
    Group.PNEUMONIA: "pneumonia",
    Group.OTHER_URGENT: "other urgent",
    Group.NORMAL: "normal",
    Group.UNSCORED: "unscored",
}
ROW: Final = (
    *("group", "films", "order", "mean", "median", "p95", "longest"),
    *("ratio", "ratio_low", "ratio_high", "delay", "delay_low", "delay_high"),
    *("longest_ratio", "longest_ratio_low", "longest_ratio_high"),
)
FIGURES: Final = 4  # decimals that a document keeps


def document(
    assumed: Assumptions,
    *,
    cap: float,
    taking: Taking,
    nights: int,
    seed: int,
    groups: Mapping[Group, Compared],
) -> dict[str, Any]:
    """Everything that was assumed, and what came of it; waits in reading minutes."""
    return {
        "nights": nights,
        "seed": seed,
        "cap_minutes": cap,
        "taking": taking.value,
        "assumed": asdict(assumed),
        "groups": {group.value: _rounded(asdict(found)) for group, found in groups.items()},
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, FIGURES)
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, tuple) else value


def rows(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Two rows a group, by `ROW`; what compares both stands in the second."""
    for group, found in told["groups"].items():
        for order in ("first_come", "ordered"):
            row = {"group": group, "films": found["films"], "order": order, **found[order]}
            if order == "ordered":
                for name, key in (("ratio", "ratio"), ("delay", "delay"), ("longest_ratio", "longest")):
                    row |= dict(zip((name, f"{name}_low", f"{name}_high"), found[key], strict=True))
            yield row


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """The same as a table for people."""
    assumed = told["assumed"]
    yield (
        f"{told['nights']} {'weekends' if assumed['calendar'] == 'weekend' else 'nights'}, load {assumed['load']:g}, "
        f"AUC {assumed['auc']:g}, prevalence {100 * assumed['prevalence']:g} %, {assumed['readers']} readers, "
        f"maximum wait {told['cap_minutes']:g} min, taking by {told['taking']}, seed {told['seed']}"
    )
    yield "waits in reading minutes: first come first served -> in the order; ratios with 95 % intervals over nights"
    yield ""
    yield (
        f"{'':<13}{'films':>7}  {'mean':>15}  {'median':>15}  {'95 of 100':>15}  {'longest':>15}"
        f"  {'ratio of means':>18}  {'ratio of longest':>18}"
    )
    for group, found in told["groups"].items():
        before, after = found["first_come"], found["ordered"]
        cells = (f"{before[key]:.1f} -> {after[key]:.1f}" for key in ("mean", "median", "p95", "longest"))
        ratios = (f"{value:.2f} ({low:.2f}-{high:.2f})" for value, low, high in (found["ratio"], found["longest"]))
        yield (
            f"{NAMES[Group(group)]:<13}{found['films']:>7}  "
            + "  ".join(f"{cell:>15}" for cell in cells)
            + "  "
            + "  ".join(f"{ratio:>18}" for ratio in ratios)
        )
    other = told["groups"].get(Group.OTHER_URGENT)
    if other is not None:
        value, low, high = other["delay"]
        yield ""
        yield (
            f"other urgent findings, which the model does not look for, wait {abs(value):.1f} min "
            f"{'longer' if value > 0 else 'less'} on average (95 % interval {low:+.1f} to {high:+.1f})"
        )
