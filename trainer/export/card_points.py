"""The section of a model card on operating points; pure text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.population import GROUPS, AgeGroup, Policy
from trainer.export.card_format import count, number, share, with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping


def operating_points(document: Mapping[str, Any]) -> str:
    """The section, in Markdown: of each population the stored thresholds, and what cross-validation gave."""
    said = (
        "Intervals are 95 %: of the AUC by a bootstrap over patients, of proportions Wilson's. Specificity is against "
        "films called normal."
    )
    parts = [f"## Operating points\n\n{said}"]
    for name, entry in document["populations"].items():
        evidence, calibration = entry["evidence"], entry["calibration"]
        parts.append(
            f"### {name}: {GROUPS[AgeGroup(name)]}\n\n"
            f"{evidence['n']} films ({evidence['positives']} with pneumonia) of {', '.join(evidence['sources'])}. "
            f"AUC {with_interval(evidence['auc'], evidence['auc_ci'])}. Probabilities are stated at a prevalence of "
            f"{calibration['prevalence']:.2f}; moved to that of these films, their expected calibration error is "
            f"{evidence['ece']:.3f}.\n\n"
            f"{_thresholds(entry)}\n\n"
            f"    {evidence['command']}\n\n{_held(evidence['chosen'])}\n\n    {evidence['chosen']['command']}"
        )
    return "\n\n".join(parts)


def _thresholds(entry: Mapping[str, Any]) -> str:
    evidence = entry["evidence"]
    if Policy(evidence["policy"]) is Policy.ORDERED:
        return "No band begins anywhere: every film is `next`, by its logit."
    return (
        "The stored thresholds on these films as they came, which helped to choose them:\n\n"
        "| band | from logit | sensitivity | specificity |\n|---|---|---|---|\n"
        f"| `next` and `first` | {entry['threshold']:.3f} | {share(evidence, 'sensitivity')} "
        f"| {share(evidence, 'specificity')} |\n"
        f"| `first` | {entry['first_threshold']:.3f} | {share(evidence, 'first_sensitivity')} "
        f"| {share(evidence, 'first_specificity')} |\n\n"
        f"{_prevalences(evidence)}"
    )


def _held(chosen: Mapping[str, Any]) -> str:
    """Cross-validated: films were judged by what other patients, and other corruptions, chose."""
    said = (
        f"Cross-validated, by rule `{chosen['rule']}` for a sensitivity of {chosen['promise']:.2f}: {chosen['n']} "
        f"films ({chosen['positives']} with pneumonia), each judged by thresholds that other patients chose under "
        f"other corruptions; clean, and as the mean over {chosen['conditions'] - 1} conditions of the suite of shift. "
        "`lower` is the lower end of the wider interval (by films or by patients), which is what may be promised.\n"
    )
    lines = [said, "| band | films | sensitivity | lower | specificity | lower |", "|---|---|---|---|---|---|"]
    for band, name in (("next_or_first", "`next` and `first`"), ("first", "`first`")):
        for films, figures in chosen[band].items():
            both = " | ".join(
                f"{share(figures, key)} | {number(figures[f'{key}_lower'], 3)}"
                for key in ("sensitivity", "specificity")
            )
            lines.append(f"| {name} | {films} | {both} |")
    lines += ["", "| calibration error | prevalence | found | allowed |", "|---|---|---|---|"]
    lines += [
        f"| {row['films']} films | {row['prevalence']:.2f} | {with_interval(row['ece'], row['ece_ci'])} "
        f"| {row['allowed']:.2f} |"
        for row in chosen["calibration"]
    ]
    return "\n".join(lines)


def _prevalences(evidence: Mapping[str, Any]) -> str:
    """What both thresholds mean where pneumonia is rarer than among these films."""
    lines = ["At other prevalences, if sensitivity and specificity stay what they are here:\n"]
    lines += ["| from | prevalence | PPV | NPV | misses in 1,000 films | false alarms in 1,000 |"]
    lines += ["|---|---|---|---|---|---|"]
    for band, name in (("next_or_first", "`next`"), ("first", "`first`")):
        for row in evidence["prevalence"][band]:
            shares = " | ".join(share(row, key) for key in ("ppv", "npv"))
            counts = " | ".join(count(row, key) for key in ("misses_per_1000", "false_alarms_per_1000"))
            lines.append(f"| {name} | {100 * row['prevalence']:.0f} % | {shares} | {counts} |")
    return "\n".join(lines)
