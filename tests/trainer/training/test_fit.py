"""Training: a killed run goes on to the same weights, and a folder is never taken from another run."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from builders.training import TINY, labelled_folder, need_keras

from trainer.data.sources import Source
from trainer.data.splits import Shares
from trainer.errors import TrainerError
from trainer.runs import load_arrays, read_run

need_keras()

from trainer.training.fit import fit  # noqa: E402 - needs Keras
from trainer.training.run import Run  # noqa: E402


class Killed(BaseException):
    """What a kill looks like from inside."""


class Killer:
    """Ends a run after a step."""

    def __init__(self, after):
        self.after = after

    def __call__(self, step, steps, loss):
        if step == self.after:
            raise Killed


class Steps:
    """Keeps what was reported."""

    def __init__(self):
        self.seen = []

    def __call__(self, step, steps, loss):
        self.seen.append((step, steps, loss))


def quiet(text):
    """Nobody listens."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return labelled_folder(tmp_path_factory.mktemp("data") / "films", each=12)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data):
    """A run that nobody stopped."""
    run, steps = make_run(tmp_path_factory.mktemp("whole"), data), Steps()
    scores = fit(run, steps, quiet)
    return run, steps, scores


def make_run(folder, data, **changes):
    values = {"recipe": TINY, "sources": (Source(data),), "shares": Shares(0.4), "checkpoint_every": 1, **changes}
    return Run(folder / "run", **values)


def test_a_run_leaves_weights_log_split_and_figures(whole):
    run, steps, scores = whole
    assert [step for step, _, _ in steps.seen] == [1, 2, 3, 4]
    assert len((run.folder / "log.csv").read_text().splitlines()) == 1 + 4
    assert json.loads((run.folder / "validation.json").read_text()) == scores
    assert scores.keys() == {"films"}
    assert read_run(run.folder).recipe == TINY.name
    weights, _ = load_arrays(run.folder / "weights.npz")
    assert [w.shape for w in weights] == [w.shape for w in TINY.network(224).get_weights()]
    assert not list(run.folder.glob(".*"))


@pytest.mark.parametrize(("after", "every"), [(3, 2), (4, 1)])
def test_a_killed_and_resumed_run_gives_the_same_weights_to_the_bit(tmp_path, data, whole, after, every):
    run, steps = make_run(tmp_path, data, checkpoint_every=every), Steps()
    with pytest.raises(Killed):
        fit(run, Killer(after), quiet)
    fit(run, steps, quiet)
    assert steps.seen == whole[1].seen[after - after % every :]
    assert [line.split(",")[0] for line in (run.folder / "log.csv").read_text().splitlines()] == [
        "step",
        "1",
        "2",
        "3",
        "4",
    ]
    for resumed, straight in zip(*(load_arrays(r.folder / "weights.npz")[0] for r in (run, whole[0])), strict=True):
        assert np.array_equal(resumed, straight)


def test_an_ended_run_is_not_trained_again(whole):
    run, _, scores = whole
    steps = Steps()
    assert fit(run, steps, quiet) == scores
    assert steps.seen == []


@pytest.mark.parametrize("change", [{"seed": 2}, {"shares": Shares(0.3)}, {"recipe": replace(TINY, name="another")}])
def test_a_run_folder_of_another_run_is_refused(whole, change):
    with pytest.raises(TrainerError, match=r"cannot train in .* it holds a run with another"):
        fit(replace(whole[0], **change), Steps(), quiet)


def test_a_checkpoint_of_another_network_is_refused(tmp_path, data):
    run = make_run(tmp_path, data)
    with pytest.raises(Killed):
        fit(run, Killer(1), quiet)
    (run.folder / "checkpoint.npz").write_bytes(arrays_of_another_network(tmp_path))
    with pytest.raises(TrainerError, match="of another recipe"):
        fit(run, Steps(), quiet)


def arrays_of_another_network(folder):
    np.savez(folder / "other.npz", a0000=np.zeros((3, 3)), step=np.asarray(1))
    return (folder / "other.npz").read_bytes()


def test_a_split_that_leaves_one_class_is_refused_before_any_work(tmp_path, data):
    films = labelled_folder(tmp_path / "few", each=1)
    with pytest.raises(TrainerError, match=r"films of one class only|no film to train on"):
        fit(make_run(tmp_path, data, sources=(Source(films),), hold_out=(Source(films),)), Steps(), quiet)
    assert not (tmp_path / "run").exists()
