"""Writes the model card of a bundle from its figures; pure text; every figure names the command that gives it again.

`DATA` stands for the folder that holds the data folders, `BUNDLE` for the bundle's own, `RUN` for a run's: a card
travels, paths of one machine do not.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.population import GROUPS, AgeGroup
from trainer.data.sources import Part, Source
from trainer.export.card_format import number, share, with_interval
from trainer.export.card_points import operating_points
from trainer.export.card_words import in_two_minutes
from trainer.export.choices import Precision, WeightsOf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DATA: Final = "DATA"
BUNDLE: Final = "BUNDLE"
RUN: Final = "RUN"
MANY_TIES: Final = 0.05  # of the films; above it the card says so in words


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
    sections = [_head(document, model_bytes), in_two_minutes(document), _policies(document), operating_points(document)]
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
        shares = " | ".join(share(row, key) for key in ("auc", "sensitivity", "specificity"))
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
        value = with_interval(figures["auc"], figures["auc_ci"])
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
            f"| {name} | {one['films']} | {number(one['auc_float'])} | {number(one['auc_exported'])} "
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
    seeds = [run["seed"] for run in training["averaged"]]
    seed = f"the mean of runs with seeds {', '.join(map(str, seeds))}" if seeds else f"seed {training['seed']}"
    return (
        f"## Training\n\nRecipe `{training['recipe']}`, {seed}, {training['steps']} steps at most, on "
        f"{sets}{f'; {part}' if part else ''}. Starting weights: {training['starting_weights']}. {held}`split.csv` "
        f"(sha256 {training['split_sha256'][:16]}) says which film was in which part.\n\n"
        + "\n".join(f"    {command}" for command in [*_commands(training, data), *_gate_command(document, data)])
    )


def _commands(training: Mapping[str, Any], data: str) -> list[str]:
    """What makes the run again: its teachers first, what it averages before the average."""
    options = "".join(f" {shlex.quote(word)}" for word in training["options"])
    fit = f"cxr-trainer fit {data} --split {BUNDLE}/split.csv --recipe"
    commands, taught = [], ""
    for teacher in training["teachers"]:
        folder = f"{RUN}-teacher-{teacher['seed']}"
        commands.append(f"{fit} {shlex.quote(teacher['recipe'])} --run {folder} --seed {teacher['seed']}")
        taught += f" --teacher {folder}"
    fit += f" {_recipe(training)}{options}"
    if not training["averaged"]:
        return [*commands, f"{fit} --run {RUN} --seed {training['seed']}{taught}"]
    seeds = [run["seed"] for run in training["averaged"]]
    commands += [f"{fit} --run {RUN}-{seed} --seed {seed}{taught}" for seed in seeds]
    return [*commands, f"cxr-trainer average {data} {' '.join(f'--of {RUN}-{seed}' for seed in seeds)} --run {RUN}"]


def _gate_command(document: Mapping[str, Any], data: str) -> list[str]:
    """What makes its gate again; nothing of a bundle without one, or with one of before 0.7, which had no steps."""
    gate = document.get("gate")
    if gate is None or "steps" not in gate:
        return []
    films = max(gate["films"].values())
    return [
        f"cxr-trainer gate fit {data} --run {RUN} --films {films} --steps {gate['steps']} --seed {gate['seed']}",
    ]


def _terms(document: Mapping[str, Any]) -> str:
    lines = "\n".join(f"- {text}" for text in document["terms"])
    return f"## Terms of the data\n\nA model carries the terms of the films that it was trained on:\n\n{lines}"


def _as_sources(document: Mapping[str, Any]) -> list[Source]:
    return [Source(Path(DATA) / s["name"], s["weight"], s["population"]) for s in document["training"]["sources"]]


def _recipe(training: Mapping[str, Any]) -> str:
    """A recipe's file travels in the bundle."""
    name = str(training["recipe"])
    return f"{BUNDLE}/{name}" if name.endswith(".py") else shlex.quote(name)
