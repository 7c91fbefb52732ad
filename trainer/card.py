"""Writes the model card of a bundle from its figures; pure text; every figure names the command that gives it again.

`DATA` stands for the folder that holds the data folders, `BUNDLE` for the bundle's own, `RUN` for a run's: a card
travels, paths of one machine do not.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trainer.data.sources import Part, Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DATA: Final = "DATA"
BUNDLE: Final = "BUNDLE"
RUN: Final = "RUN"

_WHO: Final = {"children": "children of one to five years", "adults": "adults, 18 years and over"}


def data_argument(source: Source) -> str:
    """A ``--data`` argument as a card writes it."""
    text = f"{DATA}/{source.name}"
    if source.weight != 1.0:
        text += f",weight={source.weight:g}"
    if source.population is not None:
        text += f",population={source.population}"
    return f"--data {shlex.quote(text)}"


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
    sections += [_quantisation(document), _training(document), _terms(document)]
    return "\n\n".join(sections) + "\n"


def _head(document: Mapping[str, Any], model_bytes: int) -> str:
    return (
        f"# {document['name']}\n\n"
        f"Orders frontal chest radiographs for reading, those with the likeliest pneumonia first. Network: "
        f"{document['network']}, full-integer int8, {model_bytes / 1e6:.2f} MB. Preprocessing: version "
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
            f"    {evidence['command']}\n\n"
            "The thresholds were chosen on these same films, so the sensitivity of the first line and the "
            "specificity of the second are what was asked for, not what was found."
        )
    return "\n\n".join(parts)


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
    whole = document["quantisation"]
    verdict = "The int8 file may stand for the float network." if whole["certified"] else "NOT certified."
    lines = [f"## Quantisation certificate\n\n{verdict}\n"]
    lines += ["| films of | n | AUC float | AUC int8 | other side | largest logit difference | rank correlation |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for name, one in {"full weight, all": whole, **whole["sources"]}.items():
        lines.append(
            f"| {name} | {one['films']} | {_number(one['auc_float'])} | {_number(one['auc_int8'])} "
            f"| {one['flips']:.2%} | {one['max_logit_difference']:.3f} | {one['rank_correlation']:.4f} |"
        )
    data = " ".join(data_argument(source) for source in _as_sources(document))
    lines.append(f"\n    cxr-trainer quantize --run {RUN} {data} --bundle NEW --name {shlex.quote(document['name'])}")
    return "\n".join(lines)


def _training(document: Mapping[str, Any]) -> str:
    training = document["training"]
    sets = ", ".join(f"{source['name']} ({source['films']} films)" for source in training["sources"])
    data = " ".join(data_argument(source) for source in _as_sources(document))
    held = "".join(f" --hold-out {shlex.quote(f'{DATA}/{name}')}" for name in training["hold_out"])
    return (
        f"## Training\n\nRecipe `{training['recipe']}`, seed {training['seed']}, on {sets}. Starting weights: "
        f"{training['starting_weights']}. Split by patient and content into `split.csv` (sha256 "
        f"{training['split_sha256'][:16]}).\n\n"
        f"    cxr-trainer fit {data}{held} --run {RUN} --recipe {shlex.quote(training['recipe'])} "
        f"--seed {training['seed']} --fraction {training['fraction']:g} --steps {training['steps']}"
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


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
