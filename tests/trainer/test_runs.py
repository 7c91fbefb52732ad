"""A run folder belongs to one run and is never half written."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.population import Population
from trainer.errors import TrainerError
from trainer.runs import claim, load_arrays, read_run, save_arrays, write_text

DOCUMENT = {
    "recipe": "r",
    "seed": 1,
    "fraction": 0.15,
    "stages": [[3, 32]],
    "starting_weights": "none",
    "backend": "tensorflow",
    "keras": "3",
    "sources": [{"name": "s", "weight": 0.3, "population": "children"}],
    "hold_out": [],
}


def test_the_same_run_may_claim_its_folder_again(tmp_path):
    claim(tmp_path / "run", DOCUMENT, "split")
    claim(tmp_path / "run", {**DOCUMENT, "keras": "4"}, "split")
    record = read_run(tmp_path / "run")
    assert (record.recipe, record.seed, record.sources[0].population) == ("r", 1, Population.CHILDREN)
    assert record.sources[0].weight == 0.3


@pytest.mark.parametrize(
    "change",
    [{"recipe": "q"}, {"seed": 2}, {"fraction": 0.2}, {"stages": [[4, 32]]}, {"backend": "torch"}, {"sources": []}],
)
def test_a_folder_of_another_run_is_refused_and_left_as_it_was(tmp_path, change):
    claim(tmp_path, DOCUMENT, "split")
    before = (tmp_path / "run.json").read_text()
    with pytest.raises(TrainerError, match=f"with another {next(iter(change)).replace('_', ' ')}.*; give a new folder"):
        claim(tmp_path, {**DOCUMENT, **change}, "split")
    assert (tmp_path / "run.json").read_text() == before


def test_a_run_on_other_films_is_refused_and_its_split_left(tmp_path):
    claim(tmp_path, DOCUMENT, "split")
    with pytest.raises(TrainerError, match="on other films"):
        claim(tmp_path, DOCUMENT, "another split")
    assert (tmp_path / "split.csv").read_text() == "split"


def test_weights_of_nobody_knows_which_run_are_refused(tmp_path):
    save_arrays(tmp_path / "weights.npz", [np.zeros(1)])
    with pytest.raises(TrainerError, match=r"no run\.json"):
        claim(tmp_path, DOCUMENT, "split")


def test_a_run_of_the_first_format_without_stages_is_still_known(tmp_path):
    old = {key: value for key, value in DOCUMENT.items() if key != "stages"}
    (tmp_path / "run.json").write_text(json.dumps(old))
    claim(tmp_path, DOCUMENT, "split")
    assert read_run(tmp_path).seed == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_a_damaged_run_file_is_one_error(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(TrainerError, match=r"cannot read run .*run\.json"):
        read_run(tmp_path)


def test_arrays_come_back_in_their_order_and_type(tmp_path):
    arrays = [np.full((2, 3), i, np.float32) for i in range(12)] + [np.arange(2, dtype=np.uint32)]
    save_arrays(tmp_path / "a.npz", arrays, step=np.asarray(7))
    back, extra = load_arrays(tmp_path / "a.npz")
    assert all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(arrays, back, strict=True))
    assert int(extra["step"]) == 7


def test_a_cut_or_missing_weights_file_is_one_error(tmp_path):
    save_arrays(tmp_path / "a.npz", [np.arange(1000.0)])
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:500])
    with pytest.raises(TrainerError, match="cannot read weights"):
        load_arrays(tmp_path / "a.npz")
    with pytest.raises(TrainerError, match="no such file; let cxr-trainer fit end"):
        load_arrays(tmp_path / "b.npz")


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    write_text(tmp_path / "a", "before")
    (tmp_path / ".a.partial").mkdir()  # in the way of the temporary file
    with pytest.raises(TrainerError, match="what was saved stands"):
        write_text(tmp_path / "a", "after")
    assert (tmp_path / "a").read_text() == "before"
