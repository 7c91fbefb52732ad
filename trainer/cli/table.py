"""The figures of a bundle as lines for a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from models.population import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def show_document(document: Mapping[str, Any], text: str, format_: str, json_: Path | None) -> None:
    """What a command found of one bundle: as JSON, or its table under the bundle's name, and where it was written."""
    if format_ == "json":
        click.echo(json.dumps(document, indent=2, allow_nan=False))
        return
    judged = document["bundle"]
    click.echo(f"bundle {judged['name']}, model {judged['sha256'][:16]}\n")
    click.echo(text, nl=False)
    if json_ is not None:
        click.echo(f"written: {json_}", err=True)


def show_scores(run: Path, scores: Mapping[str, float]) -> None:
    """Where a network's weights are, and its AUC by source."""
    click.echo(f"weights in {run}; AUC of the float network on the validation part:")
    for name, value in scores.items():
        click.echo(f"  {name:<24} {value:.4f}")
    if not scores:
        click.echo("  none: no source has films of both classes there")


def figures_table(figures: dict[str, Any]) -> str:
    """The figures for a person to read."""
    counts = f"{figures['n']} films scored ({figures['patients']} patients, or groups where none is named)"
    lines = [f"{counts}, {figures['refused']} refused, {figures['failed']} failed"]
    for kind in ("refused", "failed"):
        lines += [f"  {kind}: {code}, {count}" for code, count in figures[f"{kind}_by_code"].items()]
    if figures["n"]:
        lines.append(f"AUC {_value(figures['auc'], figures['auc_ci'])}, calibration error {figures['ece']:.3f}")
        if figures["auc"] is None:
            lines.append("  no AUC: the scored films are all of one class")
    for name, point in figures["operating_points"].items():
        lines.append(f"{name}: {point['n']} films, {point['positives']} with pneumonia")
        lines.append(f"  AUC          {_value(point['auc'], point['auc_ci'])}")
        if point["policy"] == Policy.ORDERED:
            lines.append("  only ordered: no film is called low or first")
            continue
        for band, prefix in (("next or first", ""), ("first", "first_")):
            lines.append(f"  {band}: from logit {point[f'{prefix}threshold']:.3f}")
            for kind in ("sensitivity", "specificity"):
                share = _value(point[f"{prefix}{kind}"], point[f"{prefix}{kind}_ci"])
                lines.append(f"    {kind}  {share}")
    if len(figures["sources"]) > 1:
        lines += [f"{name}: AUC {_value(s['auc'], s['auc_ci'])}, n {s['n']}" for name, s in figures["sources"].items()]
    return "\n".join(lines)


def _value(value: float | None, interval: list[float] | None) -> str:
    if value is None or interval is None:
        return "-"
    return f"{value:.4f} (95 % {interval[0]:.4f} to {interval[1]:.4f})"
