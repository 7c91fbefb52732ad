"""Writes a comparison as Markdown: one table, the spread over seeds, and the projects' own figures beside; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from trainer.comparison.projects import PROJECTS, Reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

COLUMNS: Final = (
    *("recipe", "weights", "accuracy %", "precision %", "recall %", "loss", "AUC"),
    *("specificity at sensitivity 0.98", "MB", "ms", "minutes"),
    "the projects report: accuracy, precision, recall %, loss",
)
SPREAD: Final = ("mean (lowest to highest)", "seeds", "accuracy", "recall", "loss", "AUC", "specificity at 0.98")


def table(document: Mapping[str, Any]) -> str:
    """The comparison in Markdown.

    Args:
        document: what `trainer.comparison.run.compare` returns.
    """
    rows: Sequence[Mapping[str, Any]] = document["rows"]
    first = min((row["seed"] for row in rows), default=0)
    shown = [row for row in rows if row["seed"] == first]
    parts = [_scope(document, first), "\n".join([_head(COLUMNS), *(_line(row) for row in shown)]), _starts(shown)]
    if spread := _spread(rows):
        parts.append(spread)
    if best := _best(shown):
        parts.append(best)
    return "\n\n".join(parts) + "\n"


def _scope(document: Mapping[str, Any], seed: int) -> str:
    parts, shares = document["parts"], document["shares"]
    by = "patient and content" if document["unit"] == "patient" else "FILE (the leak: patients on both sides)"
    kept = 1 - shares["validation"] - shares["test"]
    return (
        f"{kept:.0%} / {shares['validation']:.0%} / {shares['test']:.0%} of {', '.join(document['sources'])}, split by "
        f"{by} with seed {document['split_seed']}: {parts['train']} films to train, {parts['validation']} to validate, "
        f"{parts['test']} to test. Figures are of the int8 file on the test part, of runs with seed {seed}; accuracy, "
        "precision, recall and loss at a probability of one half; in brackets 95 % intervals, of shares Wilson's, of "
        "AUC and specificity by a bootstrap over patients. Specificity is against films called normal, at the "
        "threshold that finds 98 % of the pneumonia of the test part itself. ms: one film on one thread. minutes: of "
        "training."
    )


def _head(columns: Sequence[str]) -> str:
    return f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|"


def _name(row: Mapping[str, Any]) -> str:
    """Recipe, options and variant in words."""
    variant = "" if row["variant"] == "whole" else row["variant"]
    return ", ".join(word for word in (f"`{row['recipe']}`", row["options"], variant) if word)


def _line(row: Mapping[str, Any]) -> str:
    name = f"`{row['recipe']}`" + (f" ({row['options']})" if row["options"] else "")
    variant = "" if row["variant"] == "whole" else row["variant"]
    m = row["measured"]
    if m is None:
        return f"| {name} | {variant} | not run: {row['reason']} | | | | | | | | | {_reported(row)} |"
    shares = " | ".join(_percent(m[key], m[f"{key}_ci"]) for key in ("accuracy", "precision", "recall"))
    return (
        f"| {name} | {variant} | {shares} | {m['loss']:.3f} | {_figure(m['auc'], m['auc_ci'])} "
        f"| {_figure(m['specificity'], m['specificity_ci'])} | {m['size'] / 1e6:.2f} | {m['milliseconds']:.1f} "
        f"| {row['minutes']:.1f} | {_reported(row)} |"
    )


def _reported(row: Mapping[str, Any]) -> str:
    """What the projects report of the network that comes nearest."""
    fitting = [p for p in PROJECTS if p.recipe == row["recipe"] and p.variant in (None, row["variant"])]
    return "; ".join(_words(project) for project in fitting)


def _words(project: Reported) -> str:
    figures = (project.accuracy, project.precision, project.recall, project.loss)
    return f"{project.project}: " + ", ".join("-" if x is None else f"{x:g}" for x in figures)


def _starts(rows: Iterable[Mapping[str, Any]]) -> str:
    """Where each recipe's weights began, and how far it was trained."""
    measured = [row for row in rows if row["measured"] is not None]
    return "\n".join(f"- {_name(row)}: {row['steps']} steps from {row['starting_weights']}" for row in measured)


def _spread(rows: Sequence[Mapping[str, Any]]) -> str:
    """Mean and range over seeds, of what was run with more than one."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["measured"] is not None:
            groups.setdefault((row["recipe"], row["options"], row["variant"]), []).append(row["measured"])
    lines = []
    for (recipe, options, variant), some in groups.items():
        if len(some) > 1:
            cells = " | ".join(
                _range([m[key] for m in some]) for key in ("accuracy", "recall", "loss", "auc", "specificity")
            )
            name = _name({"recipe": recipe, "options": options, "variant": variant})
            lines.append(f"| {name} | {len(some)} | {cells} |")
    if not lines:
        return ""
    return "\n".join([_head(SPREAD), *lines])


def _best(rows: Iterable[Mapping[str, Any]]) -> str:
    """The recipe with the highest AUC on the validation part against each figure that a project reports."""
    judged = [row for row in rows if row["measured"] is not None and row["validation_auc"] is not None]
    if not judged:
        return ""
    best = max(judged, key=lambda row: row["validation_auc"])
    m = best["measured"]
    mine = {"accuracy": 100 * m["accuracy"], "precision": 100 * m["precision"], "recall": 100 * m["recall"]}
    lines = []
    for project in PROJECTS:
        for key, value in mine.items():
            if (theirs := getattr(project, key)) is not None and value <= theirs:
                lines.append(f"- {key} {value:.2f} %, project {project.project} ({project.network}): {theirs:g} %")
        if project.loss is not None and m["loss"] >= project.loss:
            lines.append(f"- loss {m['loss']:.3f}, project {project.project} ({project.network}): {project.loss:g}")
    text = f"Best on the validation part (AUC {best['validation_auc']:.4f}): {_name(best)}. "
    if not lines:
        return text + "On the test part it beats every figure that a project reports."
    return text + "On the test part it beats every figure that a project reports, but for:\n\n" + "\n".join(lines)


def _percent(value: float, interval: Sequence[float]) -> str:
    return f"{100 * value:.1f} ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})"


def _figure(value: float, interval: Sequence[float]) -> str:
    return f"{value:.4f} ({interval[0]:.4f} to {interval[1]:.4f})"


def _range(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.4f} ({min(values):.4f} to {max(values):.4f})"
