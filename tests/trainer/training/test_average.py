"""Averages of runs: the mean of the weights, judged; and what may not be averaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from builders.training import TINY, labelled_folder, need_keras

from trainer.data.sources import Source
from trainer.data.splits import Shares
from trainer.errors import TrainerError
from trainer.runs import load_arrays, read_run, run_document, weights_sha256

need_keras()

from trainer.training.average import Average, average  # noqa: E402 - needs Keras
from trainer.training.fit import fit  # noqa: E402
from trainer.training.run import Run  # noqa: E402


def quiet(*_):
    """Nobody listens."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return labelled_folder(tmp_path_factory.mktemp("data") / "films", each=12)


@pytest.fixture(scope="module")
def runs(tmp_path_factory, data):
    """Two runs of one split that differ in their seed."""
    folder = tmp_path_factory.mktemp("runs")
    first = Run(folder / "run1", TINY, (Source(data),), shares=Shares(0.4))
    fit(first, quiet, quiet)
    second = Run(folder / "run2", TINY, (Source(data),), shares=Shares(0.4), split=folder / "run1/split.csv", seed=2)
    fit(second, quiet, quiet)
    return first.folder, second.folder


def test_an_average_is_the_mean_of_the_weights_and_says_of_what(tmp_path, data, runs):
    scores = average(Average(tmp_path / "mean", runs, (Source(data),)), quiet)
    made, one, two = (load_arrays(folder / "weights.npz")[0] for folder in (tmp_path / "mean", *runs))
    np.testing.assert_allclose(made[0], (one[0] + two[0]) / 2, atol=1e-6)  # the first convolution
    moving = [i for i, (a, b, m) in enumerate(zip(one, two, made, strict=True)) if not np.allclose(m, (a + b) / 2)]
    assert moving  # batch normalisation is estimated afresh
    assert json.loads((tmp_path / "mean/validation.json").read_text()) == scores
    said = run_document(tmp_path / "mean")["averaged"]
    assert said == [
        {"seed": seed, "weights_sha256": weights_sha256(run)} for seed, run in zip((1, 2), runs, strict=True)
    ]
    assert read_run(tmp_path / "mean").recipe == TINY.name


def test_an_average_keeps_the_recipe_that_its_runs_were_made_from(tmp_path, data, runs):
    """Of a file that lies no more where it lay."""
    moved = []
    for run in runs:
        copy = Path(shutil.copytree(run, tmp_path / run.name))
        (copy / "recipe.py").write_text("from builders.training import TINY as RECIPE\n")
        (copy / "run.json").write_text(json.dumps({**run_document(run), "recipe": "gone/mine.py"}))
        moved.append(copy)
    average(Average(tmp_path / "mean", tuple(moved), (Source(data),)), quiet)
    assert (tmp_path / "mean/recipe.py").read_bytes() == (moved[0] / "recipe.py").read_bytes()


def test_one_run_is_no_average(tmp_path, data, runs):
    with pytest.raises(TrainerError, match="two runs at least"):
        average(Average(tmp_path / "mean", runs[:1], (Source(data),)), quiet)


@pytest.mark.parametrize("key", ["recipe", "stages", "configuration"])
def test_runs_that_differ_in_more_than_their_seed_are_refused(tmp_path, data, runs, key):
    other = tmp_path / "other"
    other.mkdir()
    for name in ("run.json", "split.csv", "weights.npz"):
        (other / name).write_bytes((runs[1] / name).read_bytes())
    (other / "run.json").write_text(json.dumps({**run_document(runs[1]), key: "another"}))
    with pytest.raises(TrainerError, match=f"another {key}"):
        average(Average(tmp_path / "mean", (runs[0], other), (Source(data),)), quiet)
    assert not (tmp_path / "mean").exists()


def test_runs_on_other_films_are_refused(tmp_path, data, runs):
    other = tmp_path / "other"
    other.mkdir()
    for name in ("run.json", "weights.npz"):
        (other / name).write_bytes((runs[1] / name).read_bytes())
    lines = (runs[1] / "split.csv").read_text().splitlines()
    (other / "split.csv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(TrainerError, match="another split"):
        average(Average(tmp_path / "mean", (runs[0], other), (Source(data),)), quiet)
