"""Writes the model card of a bundle from its figures; pure text; every figure names the command that gives it again.

`DATA` stands for the folder that holds the data folders, `BUNDLE` for the bundle's own, `RUN` for a run's: a card
travels, paths of one machine do not.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.population import GROUPS, AgeGroup, Policy
from trainer.data.sources import Part, Source
from trainer.export.card_words import in_two_minutes
from trainer.export.choices import Precision, WeightsOf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DATA: Final = "DATA"
BUNDLE: Final = "BUNDLE"
RUN: Final = "RUN"
MANY_TIES: Final = 0.05  # of the films; above it the card says so in words

_WHO: Final = {group.value: who for group, who in GROUPS.items()}


def data_argument(source: Source) -> str:
    """A ``--data`` argument as a card writes it."""
    return f"--data {shlex.quote(source.argument(f'{DATA}/{source.name}'))}"


def evaluate_command(sources: Sequence[Source], part: Part) -> str:
    """The command that judges a bundle on one part of some sources."""
    data = " ".join(data_argument(source) for source in sources)
    return f"cxr-trainer evaluate --bundle {BUNDLE} {data} --split {BUNDLE}/split.csv --part {part}"


def points_command(sources: Sequence[Source], most: int) -> str:
    """The command that shows how a bundle's operating points were chosen."""
    data = " ".join(data_argument(source) for source in sources)
    return f"cxr-trainer points --bundle {BUNDLE} {data} --most {most}"


def card(document: Mapping[str, Any], model_bytes: int) -> str:
    """The card, in Markdown.

    Args:
        document: ``bundle.json`` without its hashes.
        model_bytes: size of the model file.
    """
    sections = [_head(document, model_bytes), in_two_minutes(document), _policies(document), _figures(document)]
    sections += [_sources(document)]
    sections += [_subgroups(document), _quantisation(document), _training(document), _terms(document)]
    return "\n\n".join(sections) + "\n"


def _head(document: Mapping[str, Any], model_bytes: int) -> str:
    return (
        f"# {document['name']}\n\n"
        f"Orders frontal chest radiographs for reading, those with the likeliest pneumonia first. Network: "
        f"{document['network']}, {_precision(document).words}, {model_bytes / 1e6:.2f} MB. Preprocessing: version "
        f"{document['preprocessing']}. Made on {document['created']}.\n\n"
        f"In the commands below, `{BUNDLE}` is this folder, `{DATA}` the folder that holds the data folders, and "
        f"`{RUN}` a folder for a training run."
    )


def _policies(document: Mapping[str, Any]) -> str:
    """What is done with each age group, and the sentence of the rule that decided it."""
    lines = ["## Age groups\n", "| group | policy | because |", "|---|---|---|"]
    lines += [
        f"| {GROUPS[AgeGroup(name)]} | `{stated['policy']}` | {stated['reason']} |"
        for name, stated in document["policies"].items()
    ]
    lines.append(
        "\nThe rule is written in `trainer/points/policies.py`; nobody decides it by hand. A film that states no age "
        "and whose folder declares no population is judged by the most careful point of all."
    )
    return "\n".join(lines)


def _figures(document: Mapping[str, Any]) -> str:
    said = (
        "Intervals are 95 %: of the AUC by a bootstrap over patients, of proportions Wilson's. Specificity is against "
        "films called normal."
    )
    parts = [f"## Operating points\n\n{said}"]
    for name, entry in document["populations"].items():
        evidence, calibration = entry["evidence"], entry["calibration"]
        parts.append(
            f"### {name}: {_WHO[name]}\n\n"
            f"{evidence['n']} films ({evidence['positives']} with pneumonia) of {', '.join(evidence['sources'])}. "
            f"AUC {_value(evidence['auc'], evidence['auc_ci'])}. Probabilities are stated at a prevalence of "
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
        f"| `next` and `first` | {entry['threshold']:.3f} | {_share(evidence, 'sensitivity')} "
        f"| {_share(evidence, 'specificity')} |\n"
        f"| `first` | {entry['first_threshold']:.3f} | {_share(evidence, 'first_sensitivity')} "
        f"| {_share(evidence, 'first_specificity')} |\n\n"
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
                f"{_share(figures, key)} | {_number(figures[f'{key}_lower'], 3)}"
                for key in ("sensitivity", "specificity")
            )
            lines.append(f"| {name} | {films} | {both} |")
    lines += ["", "| calibration error | prevalence | found | allowed |", "|---|---|---|---|"]
    lines += [
        f"| {row['films']} films | {row['prevalence']:.2f} | {_value(row['ece'], row['ece_ci'])} "
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
            shares = " | ".join(_share(row, key) for key in ("ppv", "npv"))
            counts = " | ".join(_count(row, key) for key in ("misses_per_1000", "false_alarms_per_1000"))
            lines.append(f"| {name} | {100 * row['prevalence']:.0f} % | {shares} | {counts} |")
    return "\n".join(lines)


def _subgroups(document: Mapping[str, Any]) -> str:
    """The same thresholds for parts of the films."""
    said = (
        "At each film's own operating point. AUC by a bootstrap over patients, or by films (Newcombe 2006) where there "
        "are fewer than 20 patients; a subtype against all films without pneumonia of its sources. Small groups differ "
        "by chance.\n"
    )
    lines = [
        "## Subgroups\n",
        said,
        "| by | group | films | with pneumonia | AUC | sensitivity | specificity |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in document["validation"]["subgroups"]:
        shares = " | ".join(_share(row, key) for key in ("auc", "sensitivity", "specificity"))
        name = " ".join(row["name"].replace("|", "/").split())  # a view or a sex as some file or folder states it
        lines.append(f"| {row['kind']} | {name} | {row['n']} | {row['positives']} | {shares} |")
    lines.append(f"\n    {evaluate_command(_as_sources(document), Part.VALIDATION)}")
    return "\n".join(lines)


def _sources(document: Mapping[str, Any]) -> str:
    weights = {source["name"]: source["weight"] for source in document["training"]["sources"]}
    lines = [
        "## Validation by source\n",
        "| source | films | with pneumonia | AUC | weight in training |",
        "|---|---|---|---|---|",
    ]
    for name, figures in document["validation"]["sources"].items():
        value = _value(figures["auc"], figures["auc_ci"])
        lines.append(f"| {name} | {figures['n']} | {figures['positives']} | {value} | {weights[name]:g} |")
    lines.append(
        f"\nRefused by the gate: {document['validation']['refused']}; failed: {document['validation']['failed']}. "
        "A weight below 1 marks labels mined from report text; such a source sets no threshold.\n\n"
        f"    {evaluate_command(_as_sources(document), Part.VALIDATION)}"
    )
    return "\n".join(lines)


def _quantisation(document: Mapping[str, Any]) -> str:
    whole, precision = document["quantisation"], _precision(document)
    verdict = f"The {precision} file may stand for the network as it was trained."
    lines = [f"## Certificate of the export\n\n{verdict if whole['certified'] else 'NOT certified.'}\n"]
    lines += [f"| films of | n | AUC trained | AUC {precision} | difference | other side | largest logit difference "]
    lines[-1] += "| rank correlation | map's peak within one cell |"
    lines += ["|---|---|---|---|---|---|---|---|---|"]
    rows = {"full weight, all": whole, **whole["sources"], "full weight, shifted": whole["shifted"]}
    for name, one in rows.items():
        if one is None:
            continue
        difference, peaks = one["auc_difference_ci"], one["peaks"]
        lines.append(
            f"| {name} | {one['films']} | {_number(one['auc_float'])} | {_number(one['auc_exported'])} "
            f"| {'-' if difference is None else f'{difference[0]:+.4f} to {difference[1]:+.4f}'} "
            f"| {one['flips']:.2%} | {one['max_logit_difference']:.3f} | {one['rank_correlation']:.4f} "
            f"| {'-' if peaks is None else f'{peaks:.1%}'} |"
        )
    clean, shifted = whole["limits"]["clean"], whole["limits"]["shifted"]
    lines.append(
        f"\nCertified where the sources of full weight together lose at most {clean['auc_lost']} of AUC, have at most "
        f"{clean['flips']:.1%} of the films on the other side of their threshold, a rank correlation of "
        f"{clean['rank_correlation']} and the map's peak within one cell in {clean['peaks']:.0%} of the films at or "
        f"above the threshold; under the strongest corruptions {shifted['auc_lost']}, {shifted['flips']:.1%}, "
        f"{shifted['rank_correlation']} and {shifted['peaks']:.0%}. On {len(whole['edge']['pictures'])} pictures that "
        f"are no films the logits differ by {whole['edge']['max_logit_difference']:.3f} at most."
    )
    if whole["ties"] > MANY_TIES * whole["films"]:
        lines.append(
            f"\n{whole['ties']} of {whole['films']} films share their logit with another film: the file tells too few "
            "levels apart. Films of one logit are read in the order in which they came. A float16 file has hardly any."
        )
    data = " ".join(data_argument(source) for source in _as_sources(document))
    lines.append(
        f"\n    cxr-trainer quantize --run {RUN} {data} --bundle NEW --name {shlex.quote(document['name'])} "
        f"--precision {precision} --weights-of {document['training']['weights_of']}"
    )
    return "\n".join(lines)


def _precision(document: Mapping[str, Any]) -> Precision:
    return Precision(document["precision"])


def _training(document: Mapping[str, Any]) -> str:
    training = document["training"]
    sets = ", ".join(f"{source['name']} ({source['films']} films)" for source in training["sources"])
    data = " ".join(data_argument(source) for source in _as_sources(document))
    held = f"Patients of {', '.join(training['hold_out'])} were held out. " if training["hold_out"] else ""
    part = "the weights before what was frozen learned too" if training["weights_of"] == WeightsOf.ORIGINAL else ""
    return (
        f"## Training\n\nRecipe `{training['recipe']}`, seed {training['seed']}, {training['steps']} steps at most, on "
        f"{sets}{f'; {part}' if part else ''}. Starting weights: {training['starting_weights']}. {held}`split.csv` "
        f"(sha256 {training['split_sha256'][:16]}) says which film was in which part.\n\n"
        f"    cxr-trainer fit {data} --split {BUNDLE}/split.csv --run {RUN} --recipe {_recipe(training)} "
        f"--seed {training['seed']}{''.join(f' {shlex.quote(word)}' for word in training['options'])}"
    )


def _terms(document: Mapping[str, Any]) -> str:
    lines = "\n".join(f"- {text}" for text in document["terms"])
    return f"## Terms of the data\n\nA model carries the terms of the films that it was trained on:\n\n{lines}"


def _as_sources(document: Mapping[str, Any]) -> list[Source]:
    return [Source(Path(DATA) / s["name"], s["weight"], s["population"]) for s in document["training"]["sources"]]


def _value(value: float | None, interval: Sequence[float] | None) -> str:
    """A figure with its interval; a dash where it cannot be had."""
    if value is None or interval is None:
        return "-"
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def _share(evidence: Mapping[str, Any], key: str) -> str:
    return _value(evidence[key], evidence[f"{key}_ci"])


def _recipe(training: Mapping[str, Any]) -> str:
    """A recipe's file travels in the bundle."""
    name = str(training["recipe"])
    return f"{BUNDLE}/{name}" if name.endswith(".py") else shlex.quote(name)


def _count(row: Mapping[str, Any], key: str) -> str:
    """Films in 1,000, to one decimal; more would be a pretence."""
    value, interval = row[key], row[f"{key}_ci"]
    return "-" if value is None else f"{value:.1f} ({interval[0]:.1f} to {interval[1]:.1f})"


def _number(value: float | None, places: int = 4) -> str:
    return "-" if value is None else f"{value:.{places}f}"
