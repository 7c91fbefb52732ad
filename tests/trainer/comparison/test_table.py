"""The table says what was measured, what was not run and why, and what the projects report beside it."""

from __future__ import annotations

from typing import Any

from trainer.comparison.projects import PROJECTS
from trainer.comparison.table import COLUMNS, table


def measured(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"films": 100, "patients": 60, "positives": 70, "not_scored": 0, "loss": 0.1}
    values |= {"size": 1_234_567, "milliseconds": 2.5}
    for name, value in {"accuracy": 0.95, "precision": 0.96, "recall": 0.97, "auc": 0.99, "specificity": 0.9}.items():
        values |= {name: value, f"{name}_ci": [value - 0.02, value + 0.02]}
    return values | changes


def row(recipe: str = "cnn", **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"recipe": recipe, "options": "", "variant": "whole", "seed": 1, "reason": None}
    values |= {"starting_weights": "none", "steps": 600, "minutes": 3.25, "validation_auc": 0.9, "measured": measured()}
    return values | changes


def document(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"sources": ["films"], "unit": "patient", "split_seed": 1, "rows": list(rows)}
    values |= {"shares": {"validation": 0.15, "test": 0.15}}
    values |= {"parts": {"train": 70, "validation": 15, "test": 15, "excluded": 0}}
    return values | changes


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def test_every_row_has_every_column():
    text = table(document(row(), row("inception_v3", measured=None, reason="cannot download ImageNet weights")))
    assert {line.count("|") for line in lines_of(text)} == {len(COLUMNS) + 1}
    assert "not run: cannot download ImageNet weights" in text
    assert "95.0 (93.0 to 97.0)" in text
    assert "0.9900 (0.9700 to 1.0100)" in text


def test_the_projects_own_figures_stand_beside_the_row_that_comes_nearest():
    text = table(document(row("densenet201", variant="original"), row("densenet201", variant="finetune")))
    original, finetune = lines_of(text)[2:4]
    assert "E: 92.83, 94.32, 91.14, 0.184" in original
    assert "E: 94.09, 99.06, 89.03, 0.162" in finetune


def test_the_spread_over_seeds_is_reported_and_the_table_shows_the_first_seed():
    rows = [row(seed=seed, measured=measured(auc=0.9 + seed / 100)) for seed in (2, 1, 3)]
    lines = lines_of(table(document(*rows)))
    assert "0.9100 (" in lines[2]
    assert "| `cnn` | 3 |" in lines[-1]
    assert "0.9200 (0.9100 to 0.9300)" in lines[-1]


def test_the_best_is_told_by_the_validation_part_and_what_it_does_not_beat_is_named():
    rows = [row("mlp", validation_auc=0.8, measured=measured(accuracy=1.0)), row(validation_auc=0.95)]
    text = table(document(*rows))
    assert "Best on the validation part (AUC 0.9500): `cnn`" in text
    assert "- accuracy 95.00 %, project A (sequential CNN, 2,540 augmented normals): 97 %" in text
    assert "project D" not in text.split("but for:")[1]
    perfect = measured(accuracy=1.0, precision=1.0, recall=1.0, loss=0.0)
    assert "beats every figure that a project reports." in table(document(row(measured=perfect)))


def test_a_split_by_file_is_called_the_leak():
    assert "FILE (the leak" in table(document(row(), unit="file"))
    assert "the leak" not in table(document(row()))


def test_all_projects_of_the_issue_are_there():
    assert {project.project for project in PROJECTS} == set("ABCDE")
    assert len(PROJECTS) == 11
