"""The tables in docs/models.md are those that the command writes from the figures beside them."""

from __future__ import annotations

import json

import pytest
from builders.parts import ROOT

from trainer.comparison.table import table
from trainer.recipes.registry import recipe_names

ON_SHIFT = {
    "lite0_shift",
    "lite0_far",
    "lite0_128",
    "lite0_160",
}  # judged by the benchmark of shift, not beside the student projects
RUNS = ROOT / "docs" / "runs" / "compare-2026.11"


def document(unit):
    return json.loads((RUNS / f"{unit}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("unit", ["patient", "file"])
def test_the_published_table_is_what_the_command_writes(unit):
    assert document(unit)["unit"] == unit
    assert table(document(unit)).strip() in (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


def test_every_recipe_has_a_row_with_figures_or_a_reason():
    rows, names = document("patient")["rows"], set(recipe_names()) - ON_SHIFT
    assert {row["recipe"] for row in rows} == names
    assert all((row["measured"] is None) == bool(row["reason"]) for row in rows)
    assert {row["recipe"] for row in rows if row["measured"]} == names
    assert all(f"`{name}`" in (ROOT / "docs" / "models.md").read_text(encoding="utf-8") for name in ON_SHIFT)


def test_transfer_networks_have_both_rows_and_five_seeds_were_run():
    rows = document("patient")["rows"]
    for name in ("inception_v3", "densenet201", "efficientnet_lite0"):
        assert {"original", "finetune"} <= {row["variant"] for row in rows if row["recipe"] == name}
    seeds = {}
    for row in rows:
        seeds.setdefault((row["recipe"], row["options"]), set()).add(row["seed"])
    assert max(map(len, seeds.values())) == 5


def test_all_ways_of_balancing_were_compared():
    options = " ".join(row["options"] for row in document("patient")["rows"] if row["recipe"] == "cnn")
    assert all(f"balance {kind}" in options for kind in ("augmented", "class-weight", "sampling"))
