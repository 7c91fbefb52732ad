"""Teachers: what trained networks make of the labels of a new run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders.training import TINY, film, labelled_folder, need_keras

from trainer.data.batches import load_film
from trainer.data.sources import Source, find_films
from trainer.data.splits import Shares
from trainer.errors import TrainerError
from trainer.runs import run_document, weights_sha256

need_keras()

from trainer.training.fit import fit  # noqa: E402 - needs Keras
from trainer.training.run import Run  # noqa: E402
from trainer.training.teachers import targets  # noqa: E402


def quiet(*_):
    """Nobody listens."""


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A run, and one with it as teacher."""
    folder = tmp_path_factory.mktemp("runs")
    data = labelled_folder(folder / "films", each=12)
    first = Run(folder / "first", TINY, (Source(data),), shares=Shares(0.4))
    fit(first, quiet, quiet)
    second = replace(first, folder=folder / "second", teachers=(first.folder,))
    fit(second, quiet, quiet)
    return data, first, second


def test_a_weak_label_counts_less_beside_a_teacher_than_a_strong_one(taught):
    data, first, _ = taught
    films = find_films(Source(data))[:6]
    pixels = [load_film(f) for f in films]
    weak = targets((first.folder,), [replace(f, weight=0.2) for f in films], pixels, 0.9)
    strong = targets((first.folder,), films, pixels, 0.9)
    said = [(t - 0.9 * f.label) / 0.1 for t, f in zip(strong, films, strict=True)]
    assert all(0.0 < p < 1.0 for p in said)
    np.testing.assert_allclose(weak, [0.18 * f.label + 0.82 * p for f, p in zip(films, said, strict=True)], atol=1e-6)


def test_without_a_teacher_labels_stand():
    assert targets((), [film()], [], 0.9) is None


def test_a_run_says_who_taught_it_and_goes_on_with_no_other(taught):
    _, first, second = taught
    assert run_document(second.folder)["teachers"] == [
        {"recipe": TINY.name, "seed": 1, "weights_sha256": weights_sha256(first.folder)}
    ]
    with pytest.raises(TrainerError, match="another teachers"):
        fit(replace(second, teachers=()), quiet, quiet)


def test_a_teacher_that_has_not_ended_is_refused(taught, tmp_path):
    _, first, _ = taught
    with pytest.raises(TrainerError, match="cannot read"):
        fit(replace(first, folder=tmp_path / "third", teachers=(tmp_path,)), quiet, quiet)
