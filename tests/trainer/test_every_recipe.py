"""Every recipe trains, goes on after a kill, is exported, and judged, each by its command, on a small set."""

from __future__ import annotations

import json

import numpy as np
import pytest
from builders.training import labelled_folder, need_keras
from click.testing import CliRunner

from models.population import Population
from trainer.cli.main import cli
from trainer.data.sources import Source
from trainer.data.splits import Shares
from trainer.networks.starting_weights import Origin, Weights
from trainer.recipes.registry import find_recipe, recipe_names
from trainer.runs import load_arrays

need_keras()

from trainer.training.fit import fit  # noqa: E402 - needs Keras
from trainer.training.run import Run  # noqa: E402

SIDES = {"inception_v3": 112}  # it takes no less than 75 pixels; the others are as quick as they can be at 32
SMALLEST = 32
STEPS = 12  # enough for the logits to rise with a label that is as plain as this one


class Killed(BaseException):
    """What a kill looks like from inside."""


def kill(step, steps, loss):
    raise Killed


def quiet(text):
    """Nobody listens."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return labelled_folder(tmp_path_factory.mktemp("recipes") / "films", each=30, width=72)


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_is_trained_killed_resumed_exported_and_judged(name, data, tmp_path):
    run, bundle, side = tmp_path / "run", tmp_path / "bundle", SIDES.get(name, SMALLEST)
    source, given = Source(data, population=Population.CHILDREN), f"--data={data},population=children"
    recipe = find_recipe(name).at_side(side).scaled(STEPS)
    asked = Run(run, recipe, (source,), shares=Shares(0.5), weights=Weights(Origin.NONE), seed=3, checkpoint_every=1)
    with pytest.raises(Killed):
        fit(asked, kill, quiet)
    words = ["fit", given, f"--run={run}", f"--recipe={name}", "--seed=3", "--fraction=0.5"]
    resumed = invoke(*words, f"--side={side}", f"--steps={STEPS}", "--weights=none", "--format=json")
    assert set(json.loads(resumed.stdout)["validation_auc"]) == {"films"}
    steps = [line.split(",")[0] for line in (run / "log.csv").read_text().splitlines()[1:]]
    assert steps == [str(step) for step in range(1, recipe.steps + 1)]
    assert all(np.isfinite(array).all() for array in load_arrays(run / "weights.npz")[0])

    exported = invoke(
        *("quantize", f"--run={run}", given, f"--bundle={bundle}", f"--name={name}", "--for=trial"),
        "--format=json",
    )
    assert json.loads(exported.stdout)["training"]["recipe"] == name
    split = f"--split={bundle / 'split.csv'}"
    judged = invoke("evaluate", given, f"--bundle={bundle}", split, "--part=validation", "--format=json")
    assert json.loads(judged.stdout)["n"] == json.loads(exported.stdout)["validation"]["n"]


def invoke(*words):
    result = CliRunner().invoke(cli, list(map(str, words)))
    assert result.exit_code == 0, result.output
    return result
