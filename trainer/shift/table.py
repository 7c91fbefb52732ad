"""Writes the benchmark of shift as Markdown, for a terminal and for docs/models.md; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from trainer.shift.conditions import CLEAN, Corruption, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SUMMARY: Final = (
    *("network", "films of", "n", "AUC clean", "AUC mean", "AUC worst", "sensitivity clean", "sensitivity mean"),
    *("sensitivity worst", "specificity clean", "specificity mean", "specificity worst"),
)
KEYS: Final = ("auc", "sensitivity", "specificity")
KINDS: Final = ("clean", "mean", "worst")
SPREAD: Final = ("label", "films of", "networks", *(f"{key} {kind}" for key in KEYS for kind in KINDS))
PAIRED: Final = ("network", "films of", *(f"{key} {kind}" for key in KEYS for kind in KINDS))
SIZES: Final = (
    *("network", "pairs", "mean difference of the logit", "bias (full less small)", "largest"),
    *("on the other side of the operating point", "rank correlation"),
)


def table(document: Mapping[str, Any]) -> str:
    """The benchmark in Markdown.

    Args:
        document: what `trainer.shift.benchmark.benchmark` returns.
    """
    networks: Sequence[Mapping[str, Any]] = document["networks"]
    parts = [_scope(document), _rows(SUMMARY, (line for row in networks for line in _summary(row)))]
    parts += [_conditions(row) for row in networks]
    if document["labels"]:
        parts += ["Mean (lowest to highest) over the networks of a label:", _rows(SPREAD, _spread(document["labels"]))]
    if "against" in document:
        name = document["against"]["network"]["name"]
        parts += [f"Each network less `{name}`, on the films of both:", _rows(PAIRED, _paired(document))]
    sizes = [row for row in networks if row.get("fullsize")]
    if sizes:
        parts += ["Full size against 224 pixels:", _rows(SIZES, (_size(row) for row in sizes))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _scope(document: Mapping[str, Any]) -> str:
    suite, most = document["suite"], document["suite"]["films_of_each_source_and_class"]
    strange = "" if suite["reproduced"] else " (NOT the frozen one: set its figures beside no others)"
    end = "." if suite["complete"] else "; a part of the suite only, so set its figures beside none of the whole."
    return (
        f"Suite {suite['version']}, sha256 {suite['sha256'][:16]}{strange}: {len(suite['conditions']) - 1} conditions "
        f"beside the clean films, at most {most} films of each source and class, {document['about']['part']} part{end} "
        "In brackets 95 % intervals, of shares of clean films Wilson's, of all else by patient. Mean and worst are "
        "over all conditions but the clean films, the worst by each figure for itself. Sensitivity and specificity "
        "(against films called normal) are at the bundle's operating point, of a run at the threshold that has the "
        "promised sensitivity on the clean films."
    )


def _rows(columns: Sequence[str], lines: Iterator[str]) -> str:
    written = list(lines)
    return "\n".join([f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|", *written]) if written else ""


def _summary(row: Mapping[str, Any]) -> Iterator[str]:
    for name, group in row["groups"].items():
        clean, mean, worst = group["conditions"][CLEAN.name], group["mean"], group["worst"]
        cells = []
        for key in KEYS:
            cells += [_figure(clean, key), _figure(mean, key), f"{_figure(worst, key)}, {worst[f'{key}_condition']}"]
        yield f"| {_name(row)} | {name} | {group['n']} | {' | '.join(cells)} |"


def _conditions(row: Mapping[str, Any]) -> str:
    """Corruptions by severity, for each population as a whole."""
    groups = {name: group for name, group in row["groups"].items() if not group["source"]}
    columns = ["corruption", *(f"{name}: {key}" for name in groups for key in KEYS)]

    def lines() -> Iterator[str]:
        clean = [f"{group['conditions'][CLEAN.name][key]:.3f}" for group in groups.values() for key in KEYS]
        yield f"| {CLEAN.name} | {' | '.join(clean)} |"
        for corruption in Corruption:
            names = [f"{corruption}-{severity.value}" for severity in Severity]
            cells = [_severities(group["conditions"], names, key) for group in groups.values() for key in KEYS]
            yield f"| {corruption} | {' | '.join(cells)} |"

    if not groups:
        return ""
    return f"{_name(row)}, by corruption, mild / moderate / strong:\n\n{_rows(columns, lines())}"


def _severities(conditions: Mapping[str, Any], names: Sequence[str], key: str) -> str:
    return " / ".join(f"{conditions[name][key]:.3f}" for name in names if name in conditions)


def _spread(labels: Mapping[str, Any]) -> Iterator[str]:
    for label, groups in labels.items():
        for name, found in groups.items():
            cells = [_range(found[kind][key]) for key in KEYS for kind in KINDS]
            yield f"| {label} | {name} | {found['networks']} | {' | '.join(cells)} |"


def _paired(document: Mapping[str, Any]) -> Iterator[str]:
    for row, found in zip(document["networks"], document["against"]["differences"], strict=True):
        for name, group in found["groups"].items():
            cells = [_signed(group[kind], key) for key in KEYS for kind in KINDS]
            yield f"| {_name(row)} | {name} | {' | '.join(cells)} |"


def _size(row: Mapping[str, Any]) -> str:
    found = row["fullsize"]
    rank = "-" if found["rank_correlation"] is None else _figure(found, "rank_correlation")
    bias = f"{found['bias']:+.3f} ({found['bias_ci'][0]:+.3f} to {found['bias_ci'][1]:+.3f})"
    flips = f"{found['flipped']} of {found['pairs']} ({found['flips_ci'][0]:.3f} to {found['flips_ci'][1]:.3f})"
    mean = _figure(found, "mean_difference")
    return f"| {_name(row)} | {found['pairs']} | {mean} | {bias} | {found['largest']:.3f} | {flips} | {rank} |"


def _name(row: Mapping[str, Any]) -> str:
    label = row["label"]
    return f"`{row['name']}`" if label == row["name"] else f"`{row['name']}` ({label})"


def _figure(found: Mapping[str, Any], key: str) -> str:
    low, high = found[f"{key}_ci"]
    return f"{found[key]:.3f} ({low:.3f} to {high:.3f})"


def _signed(found: Mapping[str, Any], key: str) -> str:
    low, high = found[f"{key}_ci"]
    return f"{found[key]:+.3f} ({low:+.3f} to {high:+.3f})"


def _range(found: Mapping[str, float]) -> str:
    return f"{found['mean']:.3f} ({found['lowest']:.3f} to {found['highest']:.3f})"
