"""Prints the tables of docs/simulation.md from the kept runs: python docs/runs/simulation-2026.11/tables.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_CAPS = ("maximum wait, min", "pneumonia, mean", "of f.c.f.s.", "longest", "of f.c.f.s.", "other urgent", "unscored")
_GRID = (
    "load",
    "AUC",
    "prevalence",
    "pneumonia f.c.f.s.",
    "here",
    "ratio (95 %)",
    "longest",
    "other urgent, min (95 %)",
)


def tables(folder: Path) -> Iterator[str]:
    """The maximum waits by places and by top, then nights and weekends of the grid."""
    caps, grid = (
        [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]
        for name in ("caps.jsonl", "grid.jsonl")
    )
    for taking in ("places", "top"):
        yield _table(_CAPS, [_cap(told) for told in caps if told["taking"] == taking])
    for calendar in ("night", "weekend"):
        yield _table(_GRID, [_case(told) for told in grid if told["assumed"]["calendar"] == calendar])


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


def _cap(told: dict[str, Any]) -> tuple[str, ...]:
    groups, cap = told["groups"], told["cap_minutes"]
    ill, every = groups["pneumonia"], groups["all"]
    return (
        "none" if cap > 10_000 else f"{cap:g}",
        f"{ill['ordered']['mean']:.1f}",
        f"{100 * ill['ratio'][0]:.0f} %",
        f"{every['ordered']['longest']:.0f}",
        f"{100 * every['longest'][0]:.0f} %",
        f"{groups['other_urgent']['delay'][0]:+.1f}",
        f"{groups['unscored']['delay'][0]:+.1f}",
    )


def _case(told: dict[str, Any]) -> tuple[str, ...]:
    assumed, groups = told["assumed"], told["groups"]
    ill, other = groups["pneumonia"], groups["other_urgent"]
    ratio, ratio_low, ratio_high = ill["ratio"]
    delay, low, high = other["delay"]
    return (
        f"{assumed['load']:g}",
        f"{assumed['auc']:.2f}",
        f"{100 * assumed['prevalence']:.0f} %",
        f"{ill['first_come']['mean']:.0f}",
        f"{ill['ordered']['mean']:.0f}",
        f"{100 * ratio:.0f} % ({100 * ratio_low:.0f}-{100 * ratio_high:.0f})",
        f"{100 * groups['all']['longest'][0]:.0f} %",
        f"{delay:+.1f} ({low:+.1f} to {high:+.1f})",
    )


if __name__ == "__main__":
    print("\n\n".join(tables(Path(__file__).parent)))  # noqa: T201 - a script
