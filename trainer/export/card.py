"""Writes the model card of a bundle from its figures; pure text; every figure names the command that gives it again.

`DATA` stands for the folder that holds the data folders, `BUNDLE` for the bundle's own, `RUN` for a run's: a card
travels, paths of one machine do not.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trainer.data.sources import Part, Source
from trainer.export.choices import Precision, WeightsOf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DATA: Final = "DATA"
BUNDLE: Final = "BUNDLE"
RUN: Final = "RUN"
MANY_TIES: Final = 0.05  # of the films; above it the card says so in words

_WHO: Final = {"children": "children of one to five years", "adults": "adults, 18 years and over"}


def data_argument(source: Source) -> str:
    """A ``--data`` argument as a card writes it."""
    return f"--data {shlex.quote(source.argument(f'{DATA}/{source.name}'))}"


def evaluate_command(sources: Sequence[Source], part: Part) -> str:
    """The command that judges a bundle on one part of some sources."""
    data = " ".join(data_argument(source) for source in sources)
    return f"cxr-trainer evaluate --bundle {BUNDLE} {data} --split {BUNDLE}/split.csv --part {part}"


def card(document: Mapping[str, Any], model_bytes: int) -> str:
    """The card, in Markdown.

    Args:
        document: ``bundle.json`` without its hashes.
        model_bytes: size of the model file.
    """
    sections = [_head(document, model_bytes), _use(document), _figures(document), _sources(document)]
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


def _use(document: Mapping[str, Any]) -> str:
    who = " and ".join(_WHO.get(name, name) for name in document["populations"])
    return (
        "## What it is for, and what it is not\n\n"
        f"- For frontal chest radiographs of {who}. Not for other ages, lateral views or other body parts.\n"
        "- It orders reading. It gives no diagnosis, and it is no medical device: no authority has cleared it.\n"
        "- It looks for pneumonia only. Other urgent findings, such as a pneumothorax or a misplaced tube, are not "
        "looked for and do not move a film up.\n"
        "- Every film is still read. A low place in the queue says nothing about the health of anybody.\n"
        "- The figures are of the validation part of the sets that it was trained on. They will be lower on films "
        "from elsewhere: test it on your own films before you rely on it."
    )


def _figures(document: Mapping[str, Any]) -> str:
    parts = [
        "## Operating points\n\nIntervals are 95 %: of the AUC by a bootstrap over patients, of proportions Wilson's."
    ]
    for name, entry in document["populations"].items():
        evidence, calibration = entry["evidence"], entry["calibration"]
        parts.append(
            f"### {name}: {_WHO.get(name, name)}\n\n"
            f"{evidence['n']} films ({evidence['positives']} with pneumonia) of {', '.join(evidence['sources'])}. "
            f"AUC {_value(evidence['auc'], evidence['auc_ci'])}; expected calibration error {evidence['ece']:.3f} at a "
            f"prevalence of {calibration['prevalence']:.3f}.\n\n"
            "| band | from logit | sensitivity | specificity |\n|---|---|---|---|\n"
            f"| `next` and `first` | {entry['threshold']:.3f} | {_share(evidence, 'sensitivity')} "
            f"| {_share(evidence, 'specificity')} |\n"
            f"| `first` | {entry['first_threshold']:.3f} | {_share(evidence, 'first_sensitivity')} "
            f"| {_share(evidence, 'first_specificity')} |\n\n"
            f"{_prevalences(evidence)}\n\n"
            f"    {evidence['command']}\n\n"
            "The thresholds were chosen on these same films, so the sensitivity of the first line and the "
            "specificity of the second are what was asked for, not what was found."
        )
    return "\n\n".join(parts)


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
    lines += [f"| films of | n | AUC trained | AUC {precision} | other side | largest logit difference "]
    lines[-1] += "| rank correlation |"
    lines += ["|---|---|---|---|---|---|---|"]
    for name, one in {"full weight, all": whole, **whole["sources"]}.items():
        lines.append(
            f"| {name} | {one['films']} | {_number(one['auc_float'])} | {_number(one['auc_exported'])} "
            f"| {one['flips']:.2%} | {one['max_logit_difference']:.3f} | {one['rank_correlation']:.4f} |"
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


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
