"""Writes what `points_document` found as Markdown: points, calibration, rules, policies, sources left out; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from trainer.points.source_out import markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

INTERVALS: Final = (
    "Figures are of films whose patients and whose kind of corruption did not choose the threshold, or fit the curve; "
    "shifted: means over the conditions. In brackets Wilson's 95 % interval; lower limit: the lower end of the wider "
    "of that and the bootstrap over patients. Specificity is against films called normal."
)


def table(document: Mapping[str, Any]) -> str:
    """The document of `points_document` for a person to read."""
    parts = [_films(document), INTERVALS]
    for name, point in document["points"].items():
        parts += [f"## {name}", _point(point), _bands(point), _prevalence(point), _calibration(point)]
        parts += ["Rules for the lower threshold:", _rules(document["rules"][name])]
    parts += ["## Policies", _policies(document["policies"])]
    parts += ["## Each source left out once", markdown(document["sources_left_out"])]
    return "\n\n".join(parts) + "\n"


def rows(columns: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A table of cells."""
    names = list(columns)
    return "\n".join([f"| {' | '.join(names)} |", "|---" * len(names) + "|", *(f"| {' | '.join(x)} |" for x in lines)])


def _films(document: Mapping[str, Any]) -> str:
    suite = document["suite"]
    counts = "; ".join(
        f"{f['source']}, {f['population']}: {f['n']} ({f['positives']} with pneumonia)" for f in document["films"]
    )
    scored = f"under {len(suite['conditions'])} conditions of the suite {suite['version']} ({suite['sha256'][:12]})"
    return f"Held-out films {scored}: {counts}."


def _point(point: Mapping[str, Any]) -> str:
    evidence = point["evidence"]
    first = evidence["first_promise"]
    ahead = "begins with `next`, which is therefore empty" if first is None else f"promises specificity {first}"
    films = f"{evidence['n']} films ({evidence['positives']} with pneumonia) of {evidence['patients']} patients"
    return (
        f"`next` from logit {point['threshold']:.3f}, which promises sensitivity {evidence['promise']}; `first` from "
        f"{point['first_threshold']:.3f}, which {ahead}. Rule: {evidence['rule']}, on {films} (or groups, where none "
        f"is named) under {evidence['conditions']} conditions."
    )


def value(figures: Mapping[str, Any], key: str) -> str:
    """A figure with its interval and, where it has one, its lower limit."""
    if figures[key] is None:
        return "-"
    low, high = figures[f"{key}_ci"]
    return f"{figures[key]:.3f} ({low:.3f} to {high:.3f})"


def _bands(point: Mapping[str, Any]) -> str:
    names = {"next_or_first": "`next` and `first`", "first": "`first`"}
    lines = [
        [name, films, value(f, "sensitivity"), f"{f['sensitivity_lower']:.3f}", value(f, "specificity")]
        for key, name in names.items()
        for films, f in point["evidence"][key].items()
    ]
    return rows(("band", "films", "sensitivity", "its lower limit", "specificity"), lines)


def _prevalence(point: Mapping[str, Any]) -> str:
    columns = ("films", "prevalence", "PPV", "NPV", "misses in 1,000", "false alarms in 1,000")
    lines = [
        [films, f"{row['prevalence']:.0%}", value(row, "ppv"), value(row, "npv"), *map(_number, _per_thousand(row))]
        for films, figures in point["evidence"]["next_or_first"].items()
        for row in figures["prevalence"]
    ]
    return rows(columns, lines)


def _per_thousand(row: Mapping[str, Any]) -> list[tuple[float, float, float]]:
    return [(row[key], *row[f"{key}_ci"]) for key in ("misses_per_1000", "false_alarms_per_1000")]


def _number(one: tuple[float, float, float]) -> str:
    found, low, high = one
    return f"{found:.1f} ({low:.1f} to {high:.1f})"


def _calibration(point: Mapping[str, Any]) -> str:
    lines = [
        [
            row["films"],
            f"{row['prevalence']:.0%}",
            f"{row['ece']:.4f} ({row['ece_ci'][0]:.4f} to {row['ece_ci'][1]:.4f})",
            f"{row['allowed']:.2f}",
            "kept" if row["kept"] else "missed",
            f"mean {row['mean']:.3f}, worst {row['worst']['ece']:.3f} ({row['worst']['condition']})"
            if "mean" in row
            else "",
        ]
        for row in point["evidence"]["calibration"]
    ]
    return rows(("films", "prevalence", "calibration error", "allowed", "", "of one condition"), lines)


def _rules(rules: Mapping[str, Mapping[str, Any]]) -> str:
    columns = (
        *("rule", "threshold", "clean: sensitivity", "of the possible specificity", "shifted: sensitivity"),
        *("off the promise", "of the possible", "worst sensitivity", "worst share", "kept"),
    )
    lines = [
        [
            name,
            f"{r['threshold']:.2f}",
            f"{r['clean']['sensitivity']:.3f}",
            f"{r['clean']['share']:.2f}",
            f"{r['sensitivity']:.3f}",
            f"{r['off']:.3f}",
            f"{r['share']:.2f}",
            *(f"{r[key]['value']:.2f} ({r[key]['condition']})" for key in ("worst_sensitivity", "worst_share")),
            f"{r['kept']} of {r['conditions']}",
        ]
        for name, r in rules.items()
    ]
    return rows(columns, lines)


def _policies(policies: Mapping[str, Mapping[str, Any]]) -> str:
    return rows(("age group", "policy", "why"), [[k, f"`{p['policy']}`", p["reason"]] for k, p in policies.items()])
